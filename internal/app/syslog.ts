// The local syslog, through the program `logger` (util-linux): Node itself cannot write to its socket.

import { type ChildProcessWithoutNullStreams, type SpawnOptionsWithoutStdio, spawn } from 'node:child_process';
import type { Config } from '../config/keys.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { errorText } from '../runtime/errors.ts';
import { withoutPassPhrase } from '../runtime/pass-phrase.ts';

/** Numbers of syslog (RFC 5424, 6.2.1). */
const SEVERITIES = { critical: 2, error: 3, warning: 4, info: 6 } as const;
export type Severity = keyof typeof SEVERITIES;

const DAEMON = 3; // facility
const LONGEST_BYTES = 8_192;
/** What `logger` has not taken yet: more is lost, in place of filling the memory. */
const MOST_WAITING_BYTES = 1 << 20;
const CLOSE_LIMIT_MS = 1_000;
const ERROR_LIMIT = 500;

type Spawn = (
  program: string,
  flags: readonly string[],
  options: SpawnOptionsWithoutStdio,
) => ChildProcessWithoutNullStreams;

export interface SyslogDeps {
  readonly program: string;
  readonly clock: Pick<Clock, 'after'>;
  /** Called once: from then on lines go nowhere. */
  readonly onBroken: (reason: string) => void;
  readonly spawn?: Spawn;
}

/** Never fails, and nobody waits for it: a log must not hold up a recovery. */
export class Syslog {
  /** Undefined: it did not start. */
  #child: ChildProcessWithoutNullStreams | undefined;
  readonly #clock: SyslogDeps['clock'];
  readonly #ended: Promise<void>;
  #broken = false;
  #closing = false;

  constructor({ program, clock, onBroken, spawn: start = spawn }: SyslogDeps) {
    this.#clock = clock;
    this.#ended = new Promise((resolve) => {
      const over = (reason: string) => {
        if (!this.#broken && !this.#closing) onBroken(reason);
        this.#broken = true;
        resolve();
      };
      this.#child = launched(start, program, over);
      let said = '';
      this.#child?.stderr.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(0, ERROR_LIMIT);
      });
      this.#child?.stdin.on('error', () => undefined); // its end tells why
      this.#child?.once('close', (code, signal) => over(said.trim() || `it ended with ${signal ?? code}`));
    });
  }

  /** One line; line ends in it become blanks. */
  write(severity: Severity, text: string): void {
    const stdin = this.#child?.stdin;
    if (stdin === undefined || this.#broken || this.#closing || stdin.writableLength > MOST_WAITING_BYTES) return;
    stdin.write(`<${DAEMON * 8 + SEVERITIES[severity]}>${text.replaceAll(/[\r\n]+/g, ' ').trim()}\n`);
  }

  /** A line of pino, whose first field is its level. */
  copy(json: string): void {
    const level = Number(/^\{"level":(\d+)/.exec(json)?.[1]);
    if (level >= 30)
      this.write(level >= 60 ? 'critical' : level >= 50 ? 'error' : level >= 40 ? 'warning' : 'info', json);
  }

  /** Resolves when everything was handed over, or after a second. */
  async close(): Promise<void> {
    this.#closing = true;
    const child = this.#child;
    child?.stdin.end();
    const cancel = this.#clock.after(CLOSE_LIMIT_MS, () => {
      child?.kill('SIGKILL');
      for (const stream of [child?.stdout, child?.stderr]) stream?.destroy(); // whoever it started may hold them
    });
    await this.#ended;
    cancel();
  }
}

/** Undefined: it did not start; `onFailure` hears why, once its caller is done. */
function launched(start: Spawn, program: string, onFailure: (reason: string) => void) {
  const flags = ['--tag', 'orchestrator', '--prio-prefix', '--size', String(LONGEST_BYTES)];
  try {
    const child = start(program, flags, { env: withoutPassPhrase(process.env), detached: true }); // Ctrl-C is not for it
    child.once('error', (err) => onFailure(errorText(err)));
    return child.pid === undefined ? undefined : child; // it has not even streams where this process may open no more files
  } catch (err) {
    setImmediate(() => onFailure(errorText(err))); // no memory, for one
    return undefined;
  }
}

/** Undefined: the configuration wants none. */
export function syslogFor(config: Config, onBroken: SyslogDeps['onBroken']): Syslog | undefined {
  if (!config.EnableSyslog && !config.AuditToSyslog) return undefined;
  return new Syslog({ program: 'logger', clock: systemClock, onBroken });
}
