// Whether the disk of the log has room and is quick enough to lead. A node whose disk is not leads only where nobody else can.

import type { Concern } from './standing.ts';

export interface DiskReading {
  /** Undefined: nobody can tell. */
  readonly freeBytes: number | undefined;
  /** Of the syncs of the last ten seconds; undefined where there were none. */
  readonly syncMedianMs: number | undefined;
  readonly syncWorstMs: number | undefined;
}

export interface DiskWatchDeps {
  /** May throw. */
  readonly freeBytes: () => number;
  readonly nowMs: () => number;
  /** `RaftMinFreeBytes`; 0: room is not looked at. */
  readonly minFreeBytes: number;
  /** T. */
  readonly electionTimeoutMs: number;
  readonly onConcern: (concern: Extract<Concern, 'space' | 'slow'>, present: boolean) => void;
}

const LOOK_MS = 5_000;
const WINDOW_MS = 10_000;
const MOST_SAMPLES = 1_024;
/** Fewer say nothing about the usual. */
const LEAST_SAMPLES = 3;
/** Below this part of `minFreeBytes` a node does not lead where another can. */
const SCARCE_SHARE = 1 / 4;

export class DiskWatch {
  readonly #deps: DiskWatchDeps;
  #samples: { readonly atMs: number; readonly ms: number }[] = [];
  #freeBytes: number | undefined;
  #lookMs = Number.NEGATIVE_INFINITY;
  #slow = false;

  constructor(deps: DiskWatchDeps) {
    this.#deps = deps;
  }

  get reading(): DiskReading {
    const times = this.#times();
    return { freeBytes: this.#freeBytes, syncMedianMs: median(times), syncWorstMs: times.at(-1) };
  }

  /** Whether less is free than is wanted: a snapshot lets the log be shortened. */
  get low(): boolean {
    return this.#freeBytes !== undefined && this.#freeBytes < this.#deps.minFreeBytes;
  }

  /** A write took so long to be durable. */
  synced(ms: number): void {
    this.#samples.push({ atMs: this.#deps.nowMs(), ms });
    if (this.#samples.length > MOST_SAMPLES) this.#samples.shift();
  }

  tick(): void {
    const { nowMs, onConcern, electionTimeoutMs, minFreeBytes } = this.#deps;
    const since = nowMs() - WINDOW_MS;
    this.#samples = this.#samples.filter(({ atMs }) => atMs >= since);
    const slow = this.#isSlow(electionTimeoutMs);
    if (slow !== this.#slow) {
      this.#slow = slow;
      onConcern('slow', slow);
    }
    if (minFreeBytes === 0 || nowMs() - this.#lookMs < LOOK_MS) return;
    this.#lookMs = nowMs();
    this.#freeBytes = orUndefined(this.#deps.freeBytes);
    onConcern('space', (this.#freeBytes ?? minFreeBytes) < SCARCE_SHARE * minFreeBytes);
  }

  /** What is slow has to become twice as quick before it counts as cured, so that leadership does not go to and fro. */
  #isSlow(electionTimeoutMs: number): boolean {
    const times = this.#times();
    if ((times.at(-1) ?? 0) >= 2 * electionTimeoutMs) return true;
    if (times.length < LEAST_SAMPLES) return false;
    return median(times)! > electionTimeoutMs / (this.#slow ? 4 : 2);
  }

  /** In order. */
  #times(): readonly number[] {
    return this.#samples.map(({ ms }) => ms).sort((a, b) => a - b);
  }
}

function median(sorted: readonly number[]): number | undefined {
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

function orUndefined(read: () => number): number | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
