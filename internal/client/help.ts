import { type Command, SECTIONS } from './command.ts';
import { usageOf } from './given.ts';
import { OPTION_NAMES, OPTIONS, optionUsage } from './options.ts';
import { COMMANDS } from './table.ts';

const NAME_WIDTH = 41;
const OPTION_WIDTH = 36;

/** How the client is called, its options, and every command with a line about it. */
export function usage(): string {
  const options = OPTION_NAMES.map((name) => {
    const { letters, value, summary } = OPTIONS[name];
    const typed = [...[...letters].map((letter) => `-${letter}`), `--${name}`].join(', ');
    return `  ${`${typed}${value === undefined ? '' : ` ${value}`}`.padEnd(OPTION_WIDTH)} ${summary}\n`;
  });
  const sections = SECTIONS.map((section) => {
    const rows = COMMANDS.filter((command) => command.section === section);
    return `\n${section}:\n${rows.map(({ name, summary }) => `${name.padEnd(NAME_WIDTH)}${summary}\n`).join('')}`;
  });
  return `Usage: orchestrator-client -c <command> [options]
       orchestrator client <command> [options]
Example: orchestrator-client -c which-master -i some.replica
Environment: ORCHESTRATOR_API (one address or several, separated by blanks: the leader is found), ORCHESTRATOR_INSTANCE,
  ORCHESTRATOR_AUTH_USER, ORCHESTRATOR_AUTH_PASSWORD, ORCHESTRATOR_AUTH_USER_HEADER
Options:
${options.join('')}${sections.join('')}`;
}

/** What a command does, and the options that it reads. */
export function commandUsage(command: Command): string {
  const { name, summary, notes, needs, takes = [], synonyms = [] } = command;
  const typed = [...needs.map(usageOf), ...takes.map((option) => `[${optionUsage(option)}]`)];
  const options = [...needs.flatMap((need) => (need in OPTIONS ? [need as keyof typeof OPTIONS] : [])), ...takes];
  return [
    `${summary}.`,
    ...(notes === undefined ? [] : [notes]),
    '',
    `Usage: orchestrator-client -c ${[name, ...typed].join(' ')}`,
    ...(synonyms.length === 0 ? [] : [`Also: ${synonyms.join(', ')}`]),
    ...options.map((option) => `  ${optionUsage(option).padEnd(OPTION_WIDTH)} ${OPTIONS[option].summary}`),
    '',
  ].join('\n');
}
