import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { type Logger, pino } from 'pino';
import { type Level, readableLine } from '../runtime/readable-line.ts';

export interface DaemonLogOptions {
  readonly level: 'error' | 'info' | 'debug';
  /** On a terminal: the stack of each error below its line. JSON always holds it. */
  readonly stacks: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Is given each line, too, as JSON. */
  readonly copy?: (json: string) => void;
}

const STDERR = 2;

/** The root of a daemon's log, on the standard error: JSON, one object per line; on a terminal readable lines. */
export function daemonLog({ level, stacks, env, copy }: DaemonLogOptions): Logger {
  const options = { level, redact: ['password', '*.password', 'login'], timestamp: pino.stdTimeFunctions.isoTime };
  const write = isatty(STDERR) ? onTerminal(writeOut, { colours: wantsColours(env), stacks }) : writeOut;
  if (copy === undefined) return pino(options, { write });
  return pino(options, {
    write: (json) => {
      write(json);
      copy(json);
    },
  });
}

interface PinoLine {
  readonly level: number;
  readonly time: string;
  readonly msg?: string;
  readonly err?: { readonly message?: string; readonly stack?: string };
}

/** Takes what pino writes; gives readable lines. */
export function onTerminal(
  write: (text: string) => void,
  { colours, stacks }: { readonly colours: boolean; readonly stacks: boolean },
): (json: string) => void {
  return (json) => {
    const {
      level,
      time,
      msg = '',
      pid: _pid,
      hostname: _host,
      err,
      ...fields
    } = JSON.parse(json) as PinoLine & {
      readonly pid?: unknown;
      readonly hostname?: unknown;
    };
    const reason = err?.message;
    const record = { atMs: Date.parse(time), level: levelOf(level), text: msg, fields };
    write(`${readableLine(reason === undefined ? record : { ...record, reason }, colours)}\n`);
    if (stacks && err?.stack !== undefined) write(`${err.stack}\n`);
  };
}

/** https://no-color.org: any text switches colours off. */
export function wantsColours({ NO_COLOR = '', TERM }: DaemonLogOptions['env']): boolean {
  return NO_COLOR === '' && TERM !== 'dumb';
}

/** pino's numbers: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal. */
function levelOf(number: number): Level {
  if (number >= 60) return 'FATAL';
  if (number >= 50) return 'ERROR';
  if (number >= 40) return 'WARNING';
  return number >= 30 ? 'INFO' : 'DEBUG';
}

/** A line that nobody takes (a full disk, a pipe whose reader has gone) is lost: it must not end a daemon that heals. */
function writeOut(line: string): void {
  try {
    for (let rest = Buffer.from(line); rest.length > 0; ) rest = rest.subarray(writeSync(STDERR, rest));
  } catch {
    // nowhere to tell of it
  }
}
