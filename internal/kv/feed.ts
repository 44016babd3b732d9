// One store and what it is to hold. Whoever publishes never waits: the newest wish for each cluster stands in memory until the store
// has it, however long that takes, and is told of when it changes for the better or the worse.

import type { Clock } from '../runtime/clock.ts';
import { withDeadline } from '../runtime/deadline.ts';
import { errorText } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { TaskGroup } from '../runtime/task-group.ts';
import type { KeyValueStore, PairGroup } from './store.ts';

export interface FeedDeps {
  readonly store: KeyValueStore;
  /** Whether this node may write now. */
  readonly mayWrite: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** What became of attempts. */
export interface Tally {
  readonly written: number;
  readonly failed: number;
  /** Undefined: none was good yet. */
  readonly sinceMs: number | undefined;
}

/** For one attempt. */
const ATTEMPT_MS = 12_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

export class Feed {
  readonly #deps: FeedDeps;
  readonly #tasks: TaskGroup;
  /** By cluster. */
  readonly #wanted = new Map<string, PairGroup>();
  /** Of the attempt, or the pause, that is under way. */
  #under: AbortController | undefined;
  #running = false;
  /** Something urgent came since the last attempt was begun. */
  #hurry = false;
  #failure: string | undefined;
  #written = 0;
  #failed = 0;
  /** On the monotonic clock. */
  #lastMs: number | undefined;

  constructor(deps: FeedDeps) {
    this.#deps = deps;
    this.#tasks = new TaskGroup(deps.log);
  }

  get name(): string {
    return this.#deps.store.name;
  }

  /** Why the store does not take what it is given; undefined: it does, or was not asked yet. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Clusters of which the newest pairs are not known to be in the store. */
  get waiting(): number {
    return this.#wanted.size;
  }

  /** Attempts since the start, and how long ago the last good one ended, ms. */
  get tally(): Tally {
    const sinceMs = this.#lastMs === undefined ? undefined : this.#deps.clock.monotonicMs() - this.#lastMs;
    return { written: this.#written, failed: this.#failed, sinceMs };
  }

  /** @param urgent what is under way gives way to it */
  publish(groups: readonly PairGroup[], urgent: boolean): void {
    for (const group of groups) this.#wanted.set(group.name, group);
    if (urgent) {
      this.#hurry = true;
      this.#under?.abort(new Error('there is something newer'));
    }
    if (this.#running || this.#wanted.size === 0) return;
    this.#running = true;
    this.#tasks.run(`publishing in ${this.name}`, (signal) => this.#deliver(signal));
  }

  /** Whatever is not in the store yet is not this node's to write any more. */
  drop(): void {
    this.#wanted.clear();
    this.#under?.abort(new Error('another node leads'));
  }

  async stop(): Promise<void> {
    this.#wanted.clear();
    await this.#tasks.stop();
    await this.#deps.store.close();
  }

  async #deliver(signal: AbortSignal): Promise<void> {
    const { mayWrite } = this.#deps;
    let pauseMs = FIRST_PAUSE_MS;
    while (this.#wanted.size > 0 && !signal.aborted && mayWrite()) {
      const outcome = await this.#attempt(signal);
      if (outcome === 'failed' && !this.#hurry) await this.#pause(pauseMs, signal);
      pauseMs = outcome === 'failed' ? Math.min(2 * pauseMs, LONGEST_PAUSE_MS) : FIRST_PAUSE_MS;
    }
    this.#wanted.clear(); // none, or not ours to write any more
    this.#running = false; // in one go with the look at what is wanted
  }

  async #attempt(signal: AbortSignal): Promise<'written' | 'failed' | 'overtaken'> {
    const { store, mayWrite, clock } = this.#deps;
    const groups = [...this.#wanted.values()];
    this.#hurry = false;
    const confirm = () => {
      if (!mayWrite()) throw new Error('another node leads');
    };
    return this.#interruptible(signal, async (interrupted) => {
      try {
        await withDeadline(clock, ATTEMPT_MS, interrupted, (within) => store.write(groups, confirm, within));
        for (const group of groups) if (this.#isNewest(group)) this.#wanted.delete(group.name);
        this.#written += 1;
        this.#lastMs = clock.monotonicMs();
        this.#tell(undefined);
        return 'written';
      } catch (err) {
        if (interrupted.aborted) return 'overtaken';
        this.#failed += 1;
        this.#tell(errorText(err));
        return 'failed';
      }
    });
  }

  #isNewest(group: PairGroup): boolean {
    return this.#wanted.get(group.name) === group;
  }

  /** Cut short by whatever is urgent. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await this.#interruptible(signal, (interrupted) => this.#deps.clock.sleep(ms, interrupted).catch(() => undefined));
  }

  async #interruptible<T>(outer: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const under = new AbortController();
    const follow = () => under.abort(outer.reason);
    if (outer.aborted) follow();
    outer.addEventListener('abort', follow, { once: true });
    this.#under = under;
    try {
      return await work(under.signal);
    } finally {
      this.#under = undefined;
      outer.removeEventListener('abort', follow);
    }
  }

  /** Once when it begins to fail, and once when that is over. */
  #tell(failure: string | undefined): void {
    const { log } = this.#deps;
    if (failure !== undefined && this.#failure === undefined)
      log.warn({ store: this.name, failure }, 'primaries cannot be published there: kept, and tried again');
    if (failure === undefined && this.#failure !== undefined)
      log.info({ store: this.name }, 'primaries are published there again');
    this.#failure = failure;
  }
}
