import type { Index, LogEntry, MemberId, SnapshotMeta, Term } from './types.ts';

interface Envelope {
  readonly from: MemberId;
  readonly to: MemberId;
  /** The sender's term, which is durable on its disk before the message leaves (P-2). */
  readonly term: Term;
}

/** "Would you vote for me in `nextTerm`?" Changes no term anywhere. */
export interface PreVoteRequest extends Envelope {
  readonly kind: 'preVoteRequest';
  readonly nextTerm: Term;
  readonly lastIndex: Index;
  readonly lastTerm: Term;
}

export interface PreVoteResponse extends Envelope {
  readonly kind: 'preVoteResponse';
  readonly nextTerm: Term;
  readonly granted: boolean;
}

export interface VoteRequest extends Envelope {
  readonly kind: 'voteRequest';
  readonly lastIndex: Index;
  readonly lastTerm: Term;
  /** Set where the leader of the term before ordered the election: its number of that order. Lifts the rule to ignore votes while it lives. */
  readonly transfer: number | undefined;
}

export interface VoteResponse extends Envelope {
  readonly kind: 'voteResponse';
  readonly granted: boolean;
}

/** Entries that follow (`prevIndex`, `prevTerm`). `commit` may lie behind the last of them, and before or after `prevIndex`. */
export interface Append extends Envelope {
  readonly kind: 'append';
  readonly prevIndex: Index;
  readonly prevTerm: Term;
  readonly entries: readonly LogEntry[];
  readonly commit: Index;
}

/** The sender's log equals the leader's up to `matchIndex`, and is durable so far (P-4). */
export interface AppendAccepted extends Envelope {
  readonly kind: 'appendAccepted';
  readonly matchIndex: Index;
}

/** The sender has no entry at `prevIndex` with the leader's term there. The rest is the hint of R-42. */
export interface AppendRejected extends Envelope {
  readonly kind: 'appendRejected';
  readonly prevIndex: Index;
  /** Term of the sender's own entry there; undefined where its log is shorter. */
  readonly conflictTerm: Term | undefined;
  /** First index of that term in the sender's log, or the index after its last. */
  readonly conflictIndex: Index;
}

/** Independent of the append stream. `commit` is never above what the receiver has acknowledged. */
export interface Heartbeat extends Envelope {
  readonly kind: 'heartbeat';
  /** Counts up within a term; confirms reads and the lease. */
  readonly round: number;
  readonly commit: Index;
  /** Orders to take over up to this number have lapsed. */
  readonly closedTransfers: number;
}

export interface HeartbeatAck extends Envelope {
  readonly kind: 'heartbeatAck';
  readonly round: number;
  readonly standing: Standing;
}

/** Answer to anything a leader of an earlier term sends: only the term matters. */
export interface Stale extends Envelope {
  readonly kind: 'stale';
}

/** Part of a snapshot. `done` is not needed: `offset` plus the length reaches `snapshot.bytes`. */
export interface SnapshotChunk extends Envelope {
  readonly kind: 'snapshotChunk';
  readonly snapshot: SnapshotMeta;
  readonly offset: number;
  readonly data: Uint8Array;
}

/** `nextOffset` is where the receiver wants to go on. With `matchIndex` the log is at least there, durably (P-7). */
export interface SnapshotAck extends Envelope {
  readonly kind: 'snapshotAck';
  readonly snapshotId: string;
  readonly nextOffset: number;
  readonly matchIndex: Index | undefined;
}

/** "Campaign now": the receiver's log is level. `transfer` numbers the leader's orders of this term. */
export interface TimeoutNow extends Envelope {
  readonly kind: 'timeoutNow';
  readonly transfer: number;
}

export interface ReadIndexRequest extends Envelope {
  readonly kind: 'readIndexRequest';
  readonly ticket: number;
}

/** `index` is undefined where the leader cannot confirm it. */
export interface ReadIndexResponse extends Envelope {
  readonly kind: 'readIndexResponse';
  readonly ticket: number;
  readonly index: Index | undefined;
}

/** The receiver is no member by the configuration committed at `configurationIndex`. */
export interface Removed extends Envelope {
  readonly kind: 'removed';
  readonly configurationIndex: Index;
  /** For being gone for long. */
  readonly reaped: boolean;
}

export type RaftMessage =
  | PreVoteRequest
  | PreVoteResponse
  | VoteRequest
  | VoteResponse
  | Append
  | AppendAccepted
  | AppendRejected
  | Heartbeat
  | HeartbeatAck
  | Stale
  | SnapshotChunk
  | SnapshotAck
  | TimeoutNow
  | ReadIndexRequest
  | ReadIndexResponse
  | Removed;

/** `lastResort`: draining, unhealthy, short of disk or out of step with the others; leads only where nobody else can. */
export type Standing = 'ready' | 'lastResort';

type Body<M> = M extends RaftMessage ? Omit<M, 'from' | 'to' | 'term'> : never;
export type MessageBody = Body<RaftMessage>;
