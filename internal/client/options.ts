// The options of the client: a table, and how a command line is read by it. Letters and long names are those of the established shell client.

import { ClientError } from './errors.ts';

interface OptionRow {
  readonly letters: string;
  /** What stands in for its value in a usage line; undefined: it has none. */
  readonly value: string | undefined;
  readonly summary: string;
}

const option = (letters: string, value: string | undefined, summary: string): OptionRow => ({
  letters,
  value,
  summary,
});

export const OPTIONS = {
  command: option('c', 'COMMAND', 'what to do; may also be the first word'),
  instance: option('i', 'HOST[:PORT]', 'instance; default: ORCHESTRATOR_INSTANCE'),
  destination: option('ds', 'HOST[:PORT]', 'destination instance'),
  'default-port': option('D', 'PORT', 'port of instances that are given without one; default: 3306'),
  alias: option('a', 'CLUSTER', 'cluster, by its alias or its name'),
  owner: option('o', 'NAME', 'who asks; default: the user of the operating system'),
  reason: option('r', 'TEXT', 'why; a comment kept with what is done'),
  duration: option('u', 'DURATION', 'how long: digits and one of s m h d w; default: 10m'),
  'promotion-rule': option('R', 'RULE', 'prefer, neutral, prefer_not or must_not'),
  tag: option('t', 'TAG', 'tag, as name or name=value'),
  pool: option('l', 'POOL', 'pool name'),
  hostname: option('H', 'NAME', 'host name, or a part of one for raft-elect-leader'),
  query: option('q', 'SQL', 'statement for restart-replica-statements'),
  binlog: option('n', 'FILE', 'binary log file'),
  seconds: option('S', 'SECONDS', 'delay of delay-replication'),
  path: option('P', 'PATH', 'path below /api/ for the command api'),
  api: option('U', 'URL', 'where the API is, one address or several in quotes; default: ORCHESTRATOR_API'),
  auth: option('b', 'USER:PASSWORD', 'login; better in ORCHESTRATOR_AUTH_USER and ORCHESTRATOR_AUTH_PASSWORD'),
  'headers-auth': option(
    'e',
    'NAME:VALUE',
    'header that names the user to a proxy; default: ORCHESTRATOR_AUTH_USER_HEADER',
  ),
  cacert: option('', 'FILE', 'authorities to trust besides those of the system; default: CURL_CA_BUNDLE'),
  cert: option('', 'FILE', 'certificate to show, for an API with mutual TLS; default: ORCHESTRATOR_API_CERT'),
  key: option('', 'FILE', 'its private key; default: ORCHESTRATOR_API_KEY'),
  json: option('', undefined, 'print the answer of the API as it came'),
  help: option('h', undefined, 'explain the command, or list all of them'),
} as const satisfies Readonly<Record<string, OptionRow>>;

export type OptionName = keyof typeof OPTIONS;
export const OPTION_NAMES = Object.keys(OPTIONS) as readonly OptionName[];

const BY_LETTER: ReadonlyMap<string, OptionName> = new Map(
  OPTION_NAMES.flatMap((name) => [...OPTIONS[name].letters].map((letter) => [letter, name] as const)),
);

export interface CommandLine {
  readonly values: ReadonlyMap<OptionName, string>;
  /** Behind the command, from the first word that is no option. */
  readonly words: readonly string[];
  /** Not understood, in the order given. */
  readonly unknown: readonly string[];
}

/**
 * Long names take one dash or two, values stand apart or behind `=`. The first word that is no option is the command where none was
 * given yet; the next one ends the options.
 *
 * @throws {ClientError} an option that needs a value has none
 */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const values = new Map<OptionName, string>();
  const unknown: string[] = [];
  let at = 0;
  while (at < argv.length) {
    const word = argv[at] ?? '';
    if (word === '--') {
      at += 1;
      break;
    }
    at += 1;
    if (word === '-' || !word.startsWith('-')) {
      if (values.has('command')) {
        at -= 1;
        break;
      }
      values.set('command', word);
      continue;
    }
    const found = meant(word);
    if (found === undefined) unknown.push(word);
    else if (OPTIONS[found.name].value === undefined) values.set(found.name, 'true');
    else if (found.value !== undefined) values.set(found.name, found.value);
    else {
      const value = argv[at];
      if (value === undefined) throw new ClientError(`${word} needs a value: ${word} ${OPTIONS[found.name].value}`);
      values.set(found.name, value);
      at += 1;
    }
  }
  return { values, words: argv.slice(at), unknown };
}

/** Undefined: the word is none. */
export function optionOf(word: string): OptionName | undefined {
  return word.startsWith('-') ? meant(word)?.name : undefined;
}

/** The option of a word, with what is attached to it: `-x`, `-xVALUE`, `--name`, `--name=VALUE`. */
function meant(word: string): { readonly name: OptionName; readonly value: string | undefined } | undefined {
  const [, dashes = '', given = '', attached] = /^(--?)([^=]*)(?:=([\s\S]*))?$/.exec(word) ?? [];
  if (Object.hasOwn(OPTIONS, given)) return { name: given as OptionName, value: attached };
  const name = dashes === '-' ? BY_LETTER.get(given.slice(0, 1)) : undefined;
  if (name === undefined) return undefined;
  if (given.length === 1) return { name, value: attached };
  return OPTIONS[name].value === undefined ? undefined : { name, value: word.slice(2) };
}

/** As it is typed: `-i HOST[:PORT]`, `--json`. */
export function optionUsage(name: OptionName): string {
  const { letters, value } = OPTIONS[name];
  const typed = letters === '' ? `--${name}` : `-${letters[0]}`;
  return value === undefined ? typed : `${typed} ${value}`;
}
