// Writes the tables of docs/command-line.md from the command table: node dist/scripts/command-docs.js, in the project's root.
// Leaves everything above their heading as it is.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SECTIONS } from '../internal/cli/command.ts';
import { COMMANDS } from '../internal/cli/table.ts';

export const COMMAND_DOCS = 'docs/command-line.md';
const HEADING = '## Commands\n\n';

/** The document with its tables as the command table has them now. */
export function withCommandTables(document: string): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const sections = SECTIONS.map((section) => {
    const rows = COMMANDS.filter((command) => command.section === section).map(
      ({ name, synonyms = [], options, summary, notes }) => {
        const names = [name, ...synonyms].map((one) => `\`${one}\``).join(', ');
        const usage = options === '' ? '' : `\`${cell(options)}\``;
        return `| ${names} | ${usage} | ${cell([`${summary}.`, ...(notes === undefined ? [] : [notes])].join(' '))} |\n`;
      },
    );
    return `### ${section}\n\n| Command | Options | |\n|---|---|---|\n${rows.join('')}`;
  });
  return document.slice(0, document.indexOf(HEADING) + HEADING.length) + sections.join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(COMMAND_DOCS, withCommandTables(readFileSync(COMMAND_DOCS, 'utf8')));
