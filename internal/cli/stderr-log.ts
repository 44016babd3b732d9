import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';

const LEVELS = ['FATAL', 'ERROR', 'WARNING', 'INFO', 'DEBUG'] as const;
export type Level = (typeof LEVELS)[number];

/**
 * Lines `YYYY-MM-DD HH:MM:SS LEVEL message` in local time, each exactly one line. What is less urgent than `threshold` is
 * left out.
 */
export class StderrLog implements Log {
  readonly #write: (text: string) => void;
  readonly #threshold: Level;
  readonly #stacks: boolean;
  readonly #clock: Pick<Clock, 'nowMs'>;

  constructor(options: {
    readonly write: (text: string) => void;
    readonly threshold: Level;
    readonly stacks: boolean;
    readonly clock: Pick<Clock, 'nowMs'>;
  }) {
    this.#write = options.write;
    this.#threshold = options.threshold;
    this.#stacks = options.stacks;
    this.#clock = options.clock;
  }

  /** Always printed: why the command ends with a status other than 0. */
  fatal(message: string, err?: unknown): void {
    this.#line('FATAL', message);
    if (this.#stacks && err instanceof Error) this.#write(`${stackOf(err)}\n`);
  }

  error(fields: object, text: string): void {
    this.#log('ERROR', fields, text);
  }

  warn(fields: object, text: string): void {
    this.#log('WARNING', fields, text);
  }

  info(fields: object, text: string): void {
    this.#log('INFO', fields, text);
  }

  debug(fields: object, text: string): void {
    this.#log('DEBUG', fields, text);
  }

  #log(level: Level, fields: object, text: string): void {
    if (LEVELS.indexOf(level) > LEVELS.indexOf(this.#threshold)) return;
    const { err, ...rest } = fields as { err?: unknown };
    const reason = err === undefined ? '' : `: ${err instanceof Error ? err.message : String(err)}`;
    const details = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`;
    this.#line(level, `${text}${reason}${details}`);
    if (this.#stacks && err instanceof Error) this.#write(`${stackOf(err)}\n`);
  }

  #line(level: Level, message: string): void {
    this.#write(`${localTime(new Date(this.#clock.nowMs()))} ${level} ${message.replaceAll(/\s*\n\s*/g, ' ')}\n`);
  }
}

function stackOf(err: Error): string {
  const own = err.stack ?? err.message;
  return err.cause instanceof Error ? `${own}\nCaused by: ${stackOf(err.cause)}` : own;
}

function localTime(at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const date = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
