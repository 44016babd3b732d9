import { isBinlogServer } from '../topology/instance.ts';
import { acknowledgementsMissing, waitsForAcknowledgements } from '../topology/semi-sync.ts';
import type { Facts } from './facts.ts';

/** Which recovery a problem calls for. `detectionOnly`: told to people and hooks, never acted upon. */
export type RecoveryClass =
  | 'primary'
  | 'coPrimary'
  | 'intermediatePrimary'
  | 'lockedSemiSync'
  | 'surplusSemiSync'
  | 'readOnlyPrimary'
  | 'groupMember'
  | 'detectionOnly'
  | 'none';

/** One row of the table. `code` is the wire name that clients and hooks match on. */
export interface Problem {
  readonly code: string;
  readonly summary: string;
  readonly recovery: RecoveryClass;
  readonly matches: (facts: Facts) => boolean;
}

type Test = (facts: Facts) => boolean;
const primary: Test = (f) => f.isPrimary;
const gone: Test = (f) => !f.valid;
const intermediate: Test = (f) => !f.isPrimary;
const allReachable: Test = (f) => f.replicas.valid === f.replicas.total;
const someReachable: Test = (f) => f.replicas.valid > 0 && f.replicas.valid < f.replicas.total;
const noWitness: Test = (f) => f.replicas.connected === 0;
const witness: Test = (f) => f.replicas.connected > 0;
const noneReplicates: Test = (f) => f.replicas.replicating === 0;
const laggingBehindSilence: Test = (f) =>
  f.replicas.valid > 0 && f.replicas.lagging === f.replicas.valid && f.replicas.delayed < f.replicas.valid;
const semiSyncWaits: Test = ({ valid, instance }) =>
  valid && waitsForAcknowledgements(instance) && acknowledgementsMissing(instance) > 0;
const all =
  (...tests: readonly Test[]): Test =>
  (facts) =>
    tests.every((test) => test(facts));

const row = (code: string, recovery: RecoveryClass, summary: string, ...tests: readonly Test[]): Problem => ({
  code,
  recovery,
  summary,
  matches: all(...tests),
});

/** The only row for members of a replication group: who leads there is the group's own affair. */
export const GROUP_PROBLEM: Problem = row(
  'DeadReplicationGroupMemberWithReplicas',
  'groupMember',
  'Group member unreachable; none of its replicas replicates',
  gone,
  (f) => f.replicas.total > 0,
  noneReplicates,
);

