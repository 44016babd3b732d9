import { OrchestratorError } from '../../runtime/errors.ts';
import type { Index, LogEntry, Term } from '../core/types.ts';
import { unknown } from './questions.ts';

interface Waiter {
  readonly term: Term;
  readonly resolve: (result: unknown) => void;
  readonly reject: (err: Error) => void;
}

/** Those who wait for an entry of theirs to be applied, by its index. */
export class WaitingList {
  readonly #waiters = new Map<Index, Waiter[]>();

  /** Resolves with what the entry of this index and term came to; rejects where another entry took its place. */
  at(index: Index, term: Term): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const waiters = this.#waiters.get(index) ?? [];
      waiters.push({ term, resolve, reject });
      this.#waiters.set(index, waiters);
    });
  }

  applied({ index, term }: LogEntry, result: unknown): void {
    for (const waiter of this.#take(index)) {
      if (waiter.term === term) waiter.resolve(result);
      else waiter.reject(new OrchestratorError('UNAVAILABLE', 'the leader changed before it was done: ask again'));
    }
  }

  /** A snapshot took the place of all entries up to here: what became of them is not told apart. */
  skipped(to: Index): void {
    const lost = unknown('this node fell behind and cannot tell whether it was done');
    for (const index of [...this.#waiters.keys()]) if (index <= to) this.#fail(index, lost);
  }

  failAll(err: Error): void {
    for (const index of [...this.#waiters.keys()]) this.#fail(index, err);
  }

  get size(): number {
    return this.#waiters.size;
  }

  #fail(index: Index, err: Error): void {
    for (const { reject } of this.#take(index)) reject(err);
  }

  #take(index: Index): readonly Waiter[] {
    const waiters = this.#waiters.get(index) ?? [];
    this.#waiters.delete(index);
    return waiters;
  }
}
