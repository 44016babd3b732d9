// Every key of the configuration file: name, type and default. The names are contract; those of the last area are ours.

export type ValueType = 'bool' | 'int' | 'uint' | 'float' | 'string' | 'string[]' | 'map';

/** `core`: must work; `compat`: accepted; `retired`: accepted, without effect. */
export type Mark = 'core' | 'compat' | 'retired';

export interface ConfigKey<T extends ValueType = ValueType> {
  readonly type: T;
  readonly default: T extends 'bool'
    ? boolean
    : T extends 'string'
      ? string
      : T extends 'string[]'
        ? readonly string[]
        : T extends 'map'
          ? Readonly<Record<string, string>>
          : number;
  readonly mark: Mark;
}

const bool = (value: boolean, mark: Mark = 'core') => ({ type: 'bool', default: value, mark }) as const;
const text = (value: string, mark: Mark = 'core') => ({ type: 'string', default: value, mark }) as const;
const int = (value: number, mark: Mark = 'core') => ({ type: 'int', default: value, mark }) as const;
const uint = (value: number, mark: Mark = 'core') => ({ type: 'uint', default: value, mark }) as const;
const float = (value: number, mark: Mark = 'core') => ({ type: 'float', default: value, mark }) as const;
const list = (value: readonly string[] = [], mark: Mark = 'core') =>
  ({ type: 'string[]', default: value, mark }) as const;
const map = (mark: Mark = 'core') => ({ type: 'map', default: {} as Readonly<Record<string, string>>, mark }) as const;

