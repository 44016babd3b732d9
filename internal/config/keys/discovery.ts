import { bool, compat, float, int, later, list, regexps, text, uint } from './key.ts';

export const DISCOVERY = {
  DefaultInstancePort: int(3306, 'Port of a server that is named without one.', { max: 65_535 }),
  InstancePollSeconds: uint(5, 'Longest period of probes; `ProbeIntervalMilliseconds` is usually shorter.', {
    unit: 's',
    min: 1,
  }),
  ReasonableInstanceCheckSeconds: uint(
    1,
    'How much longer than `InstancePollSeconds` a read counts; never less than three periods of probes.',
    { unit: 's' },
  ),
  DiscoveryMaxConcurrency: uint(300, 'Most probes at the same time.', { unit: 'probes', min: 1 }),
  DiscoveryQueueCapacity: uint(100_000, 'Length of the queue of probes. Ours has one entry per server.', {
    ...compat,
    ...later,
    unit: 'entries',
  }),
  DiscoveryQueueMaxStatisticsSize: int(120, 'How much of the length of the queue is remembered, one a second.', {
    ...compat,
    min: 0,
    unit: 'samples',
  }),
  DiscoveryCollectionRetentionSeconds: uint(120, 'How long each probe and each write to the backend is remembered.', {
    ...compat,
    unit: 's',
  }),
  DiscoverySeeds: list(
    [],
    'Servers, `host[:port]`, from which everything else is found. A reload watches those that were added.',
  ),
  DiscoverByShowSlaveHosts: bool(
    false,
    'Finds replicas by what they report to their source; by the sessions that it serves only where none reports. Otherwise by both.',
  ),
  DeadInstanceDiscoveryMaxConcurrency: uint(0, 'Most probes of failed servers at the same time; 0: 20.', {
    unit: 'probes',
  }),
  DeadInstancePollSecondsMultiplyFactor: float(
    1,
    'Factor by which the period of a failed server grows with each try; 1 or more.',
  ),
  DeadInstancePollSecondsMax: uint(300, 'Longest period of a failed server; not below `InstancePollSeconds`.', {
    unit: 's',
  }),
  DeadInstanceDiscoveryLogsEnabled: bool(
    false,
    'Logs, where debugging, when each failed server is tried again.',
    compat,
  ),
  DiscoveryIgnoreHostnameFilters: list([], 'Servers that are never probed, by `host:port`.', regexps),
  DiscoveryIgnoreMasterHostnameFilters: list([], 'Sources that are not followed upwards, by `host:port`.', regexps),
  DiscoveryIgnoreReplicaHostnameFilters: list([], 'Replicas that are not followed downwards, by `host:port`.', regexps),
  DiscoveryIgnoreReplicationUsernameFilters: list(
    [],
    'Replicas that are left out, by the user with which they replicate.',
    regexps,
  ),
  EnableDiscoveryFiltersLogs: bool(true, 'Logs what the key above left out.', compat),
  UnseenInstanceForgetHours: uint(240, 'Age at which a server that was not seen is forgotten.', { unit: 'h', min: 1 }),
  SnapshotTopologiesIntervalHours: uint(
    0,
    'Period of stored pictures of all topologies; 0: none. In a group each node takes its own.',
    {
      ...compat,
      unit: 'h',
    },
  ),
  SkipMaxScaleCheck: bool(
    true,
    'Asks no server whether it is a MaxScale binlog server; one whose version says so is known.',
    compat,
  ),
  InstanceBulkOperationsWaitTimeoutSeconds: uint(10, 'How long each of many replicas is waited for.', {
    ...later,
    unit: 's',
  }),
  MaxConcurrentReplicaOperations: int(5, 'Most replicas that are moved at the same time.', { min: 1 }),
  ReplicationLagQuery: text('', 'SQL that answers the lag in whole seconds, in place of what the server reports.'),
  SlaveLagQuery: text('', 'Old name of `ReplicationLagQuery`.', compat),
  ReasonableReplicationLagSeconds: int(10, 'Lag above it is a problem.', { min: 0, unit: 's' }),
  ReasonableMaintenanceReplicationLagSeconds: int(
    20,
    'Lag above it stops a planned takeover or a move; also how long a takeover waits for its candidate.',
    { min: 0, unit: 's' },
  ),
  VerifyReplicationFilters: bool(false, 'No replica goes below a server that filters what it replicates.'),
  LowerReplicaVersionAllowed: bool(false, 'A replica may be older than its source.'),
  UseSuperReadOnly: bool(
    false,
    'Has `set-read-only` set `super_read_only`, too. Recoveries do so wherever the server has it.',
  ),
  ReplicationCredentialsQuery: text(
    '',
    'SQL that answers user and password for replication, run on the server that is to replicate. Empty: the own table of the server.',
    { secret: true }, // both may stand in its text
  ),
  OSCIgnoreHostnameFilters: list([], 'Replicas left out where online schema changes look for lag.', {
    ...compat,
    ...regexps,
  }),
  CandidateInstanceExpireMinutes: uint(
    60,
    'How long a promotion rule is kept whose server is not watched; a `must_not` stays.',
    {
      unit: 'min',
    },
  ),
  SupportFuzzyPoolHostnames: bool(true, 'Pools may be submitted with parts of host names.', compat),
  InstancePoolExpiryMinutes: uint(60, 'How long a server stays in its pool.', { ...compat, unit: 'min' }),
};
