// What the node does about the disk of its log: says how it is, shortens the log where there is little room, and leaves leading to others.

import type { Log } from '../../runtime/log.ts';
import type { RaftCore } from '../core/core.ts';
import { DiskWatch, type DiskWatchDeps } from './disk-watch.ts';
import type { Outcome } from './ports.ts';
import type { Concern } from './standing.ts';

type DiskConcern = Extract<Concern, 'disk' | 'space' | 'slow'>;

export interface DiskCareDeps extends Omit<DiskWatchDeps, 'onConcern'> {
  readonly core: Pick<RaftCore, 'commit' | 'log'>;
  readonly log: Log;
  readonly directory: string;
  readonly takeSnapshot: () => void;
  readonly onConcern: (concern: DiskConcern, present: boolean) => void;
}

/** A full disk asks for a snapshot, which shortens the log, no more often than once in so many election time-outs. */
const RELIEF_PAUSE_TIMEOUTS = 5;
/** And one with little room no more often than that. */
const LOW_PAUSE_MS = 60_000;
const WORRIES: Readonly<Record<DiskConcern, string>> = {
  disk: 'no room for the log of the group: nothing is agreed to until there is',
  space: 'hardly any room is left for the log of the group: this node leads only where nobody else can',
  slow: 'the disk takes long to keep the log of the group: this node leads only where nobody else can',
};
const RELIEFS: Readonly<Record<DiskConcern, string>> = {
  disk: 'there is room for the log of the group again',
  space: 'there is more room for the log of the group again',
  slow: 'the disk keeps the log of the group in time again',
};

export class DiskCare {
  readonly watch: DiskWatch;
  readonly #deps: DiskCareDeps;
  readonly #concerns = new Set<DiskConcern>();
  #relievedMs = Number.NEGATIVE_INFINITY;

  constructor(deps: DiskCareDeps) {
    this.#deps = deps;
    this.watch = new DiskWatch({ ...deps, onConcern: (concern, present) => this.concern(concern, present) });
  }

  tick(): void {
    this.watch.tick();
    this.#relieve();
  }

  /** Told when it changes. */
  concern(concern: DiskConcern, present: boolean): void {
    if (this.#concerns.has(concern) === present) return;
    if (present) this.#concerns.add(concern);
    else this.#concerns.delete(concern);
    const { directory, log, onConcern } = this.#deps;
    const fields = concern === 'disk' ? { directory } : { directory, ...this.watch.reading };
    if (!present) log.info(fields, RELIEFS[concern]);
    else if (concern === 'disk') log.error(fields, WORRIES[concern]);
    else log.warn(fields, WORRIES[concern]);
    onConcern(concern, present);
  }

  /** How long a write takes to be durable. */
  timed(write: () => Outcome): Outcome {
    const { nowMs } = this.#deps;
    const beganMs = nowMs();
    const outcome = write();
    if (outcome === 'durable') this.watch.synced(nowMs() - beganMs);
    return outcome;
  }

  /** What a snapshot covers need not be kept: the one thing that a node can do about a disk that is full, or soon will be. */
  #relieve(): void {
    const { core, log, directory, electionTimeoutMs, nowMs, takeSnapshot } = this.#deps;
    const full = this.#concerns.has('disk');
    if ((!full && !this.watch.low) || core.commit <= core.log.snapshot.index) return;
    const pauseMs = full ? RELIEF_PAUSE_TIMEOUTS * electionTimeoutMs : LOW_PAUSE_MS;
    if (nowMs() - this.#relievedMs < pauseMs) return;
    this.#relievedMs = nowMs();
    const { freeBytes } = this.watch.reading;
    if (!full) log.warn({ directory, freeBytes }, 'little room is left for the log of the group: it is shortened');
    takeSnapshot();
  }
}
