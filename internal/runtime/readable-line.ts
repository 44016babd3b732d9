// A log record as one line for people: on the command line, and of a daemon that runs on a terminal.

export const LEVELS = ['FATAL', 'ERROR', 'WARNING', 'INFO', 'DEBUG'] as const;
export type Level = (typeof LEVELS)[number];

export interface LogRecord {
  /** Wall clock, milliseconds. */
  readonly atMs: number;
  readonly level: Level;
  readonly text: string;
  /** Why, where something failed: the messages of the error and of its causes. */
  readonly reason?: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Escape sequences of terminals. */
const COLOURS: Readonly<Record<Level, string>> = {
  FATAL: '\x1b[1;31m',
  ERROR: '\x1b[31m',
  WARNING: '\x1b[33m',
  INFO: '\x1b[32m',
  DEBUG: '\x1b[2m',
};
const DIM = '\x1b[2m';
const PLAIN = '\x1b[0m';

/**
 * `YYYY-MM-DD HH:MM:SS LEVEL text: reason name=value ...` in local time, without a line end. Always exactly one line, whatever a
 * server or a file put into its message; nothing of it can steer a terminal.
 */
export function readableLine({ atMs, level, text, reason, fields = {} }: LogRecord, colours = false): string {
  const painted = (colour: string, words: string) => (colours && words !== '' ? `${colour}${words}${PLAIN}` : words);
  const message = oneLine(reason === undefined ? text : `${text}: ${reason}`);
  const details = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [` ${oneLine(name)}=${shown(value)}`],
  );
  return `${painted(DIM, localTime(atMs))} ${painted(COLOURS[level], level)} ${message}${painted(DIM, details.join(''))}`;
}

/** Words without blanks stand as they are; everything else as JSON. */
function shown(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return oneLine(value);
  return oneLine(JSON.stringify(value) ?? String(value));
}

function oneLine(text: string): string {
  return text
    .replaceAll(/\s*[\r\n]\s*/g, ' ')
    .replaceAll(/\p{Cc}/gu, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** `YYYY-MM-DD HH:MM:SS`, in the time zone of this process. */
export function localTime(atMs: number): string {
  const at = new Date(atMs);
  const two = (value: number) => String(value).padStart(2, '0');
  const date = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
