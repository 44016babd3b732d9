import type { RaftMessage, Standing } from './messages.ts';
import type { HardState, Index, LogEntry, Member, MemberId, SnapshotMeta, WriteId } from './types.ts';

/** What the shell knows at a step. The core has no clock and no randomness of its own. */
export interface Moment {
  /** Monotonic clock; never goes back. */
  readonly nowMs: number;
  /** For stamps in entries only; may jump. */
  readonly wallMs: number;
  /** Uniform in [0, 1), drawn for this step from a generator private to the node. */
  readonly random: number;
}

/** `id` comes back in the answer; urgent proposals (claims, progress of a recovery) may use the reserved part of the backlog. */
export interface Proposal {
  readonly id: number;
  readonly data: Uint8Array;
  readonly urgent: boolean;
}

/** One change at a time. Adding makes a learner; `replace` is for another incarnation or a dead member. */
export type MembershipChange =
  | { readonly kind: 'add'; readonly member: Member }
  /** `reaped`: for being gone for long, and not on anybody's order. */
  | { readonly kind: 'remove'; readonly member: MemberId; readonly reaped?: true }
  | { readonly kind: 'replace'; readonly old: MemberId; readonly member: Member }
  | { readonly kind: 'promote'; readonly member: MemberId }
  | { readonly kind: 'demote'; readonly member: MemberId }
  /** A learner and a voter change places, in one joint phase; both go on wishing to vote. */
  | { readonly kind: 'exchange'; readonly promoted: MemberId; readonly demoted: MemberId }
  /** Address, labels or wish to vote of a present member; the rest of it must be as it was. */
  | { readonly kind: 'update'; readonly member: Member }
  /** Several voters at once, through a joint phase. Whom it does not name leaves; new voters must be learners that have caught up. */
  | { readonly kind: 'set'; readonly voters: readonly MemberId[]; readonly learners: readonly MemberId[] };

export type Input =
  | { readonly kind: 'tick' }
  | { readonly kind: 'message'; readonly message: RaftMessage }
  /** All writes up to this one are durable. */
  | { readonly kind: 'persisted'; readonly write: WriteId }
  /** The state machine has durably applied everything up to `index`. */
  | { readonly kind: 'applied'; readonly index: Index }
  | { readonly kind: 'propose'; readonly proposals: readonly Proposal[] }
  | { readonly kind: 'read'; readonly id: number }
  | { readonly kind: 'change'; readonly id: number; readonly change: MembershipChange }
  /** Without a target the healthiest voter that has caught up, in the order of `preferred` first. */
  | {
      readonly kind: 'transfer';
      readonly id: number;
      readonly target: MemberId | undefined;
      readonly preferred: readonly MemberId[];
    }
  | { readonly kind: 'standing'; readonly standing: Standing }
  /** Somebody takes itself for a member: a leader that knows better says so. */
  | { readonly kind: 'outsider'; readonly member: MemberId }
  /** A snapshot that `takeSnapshot` asked for is durable. */
  | { readonly kind: 'snapshotTaken'; readonly snapshot: SnapshotMeta }
  | { readonly kind: 'snapshotFailed' }
  /** Answer to `readSnapshot`; `data` is undefined where that snapshot is gone. */
  | {
      readonly kind: 'snapshotRead';
      readonly to: MemberId;
      readonly snapshotId: string;
      readonly offset: number;
      readonly data: Uint8Array | undefined;
    };

/** What a start finds on disk. */
export interface Recovered {
  readonly self: MemberId;
  readonly hardState: HardState;
  readonly snapshot: SnapshotMeta;
  /** Consecutive; the first one is at most `snapshot.index + 1`. */
  readonly entries: readonly LogEntry[];
  /** Index and term before the first entry: a log keeps entries behind its snapshot for followers that lag. */
  readonly before: { readonly index: Index; readonly term: number };
  /** Of the backend; everything up to here was committed. */
  readonly applied: Index;
  /** The leader told this node that it is no member any more. */
  readonly removed: boolean;
}
