import { type Command, SECTIONS } from './command.ts';
import { COMMANDS, lookUp } from './table.ts';

export const CHEAT_SHEET = `orchestrator: high availability for MySQL and MariaDB replication

  orchestrator [flags] http              run the daemon: discovery, recovery, HTTP API
  orchestrator [flags] -c COMMAND        run one command on the backend, then end
  orchestrator client COMMAND            ask a running daemon over its API; see: orchestrator client help
  orchestrator help                      list the commands
  orchestrator help COMMAND              explain one
  orchestrator -help                     list the flags

  orchestrator -c clusters
  orchestrator -c topology -i db1.example.com:3306
  orchestrator -c discover -i db1.example.com:3306
  orchestrator -c graceful-master-takeover-auto -alias main -d db2.example.com
`;

/** Every command, by section. */
export function commandList(): string {
  const sections = SECTIONS.map((section) => {
    const rows = COMMANDS.filter((command) => command.section === section);
    return `${section}:\n${rows.map(({ name, summary }) => `\t${name.padEnd(40)}${summary}\n`).join('')}`;
  });
  return sections.join('');
}

/** The name and a colon, then what there is to say; nothing of an unknown command. */
export function commandHelp(name: string): string {
  const found = lookUp(name);
  switch (found.kind) {
    case 'command':
      return `${name}:\n${explain(found.command, name)}\n`;
    case 'unknown':
      return `${name}:\n\n`;
  }
}

function explain(command: Command, calledBy: string): string {
  const lines = [
    `${command.summary}.`,
    ...(command.notes === undefined ? [] : [command.notes]),
    `Usage: orchestrator -c ${command.name}${command.options === '' ? '' : ` ${command.options}`}`,
    ...(command.options.includes('!') ? ['A ! marks what must be given.'] : []),
    ...(command.name === calledBy ? [] : [`${calledBy} is an older name of ${command.name}.`]),
    ...(command.synonyms === undefined ? [] : [`Older names: ${command.synonyms.join(', ')}`]),
  ];
  return lines.map((line) => `  ${line}`).join('\n');
}
