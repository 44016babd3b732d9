import { Counter, Gauge, type Registry } from 'prom-client';

/** One store outside that primaries are published in, as this node sees it. */
export interface StoreFigures {
  readonly store: string;
  /** Attempts since the start. */
  readonly written: number;
  readonly failed: number;
  /** Clusters that it does not have the newest pairs of. */
  readonly waiting: number;
  /** Since it had everything last, ms; undefined: never, or it is not for this node to say. */
  readonly sinceMs: number | undefined;
}

/** Registered only where there are stores. */
export class StoreMetrics {
  readonly #attempts: Counter<'store' | 'outcome'>;
  readonly #waiting: Gauge<'store'>;
  readonly #since: Gauge<'store'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#attempts = new Counter({
      name: 'orchestrator_kv_attempts_total',
      help: 'Attempts to have a store hold the newest primaries, by outcome',
      labelNames: ['store', 'outcome'],
      registers,
    });
    this.#waiting = new Gauge({
      name: 'orchestrator_kv_waiting_clusters',
      help: 'Clusters whose newest primary is not known to be in the store',
      labelNames: ['store'],
      registers,
    });
    this.#since = new Gauge({
      name: 'orchestrator_kv_last_success_seconds',
      help: 'Time since the store was found to hold, or got, the newest primaries; NaN: never, or another node leads',
      labelNames: ['store'],
      registers,
    });
  }

  set(stores: readonly StoreFigures[]): void {
    this.#attempts.reset();
    for (const { store, written, failed, waiting, sinceMs } of stores) {
      this.#attempts.inc({ store, outcome: 'success' }, written);
      this.#attempts.inc({ store, outcome: 'failure' }, failed);
      this.#waiting.set({ store }, waiting);
      this.#since.set({ store }, sinceMs === undefined ? Number.NaN : sinceMs / 1000);
    }
  }
}