/** In order: the first row that matches names the problem. */
export const PROBLEMS: readonly Problem[] = [
  row(
    'DeadMasterWithoutReplicas',
    'none',
    'Primary unreachable; it has no replicas',
    primary,
    gone,
    (f) => f.replicas.total === 0,
  ),
  row(
    'DeadMaster',
    'primary',
    'Primary unreachable; every replica reachable, none connected to it',
    primary,
    gone,
    allReachable,
    noWitness,
  ),
  row(
    'DeadMasterAndReplicas',
    'detectionOnly',
    'Primary and all its replicas unreachable',
    primary,
    gone,
    (f) => f.replicas.valid === 0,
  ),
  row(
    'DeadMasterAndSomeReplicas',
    'primary',
    'Primary and some replicas unreachable; none of the others connected to it',
    primary,
    gone,
    someReachable,
    noWitness,
  ),
  row(
    'UnreachableMasterWithLaggingReplicas',
    'detectionOnly',
    'Primary unreachable; replicas claim to replicate and all lag',
    primary,
    gone,
    laggingBehindSilence,
    witness,
  ),
  row(
    'UnreachableMaster',
    'detectionOnly',
    'Primary unreachable to us; replicas are connected to it',
    primary,
    gone,
    (f) => !f.partialSuccess,
    witness,
  ),
  row(
    'UnreachableMaster',
    'detectionOnly',
    'Primary answers in part; some replicas cannot connect to it',
    primary,
    gone,
    (f) => f.replicas.failingToConnect > 0,
    witness,
  ),
  row(
    'LockedSemiSyncMaster',
    'lockedSemiSync',
    'Writes hang: fewer semi-sync replicas than the primary waits for',
    primary,
    semiSyncWaits,
    (f) => f.stale,
  ),
  row(
    'LockedSemiSyncMasterHypothesis',
    'none',
    'Fewer semi-sync replicas than the primary waits for',
    primary,
    semiSyncWaits,
  ),
  row(
    'MasterWithTooManySemiSyncReplicas',
    'surplusSemiSync',
    'More semi-sync replicas than the primary waits for',
    primary,
    ({ options, valid, instance }) =>
      options.enforceExactSemiSync &&
      valid &&
      waitsForAcknowledgements(instance) &&
      acknowledgementsMissing(instance) < 0,
  ),
  row(
    'NoWriteableMasterStructureWarning',
    'readOnlyPrimary',
    'Primary is read-only',
    primary,
    (f) => f.options.recoverNonWriteablePrimary && f.valid && f.instance.readOnly && f.replicas.replicating > 0,
  ),
  row(
    'MasterSingleReplicaNotReplicating',
    'none',
    'The only replica does not replicate',
    primary,
    (f) => f.valid && f.replicas.total === 1,
    allReachable,
    noneReplicates,
  ),
  row(
    'MasterSingleReplicaDead',
    'none',
    'The only replica is unreachable',
    primary,
    (f) => f.valid && f.replicas.total === 1 && f.replicas.valid === 0,
  ),
  row(
    'AllMasterReplicasNotReplicating',
    'detectionOnly',
    'Primary reachable; no replica replicates',
    primary,
    (f) => f.valid && f.replicas.total > 1,
    allReachable,
    noneReplicates,
  ),
  row(
    'AllMasterReplicasNotReplicatingOrDead',
    'detectionOnly',
    'Primary reachable; replicas either unreachable or not replicating',
    primary,
    (f) => f.valid && f.replicas.total > 1,
    someReachable,
    noneReplicates,
  ),
  row(
    'DeadCoMaster',
    'coPrimary',
    'Co-primary unreachable; no replica connected to it',
    (f) => f.isCoPrimary && f.replicas.total > 0,
    gone,
    allReachable,
    noWitness,
  ),
  row(
    'DeadCoMasterAndSomeReplicas',
    'coPrimary',
    'Co-primary and some replicas unreachable',
    (f) => f.isCoPrimary,
    gone,
    someReachable,
    noWitness,
  ),
  row(
    'UnreachableCoMaster',
    'none',
    'Co-primary unreachable to us; replicas are connected to it',
    (f) => f.isCoPrimary && !f.partialSuccess,
    gone,
    witness,
  ),
  row(
    'AllCoMasterReplicasNotReplicating',
    'none',
    'Co-primary reachable; no replica replicates',
    (f) => f.isCoPrimary && f.valid && f.replicas.total > 0,
    noneReplicates,
  ),
  row(
    'DeadIntermediateMasterWithSingleReplicaFailingToConnect',
    'intermediatePrimary',
    'Intermediate primary unreachable; its only replica cannot connect',
    intermediate,
    gone,
    (f) => f.replicas.total === 1 && f.replicas.failingToConnect === 1,
    allReachable,
    noWitness,
  ),
  row(
    'DeadIntermediateMasterWithSingleReplica',
    'none',
    'Intermediate primary unreachable; its only replica is not connected',
    intermediate,
    gone,
    (f) => f.replicas.total === 1,
    allReachable,
    noWitness,
  ),
  row(
    'DeadIntermediateMaster',
    'intermediatePrimary',
    'Intermediate primary unreachable; no replica connected to it',
    intermediate,
    gone,
    (f) => f.replicas.total > 1,
    allReachable,
    noWitness,
  ),
  row(
    'DeadIntermediateMasterAndSomeReplicas',
    'intermediatePrimary',
    'Intermediate primary and some of its replicas unreachable',
    intermediate,
    gone,
    someReachable,
    noWitness,
  ),
  row(
    'DeadIntermediateMasterAndReplicas',
    'detectionOnly',
    'Intermediate primary and all its replicas unreachable',
    intermediate,
    gone,
    (f) => f.replicas.total > 0 && f.replicas.valid === 0,
  ),
  row(
    'UnreachableIntermediateMasterWithLaggingReplicas',
    'detectionOnly',
    'Intermediate primary unreachable; its replicas all lag',
    intermediate,
    gone,
    laggingBehindSilence,
    witness,
  ),
  row(
    'UnreachableIntermediateMaster',
    'none',
    'Intermediate primary unreachable to us; replicas are connected to it',
    intermediate,
    gone,
    (f) => !f.partialSuccess,
    witness,
  ),
  row(
    'AllIntermediateMasterReplicasFailingToConnectOrDead',
    'intermediatePrimary',
    'Intermediate primary reachable; its replicas cannot connect or are unreachable',
    intermediate,
    (f) =>
      f.valid &&
      f.replicas.total > 1 &&
      f.replicas.failingToConnect > 0 &&
      f.replicas.failingToConnect === f.replicas.valid,
    noneReplicates,
  ),
  row(
    'AllIntermediateMasterReplicasNotReplicating',
    'none',
    'Intermediate primary reachable; no replica replicates',
    intermediate,
    (f) => f.valid && f.replicas.total > 0 && f.replicas.valid > 0,
    noneReplicates,
  ),
  row(
    'BinlogServerFailingToConnectToMaster',
    'none',
    'A binlog server cannot connect to its source',
    (f) => isBinlogServer(f.instance) && f.failingToConnect,
  ),
  row(
    'FirstTierReplicaFailingToConnectToMaster',
    'none',
    'A direct replica cannot connect to the primary',
    (f) => f.depth === 1 && f.failingToConnect,
  ),
];
