import type { Progress } from './progress.ts';
import type { Index, MemberId } from './types.ts';

export interface PendingRead {
  readonly origin:
    | { readonly kind: 'local'; readonly id: number }
    | { readonly kind: 'member'; readonly member: MemberId; readonly ticket: number };
  /** Commit index when it arrived. */
  readonly index: Index;
  /** Confirmed when a quorum has answered this round of heartbeats, which began after it arrived. */
  readonly round: number;
}

export interface Transfer {
  /** Undefined where the leader itself decided to hand over. */
  readonly id: number | undefined;
  readonly target: MemberId;
  /** Counts the orders of this term. */
  readonly number: number;
  readonly deadlineMs: number;
  ordered: boolean;
}

/** What a leader knows and forgets with its office. */
export class Office {
  readonly sinceMs: number;
  /** Index of the no-op of its term. */
  readonly firstIndex: Index;
  readonly progress = new Map<MemberId, Progress>();
  /** Members that the configuration at the end of the log leaves out; told once it is committed. */
  readonly leavers = new Set<MemberId>();
  /** Whether that no-op is applied here, and the leader may therefore act. */
  serving = false;

  round = 0;
  /** When the rounds that still count for the lease were sent. */
  readonly roundsSentMs = new Map<number, number>();
  nextHeartbeatMs: number;
  /** The lease counts from this round on: it and those behind it say that the last hand-over has lapsed. */
  leaseFromRound = 1;

  readonly reads: PendingRead[] = [];
  transfer: Transfer | undefined;
  transfers = 0;
  /** A leader of last resort tries to hand over again from then on. */
  nextHandOverMs: number;

  /** Entries of the log that are not committed, and their bytes. */
  backlogEntries = 0;
  backlogBytes = 0;

  constructor(nowMs: number, firstIndex: Index) {
    this.sinceMs = nowMs;
    this.firstIndex = firstIndex;
    this.nextHeartbeatMs = nowMs;
    this.nextHandOverMs = nowMs;
  }
}

/** What others may see of it. */
export type OfficeView = Readonly<
  Pick<Office, 'sinceMs' | 'firstIndex' | 'serving' | 'backlogEntries' | 'backlogBytes'> & {
    progress: ReadonlyMap<MemberId, ProgressView>;
    reads: readonly PendingRead[];
    transfer: Readonly<Transfer> | undefined;
  }
>;

export type ProgressView = Readonly<
  Pick<Progress, 'state' | 'match' | 'next' | 'heardMs' | 'standing' | 'inflightMessages' | 'inflightBytes'>
>;
