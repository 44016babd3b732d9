// What the core wants stored, in its order. A disk without room keeps it waiting, and everything behind it: nothing is acknowledged
// meanwhile, nothing is forgotten, and it goes on by itself.

import type { StagedChunk, Write } from '../core/effects.ts';
import type { Index, WriteId } from '../core/types.ts';
import type { LogStore, Outcome } from './ports.ts';

type Job = { readonly kind: 'stage'; readonly chunk: StagedChunk } | { readonly kind: 'write'; readonly write: Write };

interface Stored {
  readonly outcome: Outcome;
  /** How many jobs. */
  readonly done: number;
  readonly last: WriteId | undefined;
}

export class DiskQueue {
  readonly #store: LogStore;
  readonly #retryMs: number;
  #jobs: Job[] = [];
  #fullUntilMs: number | undefined;

  /** @param retryMs pause between two attempts on a full disk */
  constructor(store: LogStore, retryMs: number) {
    this.#store = store;
    this.#retryMs = retryMs;
  }

  get outcome(): Outcome {
    return this.#fullUntilMs === undefined ? 'durable' : 'full';
  }

  add(stage: readonly StagedChunk[], write: Write | undefined): void {
    for (const chunk of stage) this.#jobs.push({ kind: 'stage', chunk });
    if (write !== undefined) this.#jobs.push({ kind: 'write', write });
  }

  /** Stores as much as there is room for, writes that follow on each other in one sync. The last write that became durable by it, if any. */
  flush(nowMs: number): WriteId | undefined {
    if (this.#fullUntilMs !== undefined && nowMs < this.#fullUntilMs) return undefined;
    let durable: WriteId | undefined;
    while (this.#jobs.length > 0) {
      const { outcome, done, last } = this.#next();
      if (outcome === 'full') {
        this.#makeRoom();
        this.#fullUntilMs = nowMs + this.#retryMs;
        return durable;
      }
      this.#jobs.splice(0, done);
      durable = last ?? durable;
    }
    this.#fullUntilMs = undefined;
    return durable;
  }

  #next(): Stored {
    const [first] = this.#jobs;
    if (first?.kind === 'stage') return { outcome: this.#store.stage(first.chunk), done: 1, last: undefined };
    return this.#write(leadingWrites(this.#jobs));
  }

  /** All of them, or as many of the first as there is room for. */
  #write(writes: readonly Write[]): Stored {
    const outcome = this.#store.write(writes);
    if (outcome === 'full' && writes.length > 1) return this.#write(writes.slice(0, Math.ceil(writes.length / 2)));
    return { outcome, done: writes.length, last: writes.at(-1)?.id };
  }

  /**
   * Entries that a snapshot covers may be waiting to go behind those for which there is no room. They go first: they are durable, so
   * that no write before them concerns them, but for one that replaces the log.
   */
  #makeRoom(): void {
    const writes = leadingWrites(this.#jobs);
    const replaced = writes.findIndex(({ install }) => install !== undefined);
    const movable = replaced < 0 ? writes : writes.slice(0, replaced);
    const compactTo = movable.reduce<Index>((most, write) => Math.max(most, write.compactTo ?? 0), 0);
    if (compactTo === 0) return;
    if (this.#store.write([onlyCompaction(compactTo)]) === 'full') return;
    this.#jobs = this.#jobs.map((job, at) =>
      job.kind === 'write' && at < movable.length ? { ...job, write: { ...job.write, compactTo: undefined } } : job,
    );
    while (this.#store.upkeep() === 'more');
  }
}

function leadingWrites(jobs: readonly Job[]): readonly Write[] {
  const writes: Write[] = [];
  for (const job of jobs) {
    if (job.kind !== 'write') break;
    writes.push(job.write);
  }
  return writes;
}

function onlyCompaction(compactTo: Index): Write {
  return {
    id: 0,
    hardState: undefined,
    install: undefined,
    truncateFrom: undefined,
    append: [],
    compactTo,
    removed: false,
  };
}
