// What the main thread and the consensus thread say to each other. Plain values, so that they can be posted.

import type { ErrorCode } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { Address } from '../address.ts';
import type { Answer, Applicable, CoreEvent, Role } from '../core/effects.ts';
import type { Input } from '../core/inputs.ts';
import type { Standing } from '../core/messages.ts';
import type { Configuration, Index, MemberId, Term } from '../core/types.ts';
import type { Candidates, ClaimAnswer } from '../forming/types.ts';
import type { BackupHead } from '../rescue/backup-file.ts';
import type { Credentials } from '../wire/credentials.ts';
import type { Identity } from '../wire/hello.ts';
import type { OpenChannel } from '../wire/wire.ts';
import type { Met } from './meetings.ts';
import type { Outcome } from './ports.ts';
import type { ThreadStatus } from './status.ts';
import type { Reaped } from './steward.ts';

/** Where a node stands, as the consensus thread saw it at the end of its last turn. */
export interface Standpoint {
  readonly self: MemberId;
  readonly role: Role;
  readonly term: Term;
  readonly leader: MemberId | undefined;
  readonly commit: Index;
  readonly lastIndex: Index;
  readonly configuration: Configuration;
  /** The leader's own no-op is applied: it may act while its lease lasts. */
  readonly inOffice: boolean;
  /** An entry of this term is committed, as far as this node has heard: whoever leads in it leads for good. */
  readonly settled: boolean;
  /** Campaigns, and keeps leading, only where nobody else can. */
  readonly standing: Standing;
  readonly disk: Outcome;
}

/** What was found outside of the group. Heard before there is a group, too. */
export type FindingOrder =
  | { readonly kind: 'candidates'; readonly candidates: Candidates }
  | { readonly kind: 'claimed'; readonly formation: string; readonly answer: ClaimAnswer };

/** To the consensus thread; `id` comes back with the answer. */
export type Order =
  | Extract<Input, { kind: 'applied' | 'propose' | 'read' | 'change' | 'transfer' }>
  /** The main thread is not stuck. */
  | { readonly kind: 'alive' }
  /** The wish of the main thread; the consensus thread has reasons of its own besides. */
  | { readonly kind: 'standing'; readonly standing: Standing }
  /** Whether something runs that is not to be disturbed: nobody is let go, and leadership is not given to who is preferred for it. */
  | { readonly kind: 'busy'; readonly busy: boolean }
  /** A snapshot of the state machine as of `index`, in pieces: each is answered by `kept` before the next one is sent. */
  | { readonly kind: 'keep'; readonly id: number; readonly piece: SnapshotPiece }
  /** It could not be read to its end. */
  | { readonly kind: 'keepFailed' }
  | {
      readonly kind: 'fetch';
      readonly id: number;
      readonly snapshotId: string;
      readonly offset: number;
      readonly length: number;
    }
  | { readonly kind: 'status'; readonly id: number }
  | { readonly kind: 'bytes'; readonly to: MemberId; readonly channel: OpenChannel; readonly payload: Uint8Array }
  /** What the log says of a state at `index`. */
  | { readonly kind: 'describe'; readonly id: number; readonly index: Index }
  /** Who is there? */
  | { readonly kind: 'meet'; readonly id: number; readonly address: Address }
  | { readonly kind: 'renew'; readonly credentials: Credentials }
  | FindingOrder
  /** This node is to be no member any more: the group has to remove it. */
  | { readonly kind: 'leave' }
  | { readonly kind: 'stop' };

export type SnapshotPiece =
  | { readonly kind: 'begin' }
  | { readonly kind: 'data'; readonly data: Uint8Array }
  | { readonly kind: 'end'; readonly index: Index };

/** What a `Group` goes by. */
export type GroupNews =
  | { readonly kind: 'ready'; readonly standpoint: Standpoint }
  | { readonly kind: 'apply'; readonly items: readonly Applicable[] }
  | { readonly kind: 'answers'; readonly answers: readonly Answer[] }
  | { readonly kind: 'event'; readonly event: CoreEvent }
  | { readonly kind: 'standpoint'; readonly standpoint: Standpoint }
  | { readonly kind: 'takeSnapshot' }
  /** The last word: the node never began, or cannot go on. */
  | { readonly kind: 'fatal'; readonly code: ErrorCode; readonly message: string };

/** To an order with this `id`. */
export type Reply =
  | { readonly kind: 'kept'; readonly id: number }
  /** Undefined: that snapshot is gone. */
  | { readonly kind: 'fetched'; readonly id: number; readonly data: Uint8Array | undefined }
  | { readonly kind: 'status'; readonly id: number; readonly status: ThreadStatus }
  /** Undefined: the log has nothing there any more. */
  | { readonly kind: 'described'; readonly id: number; readonly head: Omit<BackupHead, 'takenMs'> | undefined }
  | { readonly kind: 'met'; readonly id: number; readonly met: Met };

/** For others in the process. */
/** A node without a group: where it stands, and how its calls on the others go (raft reference 3.2). */
export interface Waiting {
  /** `joining`: there is a group, which is asked to take it in. `founding`: it has given its word, and stays whatever the time-out. */
  readonly phase: 'discovering' | 'joining' | 'founding';
  readonly why: string;
  /** What keeps it from being heard; undefined: nothing that it knows of. */
  readonly problem: string | undefined;
  /** The others are called on again in so many ms, and from then on every so many. */
  readonly nextInMs: number;
  readonly everyMs: number;
}

export type SideNews =
  | { readonly kind: 'reaped'; readonly reaped: Reaped }
  /** This node belongs to no group yet. */
  | { readonly kind: 'waiting'; readonly waiting: Waiting }
  /** All have promised this formation: claim the record for it, and tell the answer. */
  | { readonly kind: 'claim'; readonly formation: string }
  | { readonly kind: 'bytes'; readonly channel: OpenChannel; readonly peer: Identity; readonly payload: Uint8Array }
  | { readonly kind: 'log'; readonly level: keyof Log; readonly fields: object; readonly text: string };

/** From the consensus thread. */
export type News = GroupNews | Reply | SideNews;
