import type { InstanceKey } from '../topology/instance-key.ts';

/** What gives replicas another place, or another way of replicating, in our words; doors have their own spellings. */
export const MOVES = [
  'relocate',
  'relocateReplicas',
  'moveUp',
  'moveUpReplicas',
  'moveBelow',
  'moveEquivalent',
  'moveByGtid',
  'moveReplicasByGtid',
  'match',
  'matchUp',
  'matchReplicas',
  'matchUpReplicas',
  'repoint',
  'repointReplicas',
  'takeSiblings',
  'regroup',
  'regroupByGtid',
  'regroupByPseudoGtid',
  'regroupBinlogServers',
  'takeSource',
  'makeCoPrimary',
  'makePrimary',
  'makeLocalPrimary',
  'enableGtid',
  'disableGtid',
  'detach',
  'reattach',
] as const;

/** What is done to one server where it stands. */
export const ACTS = [
  'startReplication',
  'stopReplication',
  'stopReplicationNicely',
  'restartReplication',
  'forgetSource',
  'setLogin',
  'setDelay',
  'skipQuery',
  'setReadOnly',
  'setWritable',
  'enableSemiSyncSource',
  'disableSemiSyncSource',
  'enableSemiSyncReplica',
  'disableSemiSyncReplica',
  'killQuery',
  'flushBinaryLogs',
  'purgeBinaryLogs',
] as const;
/** Ways to be rid of errant transactions: the server forgets them, or all others get them as empty ones. */
export const ERRANT_ACTS = ['resetErrant', 'injectErrant'] as const;
export type ErrantName = (typeof ERRANT_ACTS)[number];
export type MoveName = (typeof MOVES)[number];
export type ActName = (typeof ACTS)[number];
export type OperationName = MoveName | ActName | ErrantName;

export function isMove(operation: OperationName): operation is MoveName {
  return (MOVES as readonly OperationName[]).includes(operation);
}

export function isErrantAct(operation: OperationName): operation is ErrantName {
  return (ERRANT_ACTS as readonly OperationName[]).includes(operation);
}

export interface OperationRequest {
  readonly operation: OperationName;
  readonly target: InstanceKey;
  /** The other end of a move. */
  readonly below?: InstanceKey;
  /** Of the replicas of the target, those whose `host:port` matches; empty: all. */
  readonly pattern?: string;
  /** Seconds of a delay, number of a session. */
  readonly number?: number;
  /** A binary log; `latest`: the present one. */
  readonly file?: string;
  /** Markers are looked for in the relay logs of a replica alone. */
  readonly relayLogsOnly?: boolean;
  /** Although replicas may still need what goes. */
  readonly force?: boolean;
}

/** How many siblings of the server that leads them now stayed, had received exactly what it had, or less. */
export interface Regrouped {
  readonly lost: number;
  readonly equal: number;
  readonly moved: number;
}

export interface OperationOutcome {
  /** The server to be shown, under the name that it is known by. */
  readonly subject: InstanceKey;
  /** Servers that have another place, or another way of replicating. */
  readonly moved: readonly InstanceKey[];
  /** What did not work for single servers of many. */
  readonly errors: readonly string[];
  /** What was done, in words. */
  readonly text: string;
  /** Where replicas were regrouped: the subject leads them. */
  readonly regrouped?: Regrouped;
}
