import { OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';

/** Keeps back the first thing that the store could not do, in place of a line in the log. */
export class BackendFailures implements Log {
  readonly #log: Log;
  #first: unknown;

  constructor(log: Log) {
    this.#log = log;
  }

  /** @throws {OrchestratorError} `BACKEND_FAILED`, once for each failure that nobody was told of */
  check(): void {
    if (this.#first === undefined) return;
    const cause = this.#first;
    this.#first = undefined; // told once
    throw new OrchestratorError('BACKEND_FAILED', 'the backend failed', { cause });
  }

  error(fields: object, text: string): void {
    if (this.#first === undefined) this.#first = (fields as { err?: unknown }).err ?? new Error(text);
    else this.#log.debug(fields, text);
  }

  warn(fields: object, text: string): void {
    this.#log.warn(fields, text);
  }

  info(fields: object, text: string): void {
    this.#log.info(fields, text);
  }

  debug(fields: object, text: string): void {
    this.#log.debug(fields, text);
  }
}
