// Writes the tables of docs/configuration.md from the table of keys: node dist/scripts/config-docs.js, in the project's root.
// Leaves everything above their heading as it is.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AREAS, type ConfigKey } from '../internal/config/keys.ts';
import { REMOVED } from '../internal/config/removed.ts';

export const CONFIG_DOCS = 'docs/configuration.md';
const HEADING = '## Keys\n\n';

/** The document with its tables as the table of keys has them now. */
export function withKeyTables(document: string): string {
  const areas = Object.entries(AREAS).map(([title, keys]) => {
    const rows = Object.entries(keys).map(([name, key]) => rowOf(name, key));
    return `### ${title}\n\n| Key | Type | Default | |\n|---|---|---|---|\n${rows.join('')}`;
  });
  const removed = Object.entries(REMOVED).map(([name, now]) => `| \`${name}\` | ${now} |\n`);
  const gone = `### Keys of older releases\n\nAccepted, with a warning.\n\n| Key | Now |\n|---|---|\n${removed.join('')}`;
  const head = document.slice(0, document.indexOf(HEADING) + HEADING.length);
  return head + [...areas, gone].join('\n');
}

function rowOf(name: string, key: ConfigKey): string {
  const type = key.unit === undefined ? key.type : `${key.type}, ${key.unit}`;
  const cells = [`\`${name}\``, type, `\`${JSON.stringify(key.default)}\``, [key.doc, ...traitsOf(key)].join(' ')];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
}

function traitsOf({ choices, pattern, min, max, restart, unbuilt, mark }: ConfigKey): readonly string[] {
  const given = (condition: boolean, text: string) => (condition ? [text] : []);
  return [
    ...given(choices !== undefined, `One of ${choices?.map((choice) => `\`${choice || '""'}\``).join(', ')}.`),
    ...given(pattern === 'regexp', 'Regular expression.'),
    ...given(min !== undefined, `At least ${min}.`),
    ...given(max !== undefined, `At most ${max}.`),
    ...given(restart === true, 'Needs a restart.'),
    ...given(unbuilt !== undefined, `**Not built yet**${typeof unbuilt === 'string' ? `: ${unbuilt}` : ''}.`),
    ...given(mark === 'retired', 'No effect.'),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(CONFIG_DOCS, withKeyTables(readFileSync(CONFIG_DOCS, 'utf8')));
