import type { Standing } from './messages.ts';
import type { RaftSettings } from './settings.ts';
import { entryBytes, type Index, type LogEntry, type SnapshotMeta } from './types.ts';

/** A snapshot on its way to one member. */
export interface SnapshotTransfer {
  readonly snapshot: SnapshotMeta;
  offset: number;
  /** Last time the receiver asked for more, and last time anything was sent. */
  movedMs: number;
  sentMs: number;
}

interface Inflight {
  readonly lastIndex: Index;
  readonly bytes: number;
}

/**
 * What a leader knows about one member's log. `probe`: one message at a time until a match point is known. `replicate`: pipelined,
 * `next` runs ahead of `match`. `snapshot`: the entries it needs are gone; chunks are under way or wait for their turn.
 */
export class Progress {
  state: 'probe' | 'replicate' | 'snapshot' = 'probe';
  match: Index = 0;
  next: Index;
  /** A probe is under way; an answer, or a heartbeat's answer in its place, lets the next one go. */
  probing = false;
  /** Highest commit index it was told of together with entries up to there. */
  toldCommit: Index = 0;
  transfer: SnapshotTransfer | undefined;
  /** When the last one began. */
  transferredMs = Number.NEGATIVE_INFINITY;

  /** Round of the last heartbeat it answered, and when that round was sent: the lease counts from there. */
  ackedRound = 0;
  ackedSentMs = Number.NEGATIVE_INFINITY;
  /** When anything last came from it in this office. */
  heardMs = Number.NEGATIVE_INFINITY;
  standing: Standing = 'ready';
  /** Since when it has been close enough to be promoted. */
  levelSinceMs: number | undefined;

  #inflight: Inflight[] = [];
  #inflightBytes = 0;

  constructor(next: Index) {
    this.next = next;
  }

  get inflightBytes(): number {
    return this.#inflightBytes;
  }

  get inflightMessages(): number {
    return this.#inflight.length;
  }

  hasRoom(settings: RaftSettings): boolean {
    return this.#inflight.length < settings.maxInflightMessages && this.#inflightBytes < settings.maxInflightBytes;
  }

  /** Entries were sent: the next message continues behind them without waiting. */
  sent(entries: readonly LogEntry[]): void {
    const last = entries.at(-1);
    if (last === undefined) return;
    const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
    this.#inflight.push({ lastIndex: last.index, bytes });
    this.#inflightBytes += bytes;
    this.next = last.index + 1;
  }

  /** Its log matches up to `index`. Ends probing, and a snapshot that brought it far enough. */
  accepted(index: Index, firstIndex: Index): void {
    this.match = Math.max(this.match, index);
    this.next = Math.max(this.next, this.match + 1);
    while (this.#inflight.length > 0 && this.#inflight[0]!.lastIndex <= index) {
      this.#inflightBytes -= this.#inflight.shift()!.bytes;
    }
    if (this.state === 'replicate') return;
    if (this.state === 'snapshot' && this.match + 1 < firstIndex) return;
    this.#restart('replicate', this.match + 1);
  }

  /** Its log does not hold what was assumed: look for the match point from `next` on, which is never behind what is known to match. */
  probeFrom(next: Index): void {
    this.#restart('probe', Math.max(next, this.match + 1));
  }

  needSnapshot(): void {
    this.#restart('snapshot', this.next);
  }

  #restart(state: 'probe' | 'replicate' | 'snapshot', next: Index): void {
    this.state = state;
    this.next = next;
    this.probing = false;
    this.toldCommit = 0;
    this.transfer = undefined;
    this.#inflight = [];
    this.#inflightBytes = 0;
  }
}
