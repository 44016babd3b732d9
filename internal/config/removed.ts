/** Keys of older releases, with what became of them. */
export const REMOVED: Readonly<Record<string, string>> = {
  DatabaselessMode__experimental: 'the mode is gone',
  BufferBinlogEvents: 'binary log events are always buffered',
  BinlogFileHistoryDays: 'fixed at 1 day',
  MaintenanceOwner: 'fixed: orchestrator',
  ReadLongRunningQueries: 'long queries are not collected',
  DiscoveryPollSeconds: 'discovery follows InstancePollSeconds',
  ActiveNodeExpireSeconds: 'fixed at 5 seconds',
  AuditPageSize: 'fixed at 20 rows',
  SlaveStartPostWaitMilliseconds: 'nothing waits there any more',
  MySQLTopologyMaxPoolConnections: 'fixed per server',
  MaintenancePurgeDays: 'fixed at 7 days',
  MaintenanceExpireMinutes: 'fixed at 10 minutes',
  HttpTimeoutSeconds: 'fixed',
  AgentAutoDiscover: 'agents are gone',
  PseudoGTIDCoordinatesHistoryHeuristicMinutes: 'fixed at 2 minutes',
  PseudoGTIDPreferIndependentMultiMatch: 'gone',
  MaxOutdatedKeysToShow: 'gone',
};

/** Found in samples that people copy from; no release ever read them, so nobody is told. */
export const NEVER_EXISTED: ReadonlySet<string> = new Set([
  'StatusSimpleHealth',
  'AutoRecoveryGloballyEnabled',
  'MySQLMaxAllowedPacket',
]);
