import type { Clock } from '../runtime/clock.ts';
import { errorText } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { LEVELS, type Level, readableLine } from '../runtime/readable-line.ts';

/** Readable lines of one command. What is less urgent than `threshold` is left out. */
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
    this.#line('FATAL', message, {}, err);
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
    this.#line(level, err === undefined ? text : `${text}: ${errorText(err)}`, rest, err);
  }

  #line(level: Level, text: string, fields: object, err: unknown): void {
    this.#write(`${readableLine({ atMs: this.#clock.nowMs(), level, text, fields: { ...fields } })}\n`);
    if (this.#stacks && err instanceof Error) this.#write(`${stackOf(err)}\n`);
  }
}

function stackOf(err: Error): string {
  const own = err.stack ?? err.message;
  return err.cause instanceof Error ? `${own}\nCaused by: ${stackOf(err.cause)}` : own;
}
