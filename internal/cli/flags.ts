// The flags of the command line: a table. One dash or two, the value after a blank or after `=`.

export type FlagKind = 'text' | 'switch';

interface FlagRow<K extends FlagKind = FlagKind> {
  readonly kind: K;
  readonly default: K extends 'text' ? string : boolean;
  readonly summary: string;
}

const text = (summary: string, value = '') => ({ kind: 'text', default: value, summary }) as const;
const flag = (summary: string, value = false) => ({ kind: 'switch', default: value, summary }) as const;

export const FLAGS = {
  config: text('configuration file; default: /etc, conf/ and . are searched for orchestrator.conf.json'),
  c: text('command to run; see: orchestrator help'),
  i: text('instance, host[:port]; several separated by commas or blanks: the command runs for each, in order'),
  s: text('destination instance; the same as -d'),
  d: text('destination instance, host[:port]'),
  owner: text('who does this; default: the user of the operating system'),
  reason: text('why; a comment kept with what is done'),
  duration: text('how long: digits and one of s m h d w'),
  pattern: text('regular expression or text, as the command says'),
  alias: text('cluster, by its alias or its exact name'),
  pool: text('pool name'),
  hostname: text('host name, for the commands about host names'),
  tag: text('tag expression'),
  binlog: text('binary log: file, or file:position'),
  statement: text('statement for restart-replica-statements'),
  'promotion-rule': text('prefer, neutral, prefer_not or must_not', 'prefer'),
  discovery: flag('http: run discovery, detection and recovery', true),
  quiet: flag('log errors only, whatever else is said'),
  verbose: flag('log what is done'),
  debug: flag('log everything'),
  stack: flag('a stack trace with each error'),
  strict: flag('exhaustive search in last-pseudo-gtid and find-binlog-entry'),
  noop: flag('change no server and run no hook: what would do so is refused'),
  'skip-binlog-search': flag('Pseudo-GTID: look in relay logs only'),
  'skip-unresolve': flag('tell replicas no registered virtual name in place of a host'),
  'skip-unresolve-check': flag('tell replicas virtual names unseen, whoever answers behind them'),
  'grab-election': flag('http: take the lead at start although another process seems to have it'),
  'adopt-backend': flag('http: the backend was copied from another node of a group, and is to be that of this one'),
  'skip-continuous-registration': flag('accepted, without effect: a command registers nowhere'),
  'enable-database-update': flag(
    'create or upgrade the backend tables although SkipOrchestratorDatabaseUpdate says no',
  ),
  'ignore-raft-setup': flag('work on this backend although RaftEnabled is set, or although a daemon runs on it'),
  json: flag('raft-inspect, raft-recover: one JSON object in place of text'),
  'dry-run': flag('raft-recover, raft-import: change nothing, tell what would be done'),
  'from-backend': text(
    'raft-import: SQLite file, mysql://user:password@host:port/schema or user:password@tcp(host:port)/schema',
  ),
  to: text('raft-scale-down: how many members are to be left'),
  file: text('file, for the raft commands that read or write one'),
  version: flag('print version and commit'),
  help: flag('print this'),
} as const satisfies Readonly<Record<string, FlagRow>>;

export type FlagName = keyof typeof FLAGS;
export type TextFlag = { [K in FlagName]: (typeof FLAGS)[K]['kind'] extends 'text' ? K : never }[FlagName];
export type SwitchFlag = Exclude<FlagName, TextFlag>;

/** Other spellings: those of the shell client, and the shortest. */
export const FLAG_SYNONYMS: ReadonlyMap<string, FlagName> = new Map([
  ['h', 'help'],
  ['a', 'alias'],
  ['cluster', 'alias'],
]);

export const USAGE = 'Usage: orchestrator [flags] http | -c COMMAND | help [COMMAND]\n';

export function flagList(): string {
  const lines = Object.entries(FLAGS).map(([name, { kind, default: value, summary }]) => {
    const shown = value === '' || value === false ? '' : ` (default ${value})`;
    return `  -${kind === 'text' ? `${name} TEXT` : name}`.padEnd(34) + summary + shown;
  });
  return `${USAGE}
Flags, with one dash or two; switches are turned off by =false:
${lines.join('\n')}

Commands: orchestrator help
`;
}
