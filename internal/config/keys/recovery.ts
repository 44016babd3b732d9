import { bool, compat, int, later, list, regexps, uint } from './key.ts';

const clusters = { pattern: 'cluster filter' } as const;

export const DETECTION = {
  FailureDetectionPeriodBlockMinutes: int(60, 'How long the same problem of a server is not told of again.', {
    min: 0,
    unit: 'min',
  }),
  ReduceReplicationAnalysisCount: bool(true, 'Leaves servers without problems out of the analysis.', later),
  RecoveryIgnoreHostnameFilters: list([], 'Servers that are never analysed, by the host name alone.', regexps),
};

export const RECOVERY = {
  RecoverMasterClusterFilters: list(
    [],
    'Clusters whose dead primary is replaced by itself: name or alias, `alias=X`, `alias~=REGEXP`, `*`, or a regular expression on the name. Empty: none.',
    clusters,
  ),
  RecoverIntermediateMasterClusterFilters: list([], 'The same for primaries in the middle of a topology.', clusters),
  PromotionIgnoreHostnameFilters: list([], 'Servers that are never promoted, by `host:port`.', regexps),
  RecoveryPeriodBlockSeconds: int(
    3600,
    'How long a cluster is left alone after a recovery, unless that is acknowledged; 0: not at all.',
    {
      min: 0,
      unit: 's',
    },
  ),
  RecoveryPeriodBlockMinutes: int(60, 'The same in minutes; counts where only it is set.', {
    ...compat,
    min: 0,
    unit: 'min',
  }),
  ApplyMySQLPromotionAfterMasterFailover: bool(true, 'Makes a promoted server writable and ends its replication.'),
  PreventCrossDataCenterMasterFailover: bool(false, 'No promotion into another data centre.'),
  PreventCrossRegionMasterFailover: bool(false, 'No promotion into another region.'),
  FailMasterPromotionOnLagMinutes: uint(
    0,
    'No promotion of a candidate that lags at least this much; 0: whatever it lags. Needs `ReplicationLagQuery`.',
    {
      unit: 'min',
    },
  ),
  FailMasterPromotionIfSQLThreadNotUpToDate: bool(
    false,
    'No promotion of a candidate that has not applied all it received. Not along with the next key.',
  ),
  DelayMasterPromotionIfSQLThreadNotUpToDate: bool(
    false,
    'Waits for such a candidate, and never promotes it before: `PromoteOnDrainTimeout` does not count then. Waiting is always done, up to `PromotionDrainTimeoutMilliseconds`.',
  ),
  DetachLostReplicasAfterMasterFailover: bool(
    false,
    'Breaks, reversibly, the replication of replicas that could not be kept.',
  ),
  DetachLostSlavesAfterMasterFailover: bool(
    true,
    'Old name; its default makes the new one true unless that is set.',
    compat,
  ),
  MasterFailoverDetachReplicaMasterHost: bool(
    false,
    'Breaks the replication of the chosen server itself where `ApplyMySQLPromotionAfterMasterFailover` is off; elsewhere that ends anyway.',
  ),
  MasterFailoverDetachSlaveMasterHost: bool(false, 'Old name of the key above.', compat),
  MasterFailoverLostInstancesDowntimeMinutes: uint(
    0,
    'How long lost servers are downtimed. Always one year, or until they replicate.',
    {
      ...compat,
      ...later,
      unit: 'min',
    },
  ),
  CoMasterRecoveryMustPromoteOtherCoMaster: bool(true, 'A dead co-primary is replaced by its partner or by nobody.'),
  RecoverNonWriteableMaster: bool(
    false,
    'A primary that is read-only is a problem, and is made writable unless another server of the cluster takes writes.',
  ),
  PostponeReplicaRecoveryOnLagMinutes: uint(
    0,
    'Replicas that are further behind than this, by their delay or their lag, are taken care of last; 0: none.',
    { unit: 'min' },
  ),
  PostponeSlaveRecoveryOnLagMinutes: uint(0, 'Old name of the key above.', { ...compat, unit: 'min' }),
};

export const SEMI_SYNC = {
  EnforceExactSemiSyncReplicas: bool(
    false,
    'As many semi-sync replicas as the primary waits for, no fewer and no more.',
  ),
  RecoverLockedSemiSyncMaster: bool(
    false,
    'Enables semi-sync replicas of a primary that waits for more than there are.',
  ),
  ReasonableLockedSemiSyncMasterSeconds: uint(
    0,
    'How long a primary must wait to count as locked; 0: `ReasonableReplicationLagSeconds`.',
    {
      unit: 's',
    },
  ),
};
