import type { RaftMessage } from './messages.ts';
import type { Configuration, HardState, Index, LogEntry, MemberId, SnapshotMeta, Term, WriteId } from './types.ts';

/** One transaction of the log store. Inside it: `install`, then `truncateFrom`, then `append`, then `compactTo`. */
export interface Write {
  readonly id: WriteId;
  readonly hardState: HardState | undefined;
  /** The staged snapshot is verified, renamed into place and synced with its directory; then the log keeps only what follows it. */
  readonly install: { readonly snapshot: SnapshotMeta; readonly keepLog: boolean } | undefined;
  /** Entries from here on go. */
  readonly truncateFrom: Index | undefined;
  readonly append: readonly LogEntry[];
  /** Entries up to here go; a durable snapshot covers them (P-8). */
  readonly compactTo: Index | undefined;
  /** The removal mark is set. */
  readonly removed: boolean;
}

/** Leaves when write `after` is durable; 0 means at once. Messages to one node keep their order only by chance, and need none. */
export interface Outgoing {
  readonly message: RaftMessage;
  readonly after: WriteId;
}

/** In this order into the state machine: each either replaces its state or follows on the entry before. */
export type Applicable =
  | { readonly kind: 'entries'; readonly entries: readonly LogEntry[] }
  | { readonly kind: 'restore'; readonly snapshot: SnapshotMeta };

export type RefusalReason =
  | 'notLeader'
  | 'notReady'
  | 'leadershipLost'
  | 'transferring'
  | 'backlogFull'
  | 'tooLarge'
  | 'timedOut'
  | 'changeRunning'
  | 'unknownMember'
  | 'duplicateMember'
  | 'duplicateAddress'
  | 'lastVoter'
  | 'tooManyVoters'
  | 'tooManyLearners'
  | 'notCaughtUp'
  | 'memberAlive'
  | 'noHealthyQuorum'
  | 'nothingToChange'
  | 'noTarget';

/** To who asked under `id`. */
export type Answer =
  /** In the leader's log. It succeeded when the entry applied at `index` has this `term`, and failed when it has another. */
  | { readonly kind: 'appended'; readonly id: number; readonly index: Index; readonly term: Term }
  /** Nothing was written, nothing ever will be. `leader` is whom to ask. */
  | {
      readonly kind: 'refused';
      readonly id: number;
      readonly reason: RefusalReason;
      readonly leader: MemberId | undefined;
    }
  /** A read may be served once `index` is applied here. */
  | { readonly kind: 'readable'; readonly id: number; readonly index: Index }
  | { readonly kind: 'transferred'; readonly id: number };

export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader';

/** State changes, for status, logs and the duties that move with leadership. */
export type CoreEvent =
  | { readonly kind: 'role'; readonly role: Role; readonly term: Term; readonly leader: MemberId | undefined }
  /** The leader's own no-op is applied: from here on it may act. */
  | { readonly kind: 'inOffice'; readonly term: Term }
  | { readonly kind: 'configuration'; readonly index: Index; readonly configuration: Configuration }
  /** `reaped`: for being gone for long; it may come back as another member. */
  | { readonly kind: 'removed'; readonly reaped: boolean };

export interface StagedChunk {
  readonly snapshot: SnapshotMeta;
  readonly offset: number;
  readonly data: Uint8Array;
}

export interface ChunkRequest {
  readonly to: MemberId;
  readonly snapshotId: string;
  readonly offset: number;
  readonly length: number;
}

/** What a step asks of the shell: stage, then write; messages as their writes permit; the rest in any order. */
export interface Effects {
  readonly stage: readonly StagedChunk[];
  readonly write: Write | undefined;
  readonly send: readonly Outgoing[];
  readonly apply: readonly Applicable[];
  readonly answers: readonly Answer[];
  readonly events: readonly CoreEvent[];
  readonly readSnapshot: readonly ChunkRequest[];
  /** Take a snapshot of the state machine as it is, at this index or later. */
  readonly takeSnapshot: Index | undefined;
}
