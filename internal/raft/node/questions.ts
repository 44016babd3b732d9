import type { Clock } from '../../runtime/clock.ts';
import { errorText, OrchestratorError } from '../../runtime/errors.ts';

/**
 * What is known of something that was asked for when no answer comes. `UNAVAILABLE`: nothing was done. `OUTCOME_UNKNOWN`: whoever was asked may
 * do it yet, also where no word of it was ever heard.
 */
export type Silence = 'UNAVAILABLE' | 'OUTCOME_UNKNOWN';

interface Question<A> {
  readonly silence: Silence;
  readonly resolve: (answer: A) => void;
  readonly reject: (err: Error) => void;
}

/** Questions on their way, each under a number of its own, until they are answered or have taken too long. */
export class Questions<A> {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #limitMs: number;
  readonly #open = new Map<number, Question<A>>();
  #nextId = 1;

  /** @param limitMs how long each may take */
  constructor(clock: Pick<Clock, 'after'>, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  /** @throws {OrchestratorError} `silence` where no answer comes */
  ask(silence: Silence, ask: (id: number) => void): Promise<A> {
    const id = this.#nextId;
    this.#nextId += 1;
    const answer = new Promise<A>((resolve, reject) => this.#open.set(id, { silence, resolve, reject }));
    ask(id);
    return this.within(silence, answer).finally(() => this.#open.delete(id));
  }

  /** @param answer not made where it took too long */
  answered(id: number, answer: () => A): void {
    this.#open.get(id)?.resolve(answer());
  }

  /** No answer comes any more. */
  failAll(err: Error): void {
    for (const { silence, reject } of this.#open.values()) reject(silence === 'OUTCOME_UNKNOWN' ? unknown(err) : err);
    this.#open.clear();
  }

  /** @throws {OrchestratorError} `silence` when the work takes longer than a question may */
  within<T>(silence: Silence, work: Promise<T>): Promise<T> {
    const late = `no majority agreed within ${this.#limitMs} ms`;
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(this.#limitMs, () =>
        reject(silence === 'UNAVAILABLE' ? new OrchestratorError(silence, late) : unknown(late)),
      );
      work.then(resolve, reject).finally(cancel);
    });
  }
}

/** Whoever asked must not take it for undone. */
export function unknown(cause: Error | string): OrchestratorError {
  const why = typeof cause === 'string' ? cause : errorText(cause);
  const details = typeof cause === 'string' ? {} : { cause };
  return new OrchestratorError('OUTCOME_UNKNOWN', `outcome unknown: ${why}; look before you ask again`, details);
}
