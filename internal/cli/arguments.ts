import { OrchestratorError } from '../runtime/errors.ts';

/** Flags of the contract: one dash or two, value after a blank or `=`. */
const FLAGS = {
  config: 'text',
  noop: 'switch',
  debug: 'switch',
  verbose: 'switch',
  quiet: 'switch',
  stack: 'switch',
  version: 'switch',
  help: 'switch',
  h: 'switch',
} as const;
type Flag = keyof typeof FLAGS;

export interface Arguments {
  readonly texts: ReadonlyMap<Flag, string>;
  readonly switches: ReadonlySet<Flag>;
  readonly words: readonly string[];
}

/** @throws {OrchestratorError} `BAD_REQUEST` for an unknown flag or a missing value. */
export function parseArguments(argv: readonly string[]): Arguments {
  const texts = new Map<Flag, string>();
  const switches = new Set<Flag>();
  const words: string[] = [];
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    const match = /^--?([A-Za-z][A-Za-z-]*)(?:=(.*))?$/.exec(word);
    if (match === null) {
      words.push(word);
      continue;
    }
    const name = match[1] ?? '';
    if (!(name in FLAGS)) throw new OrchestratorError('BAD_REQUEST', `unknown flag ${word}; see --help`);
    const flag = name as Flag;
    if (FLAGS[flag] === 'switch') {
      if (match[2] !== 'false') switches.add(flag);
      continue;
    }
    const value = match[2] ?? argv[at + 1];
    if (value === undefined) throw new OrchestratorError('BAD_REQUEST', `flag ${word} needs a value`);
    if (match[2] === undefined) at += 1;
    texts.set(flag, value);
  }
  return { texts, switches, words };
}
