// What comes of asking for a recovery.

import assert from 'node:assert/strict';
import type { ForceOptions } from './attempt.ts';
import type { RecoveryRecord } from './book.ts';
import { firstNo, type Gate } from './gates.ts';
import type { Mandate } from './mandate.ts';

export interface Refusal {
  readonly kind: 'refused';
  readonly gate: Gate;
  readonly gates: readonly Gate[];
}

export type Decision =
  | { readonly kind: 'recovered'; readonly record: RecoveryRecord; readonly gates: readonly Gate[] }
  | Refusal;

/** A cluster in the hands of one operator's command. */
export interface TakenCluster {
  readonly kind: 'taken';
  readonly gates: readonly Gate[];
  /** Recovers now; lets go of the cluster when the servers are done, before the scripts behind. */
  readonly recover: (options: ForceOptions, mandate: Mandate) => Promise<RecoveryRecord>;
  /** May be called more than once. */
  readonly release: () => void;
}

/** By gates of which one says no. */
export function refusal(gates: readonly Gate[]): Refusal {
  const gate = firstNo(gates);
  assert(gate !== undefined);
  return { kind: 'refused', gate, gates };
}
