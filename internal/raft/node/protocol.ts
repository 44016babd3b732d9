// What the main thread and the consensus thread say to each other. Plain values, so that they can be posted.

import type { Answer, Applicable, CoreEvent, Role } from '../core/effects.ts';
import type { Input } from '../core/inputs.ts';
import type { Configuration, Index, MemberId, SnapshotMeta, Term } from '../core/types.ts';

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
}

/** To the consensus thread. */
export type Order =
  | Exclude<Input, { kind: 'tick' | 'message' | 'persisted' | 'snapshotRead' }>
  /** The main thread is not stuck. */
  | { readonly kind: 'alive' }
  | { readonly kind: 'stop' };

/** From the consensus thread. */
export type News =
  | { readonly kind: 'ready'; readonly standpoint: Standpoint }
  | { readonly kind: 'apply'; readonly items: readonly Applicable[] }
  | { readonly kind: 'answers'; readonly answers: readonly Answer[] }
  | { readonly kind: 'event'; readonly event: CoreEvent }
  | { readonly kind: 'standpoint'; readonly standpoint: Standpoint }
  | { readonly kind: 'takeSnapshot'; readonly from: Index }
  | { readonly kind: 'fatal'; readonly message: string };

/** A snapshot of the state machine: its bytes, and what the core has to know of it. */
export interface TakenSnapshot {
  readonly meta: SnapshotMeta;
  readonly data: Uint8Array;
}
