// What happened lately, one by one, as the metrics routes of the API list it. What counts for ever is in metrics.ts.

import type { InstanceKey } from '../topology/instance-key.ts';
import { Samples } from './samples.ts';

export interface DiscoverySample {
  readonly atMs: number;
  readonly key: InstanceKey;
  readonly ok: boolean;
  /** From the question to the answer of the server. Nothing waits for the backend. */
  readonly ms: number;
}

export interface QueueSample {
  readonly active: number;
  readonly queued: number;
}

/** One transaction of the backend. */
export interface BackendWrite {
  readonly atMs: number;
  /** Rows of servers in it, written behind; 0: it was no such one. */
  readonly instances: number;
  /** Of what waited longest. */
  readonly waitMs: number;
  readonly executeMs: number;
  readonly ok: boolean;
}

/** Places of servers that answer, or may; and of those that do not, where they have places of their own. */
export type QueueName = 'DEFAULT' | 'DEADINSTANCES';

export interface RecentSettings {
  /** `DiscoveryCollectionRetentionSeconds`. */
  readonly keptMs: number;
  /** `DiscoveryQueueMaxStatisticsSize`: one a second. */
  readonly queueSamples: number;
}

/** A thousand servers read each second for as long as is usual. */
const MOST = 150_000;
const FOR_EVER = () => Number.POSITIVE_INFINITY;

export class Recent {
  readonly #discoveries: Samples<DiscoverySample>;
  readonly #writes: Samples<BackendWrite>;
  readonly #queues: Readonly<Record<QueueName, Samples<QueueSample>>>;
  readonly #clock: { nowMs(): number };

  constructor(settings: RecentSettings, clock: { nowMs(): number }) {
    const limits = { keptMs: () => settings.keptMs, most: () => MOST };
    const queue = { keptMs: FOR_EVER, most: () => settings.queueSamples };
    this.#clock = clock;
    this.#discoveries = new Samples(limits);
    this.#writes = new Samples(limits);
    this.#queues = { DEFAULT: new Samples(queue), DEADINSTANCES: new Samples(queue) };
  }

  discovered(key: InstanceKey, ok: boolean, ms: number): void {
    const atMs = this.#clock.nowMs();
    this.#discoveries.add(atMs, { atMs, key, ok, ms });
  }

  wrote(write: Omit<BackendWrite, 'atMs'>): void {
    const atMs = this.#clock.nowMs();
    this.#writes.add(atMs, { atMs, ...write });
  }

  /** To be called once a second. */
  queued(name: QueueName, sample: QueueSample): void {
    this.#queues[name].add(this.#clock.nowMs(), sample);
  }

  discoveries(seconds: number): readonly DiscoverySample[] {
    return this.#discoveries.within(seconds * 1000, this.#clock.nowMs());
  }

  queue(name: QueueName, seconds: number): readonly QueueSample[] {
    return this.#queues[name].within(seconds * 1000, this.#clock.nowMs());
  }

  writes(seconds: number): readonly BackendWrite[] {
    return this.#writes.within(seconds * 1000, this.#clock.nowMs());
  }
}
