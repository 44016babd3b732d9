// Changes that were asked for under a key: whoever asks again under the same one is told what came of the first time, and nothing is done
// twice (C-46). This is the memory of one process: a leader that follows it knows nothing of its keys.

import type { Clock } from '../runtime/clock.ts';
import { bad } from './request.ts';

const KEPT_MS = 600_000;
const MOST_KEPT = 10_000;
const KEY_FORM = /^[\x21-\x7e]{1,255}$/;

export interface Outcome {
  readonly status: number;
  readonly json: string;
}

interface Operation {
  readonly path: string;
  readonly beganMs: number;
  readonly outcome: Promise<Outcome>;
}

/** Nothing was done: to be tried again under the same key. */
const UNDONE = 503;

export class Operations {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** By caller and key, the oldest first. */
  readonly #known = new Map<string, Operation>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /**
   * @param path with its query
   * @param run never rejects
   * @throws {OrchestratorError} `BAD_REQUEST`: what is no key, or one of another request
   */
  async once(
    { key, caller, path }: { readonly key: string; readonly caller: string; readonly path: string },
    run: () => Promise<Outcome>,
  ): Promise<Outcome & { readonly repeated: boolean }> {
    if (!KEY_FORM.test(key)) throw bad('Idempotency-Key must be 1 to 255 printable characters without blanks');
    this.#forgetOld();
    const name = JSON.stringify([caller, key]);
    const known = this.#known.get(name);
    if (known !== undefined) {
      if (known.path !== path) throw bad(`Idempotency-Key ${key} was used for another request`);
      return { ...(await known.outcome), repeated: true };
    }
    const operation = { path, beganMs: this.#clock.monotonicMs(), outcome: run() };
    this.#known.set(name, operation);
    const outcome = await operation.outcome;
    if (outcome.status === UNDONE) this.#known.delete(name);
    return { ...outcome, repeated: false };
  }

  #forgetOld(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [name, { beganMs }] of this.#known) {
      if (this.#known.size < MOST_KEPT && nowMs - beganMs < KEPT_MS) return;
      this.#known.delete(name);
    }
  }
}
