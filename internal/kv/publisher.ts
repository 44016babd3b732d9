import type { Clock } from '../runtime/clock.ts';
import { Feed, type FeedDeps, type Tally } from './feed.ts';
import type { KeyValueStore, PairGroup } from './store.ts';

export interface PublisherDeps extends Omit<FeedDeps, 'store'> {
  readonly stores: readonly KeyValueStore[];
}

export interface StoreState {
  readonly store: string;
  /** Undefined: it takes what it is given. */
  readonly failure: string | undefined;
  /** Clusters that it does not have the newest pairs of. */
  readonly waiting: number;
}

const POLL_MS = 10;

/** All stores outside, each with a feed of its own: one that fails holds up none of the others. */
export class Publisher {
  readonly #feeds: readonly Feed[];
  readonly #clock: Clock;

  constructor({ stores, ...deps }: PublisherDeps) {
    this.#feeds = stores.map((store) => new Feed({ ...deps, store }));
    this.#clock = deps.clock;
  }

  publish(groups: readonly PairGroup[], options: { readonly urgent: boolean }): void {
    for (const feed of this.#feeds) feed.publish(groups, options.urgent);
  }

  drop(): void {
    for (const feed of this.#feeds) feed.drop();
  }

  states(): readonly StoreState[] {
    return this.#feeds.map(({ name, failure, waiting }) => ({ store: name, failure, waiting }));
  }

  tallies(): readonly (Tally & Pick<StoreState, 'store' | 'waiting'>)[] {
    return this.#feeds.map(({ name, waiting, tally }) => ({ store: name, waiting, ...tally }));
  }

  /** Waits until every store has what it was given, that long at most, or until the signal. Those that have not. */
  async settled(limitMs: number, signal?: AbortSignal): Promise<readonly StoreState[]> {
    const endMs = this.#clock.monotonicMs() + limitMs;
    for (;;) {
      const late = this.states().filter(({ waiting }) => waiting > 0);
      if (late.length === 0 || this.#clock.monotonicMs() >= endMs || signal?.aborted) return late;
      await this.#clock.sleep(POLL_MS, signal).catch(() => undefined);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#feeds.map((feed) => feed.stop()));
  }
}