export const CONFIG_KEYS = {
  // General and logging
  Debug: bool(false),
  EnableSyslog: bool(false, 'compat'),
  PrependMessagesWithOrcIdentity: text('', 'compat'),
  CustomOrcIdentity: text('', 'compat'),
  // Backend database: common and MySQL
  BackendDB: text('mysql'),
  SkipOrchestratorDatabaseUpdate: bool(false),
  PanicIfDifferentDatabaseDeploy: bool(false, 'compat'),
  MySQLOrchestratorHost: text(''),
  MySQLOrchestratorPort: uint(3306),
  MySQLOrchestratorDatabase: text(''),
  MySQLOrchestratorUser: text(''),
  MySQLOrchestratorPassword: text(''),
  MySQLOrchestratorCredentialsConfigFile: text(''),
  MySQLOrchestratorSSLPrivateKeyFile: text(''),
  MySQLOrchestratorSSLCertFile: text(''),
  MySQLOrchestratorSSLCAFile: text(''),
  MySQLOrchestratorSSLSkipVerify: bool(false),
  MySQLOrchestratorUseMutualTLS: bool(false),
  MySQLOrchestratorMaxPoolConnections: int(128),
  MySQLOrchestratorReadTimeoutSeconds: int(30),
  MySQLOrchestratorRejectReadOnly: bool(false, 'compat'),
  MySQLOrchestratorMaxAllowedPacket: int(-1, 'compat'),
  MySQLConnectTimeoutSeconds: int(2),
  MySQLConnectionLifetimeSeconds: int(0, 'compat'),
  BufferInstanceWrites: bool(false, 'compat'),
  InstanceWriteBufferSize: int(100, 'compat'),
  InstanceFlushIntervalMilliseconds: int(100, 'compat'),
  // Backend database: SQLite
  SQLite3DataFile: text(''),
  // Topology servers: credentials and TLS
  MySQLTopologyUser: text(''),
  MySQLTopologyPassword: text(''),
  MySQLTopologyCredentialsConfigFile: text(''),
  MySQLTopologySSLPrivateKeyFile: text(''),
  MySQLTopologySSLCertFile: text(''),
  MySQLTopologySSLCAFile: text(''),
  MySQLTopologySSLSkipVerify: bool(false),
  MySQLTopologyUseMutualTLS: bool(false),
  MySQLTopologyUseMixedTLS: bool(true),
  TLSCacheTTLFactor: uint(100, 'compat'),
  MySQLTopologyMaxAllowedPacket: int(-1, 'compat'),
  MySQLDiscoveryReadTimeoutSeconds: int(10),
  MySQLTopologyReadTimeoutSeconds: int(600),
  // Discovery and polling
  DefaultInstancePort: int(3306),
  InstancePollSeconds: uint(5),
  ReasonableInstanceCheckSeconds: uint(1),
  DiscoveryMaxConcurrency: uint(300),
  DiscoveryQueueCapacity: uint(100000, 'compat'),
  DiscoveryQueueMaxStatisticsSize: int(120, 'compat'),
  DiscoveryCollectionRetentionSeconds: uint(120, 'compat'),
  DiscoverySeeds: list(),
  DiscoverByShowSlaveHosts: bool(false),
  DeadInstanceDiscoveryMaxConcurrency: uint(0),
  DeadInstancePollSecondsMultiplyFactor: float(1),
  DeadInstancePollSecondsMax: uint(300),
  DeadInstanceDiscoveryLogsEnabled: bool(false, 'compat'),
  DiscoveryIgnoreHostnameFilters: list(),
  DiscoveryIgnoreMasterHostnameFilters: list(),
  DiscoveryIgnoreReplicaHostnameFilters: list(),
  DiscoveryIgnoreReplicationUsernameFilters: list(),
  EnableDiscoveryFiltersLogs: bool(true, 'compat'),
  UnseenInstanceForgetHours: uint(240),
  SnapshotTopologiesIntervalHours: uint(0, 'compat'),
  SkipMaxScaleCheck: bool(true, 'compat'),
  InstanceBulkOperationsWaitTimeoutSeconds: uint(10),
  MaxConcurrentReplicaOperations: int(5),
  ReplicationLagQuery: text(''),
  SlaveLagQuery: text('', 'compat'),
  ReasonableReplicationLagSeconds: int(10),
  ReasonableMaintenanceReplicationLagSeconds: int(20),
  VerifyReplicationFilters: bool(false),
  LowerReplicaVersionAllowed: bool(false),
  UseSuperReadOnly: bool(false),
  ReplicationCredentialsQuery: text(''),
  OSCIgnoreHostnameFilters: list([], 'compat'),
  CandidateInstanceExpireMinutes: uint(60),
  SupportFuzzyPoolHostnames: bool(true, 'compat'),
  InstancePoolExpiryMinutes: uint(60, 'compat'),
  // Host name resolution
  HostnameResolveMethod: text('default'),
  MySQLHostnameResolveMethod: text('@@hostname'),
  SkipBinlogServerUnresolveCheck: bool(true, 'compat'),
  ExpiryHostnameResolvesMinutes: int(60),
  RejectHostnameResolvePattern: text(''),
  // Classification: queries and patterns
  ClusterNameToAlias: map(),
  DetectClusterAliasQuery: text(''),
  DetectClusterDomainQuery: text(''),
  DetectInstanceAliasQuery: text(''),
  DetectPromotionRuleQuery: text(''),
  DataCenterPattern: text(''),
  RegionPattern: text(''),
  PhysicalEnvironmentPattern: text(''),
  DetectDataCenterQuery: text(''),
  DetectRegionQuery: text(''),
  DetectPhysicalEnvironmentQuery: text(''),
  DetectSemiSyncEnforcedQuery: text(''),
  // Pseudo-GTID
  AutoPseudoGTID: bool(false, 'compat'),
  PseudoGTIDPattern: text('', 'compat'),
  PseudoGTIDPatternIsFixedSubstring: bool(false, 'compat'),
  PseudoGTIDMonotonicHint: text('', 'compat'),
  DetectPseudoGTIDQuery: text('', 'compat'),
  BinlogEventsChunkSize: int(10000, 'compat'),
  SkipBinlogEventsContaining: list([], 'compat'),
  // HTTP listener, TLS and status
  ListenAddress: text(':3000'),
  ListenSocket: text(''),
  HTTPAdvertise: text(''),
  URLPrefix: text(''),
  UseSSL: bool(false),
  SSLPrivateKeyFile: text(''),
  SSLCertFile: text(''),
  SSLCAFile: text(''),
  SSLSkipVerify: bool(false),
  UseMutualTLS: bool(false),
  SSLValidOUs: list(),
  StatusEndpoint: text('/api/status'),
  StatusOUVerify: bool(false),
  // Authentication and authorisation
  ReadOnly: bool(false),
  AuthenticationMethod: text(''),
  HTTPAuthUser: text(''),
  HTTPAuthPassword: text(''),
  AuthUserHeader: text('X-Forwarded-User'),
  PowerAuthUsers: list(['*']),
  PowerAuthGroups: list([], 'compat'),
  AccessTokenUseExpirySeconds: uint(60),
  AccessTokenExpiryMinutes: uint(1440),
  OAuthClientId: text('', 'retired'),
  OAuthClientSecret: text('', 'retired'),
  OAuthScopes: list([], 'retired'),
  // Raft
  RaftEnabled: bool(false),
  RaftDataDir: text(''),
  RaftBind: text('127.0.0.1:10008'),
  RaftAdvertise: text(''),
  DefaultRaftPort: int(10008),
  RaftNodes: list(),
  ExpectFailureAnalysisConcensus: bool(true, 'retired'),
  // Failure detection
  FailureDetectionPeriodBlockMinutes: int(60),
  ReduceReplicationAnalysisCount: bool(true),
  RecoveryIgnoreHostnameFilters: list(),
  // Recovery, filters and anti-flapping
  RecoverMasterClusterFilters: list(),
  RecoverIntermediateMasterClusterFilters: list(),
  PromotionIgnoreHostnameFilters: list(),
  RecoveryPeriodBlockSeconds: int(3600),
  RecoveryPeriodBlockMinutes: int(60, 'compat'),
  ApplyMySQLPromotionAfterMasterFailover: bool(true),
  PreventCrossDataCenterMasterFailover: bool(false),
  PreventCrossRegionMasterFailover: bool(false),
  FailMasterPromotionOnLagMinutes: uint(0),
  FailMasterPromotionIfSQLThreadNotUpToDate: bool(false),
  DelayMasterPromotionIfSQLThreadNotUpToDate: bool(false),
  DetachLostReplicasAfterMasterFailover: bool(false),
  DetachLostSlavesAfterMasterFailover: bool(true, 'compat'),
  MasterFailoverDetachReplicaMasterHost: bool(false),
  MasterFailoverDetachSlaveMasterHost: bool(false, 'compat'),
  MasterFailoverLostInstancesDowntimeMinutes: uint(0, 'compat'),
  CoMasterRecoveryMustPromoteOtherCoMaster: bool(true),
  RecoverNonWriteableMaster: bool(false),
  PostponeReplicaRecoveryOnLagMinutes: uint(0),
  PostponeSlaveRecoveryOnLagMinutes: uint(0, 'compat'),
  // Hooks
  ProcessesShellCommand: text('bash'),
  OnFailureDetectionProcesses: list(),
  PreGracefulTakeoverProcesses: list(),
  PreFailoverProcesses: list(),
  PostFailoverProcesses: list(),
  PostUnsuccessfulFailoverProcesses: list(),
  PostMasterFailoverProcesses: list(),
  PostIntermediateMasterFailoverProcesses: list(),
  PostGracefulTakeoverProcesses: list(),
  PostTakeMasterProcesses: list(),
  // Semi-sync
  EnforceExactSemiSyncReplicas: bool(false),
  RecoverLockedSemiSyncMaster: bool(false),
  ReasonableLockedSemiSyncMasterSeconds: uint(0),
  // Key-value stores
  KVClusterMasterPrefix: text('mysql/master'),
  ConsulAddress: text(''),
  ConsulScheme: text('http'),
  ConsulAclToken: text(''),
  ConsulCrossDataCenterDistribution: bool(false),
  ConsulKVStoreProvider: text('consul'),
  ConsulMaxKVsPerTransaction: int(5),
  ZkAddress: text('', 'compat'),
  // Web interface
  RemoveTextFromHostnameDisplay: text(''),
  WebMessage: text(''),
  ProblemIgnoreHostnameFilters: list(),
  // Audit
  AuditLogFile: text(''),
  AuditToSyslog: bool(false, 'compat'),
  AuditToBackendDB: bool(false),
  AuditPurgeDays: uint(7),
  // Graphite metrics
  GraphiteAddr: text('', 'compat'),
  GraphitePath: text('', 'compat'),
  GraphiteConvertHostnameDotsToUnderscores: bool(true, 'compat'),
  GraphitePollSeconds: int(60, 'compat'),
  // Agents
  ServeAgentsHttp: bool(false, 'retired'),
  AgentsServerPort: text(':3001', 'retired'),
  AgentsUseSSL: bool(false, 'retired'),
  AgentsUseMutualTLS: bool(false, 'retired'),
  AgentSSLSkipVerify: bool(false, 'retired'),
  AgentSSLPrivateKeyFile: text('', 'retired'),
  AgentSSLCertFile: text('', 'retired'),
  AgentSSLCAFile: text('', 'retired'),
  AgentSSLValidOUs: list([], 'retired'),
  AgentPollMinutes: uint(60, 'retired'),
  UnseenAgentForgetHours: uint(6, 'retired'),
  StaleSeedFailMinutes: uint(60, 'retired'),
  SeedAcceptableBytesDiff: int(8192, 'retired'),
  SeedWaitSecondsBeforeSend: int(2, 'retired'),
  // Ours
  FenceReplacedPrimary: bool(true),
  PrimaryDownGraceMilliseconds: uint(0),
  ProbeIntervalMilliseconds: uint(1000),
  ProbeReadTimeoutMilliseconds: uint(1000),
  SuspectProbeTimeoutMilliseconds: uint(400),
  SuspectProbeIntervalMilliseconds: uint(50),
  SuspectWindowMilliseconds: uint(5000),
  PromotionDrainTimeoutMilliseconds: uint(30000),
  PromoteOnDrainTimeout: bool(false),
  RecoveryStepTimeoutMilliseconds: uint(10000),
  FenceRetryMilliseconds: uint(100),
  FailedRecoveryRetryMilliseconds: uint(10_000),
  RecoveryMaxRounds: uint(3),
  ReconnectSettleMilliseconds: uint(1_000),
  RefusedStatementRetrySeconds: uint(600),
  AttachWatchTimeoutMilliseconds: uint(2_000),
  AttachWatchIntervalMilliseconds: uint(20),
  DetectionHoldMilliseconds: uint(1_000),
  FenceAttemptTimeoutMilliseconds: uint(10000),
  ReconnectReplicasThrottleSeconds: uint(30),
  HookTimeoutSeconds: uint(60),
  BackendFlushIntervalMilliseconds: uint(200),
} as const satisfies Readonly<Record<string, ConfigKey>>;

type Widen<T> = T extends boolean ? boolean : T extends number ? number : T extends string ? string : T;
export type ConfigName = keyof typeof CONFIG_KEYS;
/** The configuration in force: every key with a value, frozen. */
export type Config = { readonly [K in ConfigName]: Widen<(typeof CONFIG_KEYS)[K]['default']> };
