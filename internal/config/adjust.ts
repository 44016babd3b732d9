// Rules that need more than one key, applied once every file was read: synonyms, fillings, contradictions, bounds.

import { configInvalid } from './invalid.ts';
import type { Config, ConfigName } from './keys.ts';

export type Draft = { -readonly [K in ConfigName]: Config[K] };

/**
 * Changes `config` in place. `isSet` says whether a file named the key.
 *
 * @returns warnings, one line each.
 * @throws {OrchestratorError} `CONFIG_INVALID` where keys contradict each other or a needed one is missing.
 */
export function adjust(config: Draft, isSet: (name: ConfigName) => boolean): string[] {
  const warnings: string[] = [];
  resolveSynonyms(config, isSet);
  refuseContradictions(config);
  normalise(config);
  raiseToMinimum(config, warnings);
  warnOfUnknownChoices(config, warnings);
  warnOfPatterns(config, warnings);
  return warnings;
}

/** Old names of today's keys. An old name that differs from its new one is refused, because nobody can say which was meant. */
function resolveSynonyms(config: Draft, isSet: (name: ConfigName) => boolean): void {
  const minutesOnly = isSet('RecoveryPeriodBlockMinutes') && !isSet('RecoveryPeriodBlockSeconds');
  if ((minutesOnly || config.RecoveryPeriodBlockSeconds === 0) && config.RecoveryPeriodBlockMinutes > 0)
    config.RecoveryPeriodBlockSeconds = 60 * config.RecoveryPeriodBlockMinutes;

  if (
    config.SlaveLagQuery !== '' &&
    config.ReplicationLagQuery !== '' &&
    config.SlaveLagQuery !== config.ReplicationLagQuery
  )
    throw configInvalid(
      'SlaveLagQuery is the old name of ReplicationLagQuery and they differ: keep ReplicationLagQuery',
    );
  if (config.ReplicationLagQuery === '') config.ReplicationLagQuery = config.SlaveLagQuery;
  config.SlaveLagQuery = '';

  const { PostponeSlaveRecoveryOnLagMinutes: oldMinutes, PostponeReplicaRecoveryOnLagMinutes: newMinutes } = config;
  if (oldMinutes !== 0 && newMinutes !== 0 && oldMinutes !== newMinutes)
    throw configInvalid(
      'PostponeSlaveRecoveryOnLagMinutes is the old name of PostponeReplicaRecoveryOnLagMinutes and they differ: keep the new name',
    );
  if (oldMinutes !== 0) config.PostponeReplicaRecoveryOnLagMinutes = oldMinutes;

  const detachLost =
    isSet('DetachLostReplicasAfterMasterFailover') && !isSet('DetachLostSlavesAfterMasterFailover')
      ? config.DetachLostReplicasAfterMasterFailover
      : config.DetachLostReplicasAfterMasterFailover || config.DetachLostSlavesAfterMasterFailover;
  config.DetachLostReplicasAfterMasterFailover = detachLost;
  config.DetachLostSlavesAfterMasterFailover = detachLost;
  if (config.MasterFailoverDetachSlaveMasterHost) config.MasterFailoverDetachReplicaMasterHost = true;
}

function refuseContradictions(config: Draft): void {
  if (config.FailMasterPromotionIfSQLThreadNotUpToDate && config.DelayMasterPromotionIfSQLThreadNotUpToDate)
    throw configInvalid(
      'FailMasterPromotionIfSQLThreadNotUpToDate and DelayMasterPromotionIfSQLThreadNotUpToDate exclude each other: set one of them',
    );
  if (config.FailMasterPromotionOnLagMinutes > 0 && config.ReplicationLagQuery.trim() === '')
    throw configInvalid('FailMasterPromotionOnLagMinutes needs ReplicationLagQuery: set it, or set the minutes to 0');
  const sqlite = config.BackendDB.includes('sqlite');
  if (!sqlite && config.BackendDB !== '' && config.BackendDB !== 'mysql')
    throw configInvalid('BackendDB must be mysql or sqlite3');
  if (sqlite && config.SQLite3DataFile === '')
    throw configInvalid('BackendDB is SQLite and SQLite3DataFile is empty: set it to the path of the data file');
  for (const name of ['RaftDataDir', 'RaftBind'] as const)
    if (config.RaftEnabled && config[name] === '') throw configInvalid(`RaftEnabled needs ${name}: set it`);
  if (
    config.HTTPAdvertise !== '' &&
    !/^[a-z][a-z0-9+.-]*:\/\/(\[[^\]/?#@]+\]|[^:/?#@]+):\d+$/i.test(config.HTTPAdvertise)
  )
    throw configInvalid('HTTPAdvertise must be scheme://host:port, without a path');
  if (config.AuthenticationMethod.toLowerCase() === 'multi' && config.HTTPAuthUser === '')
    throw configInvalid('AuthenticationMethod multi needs HTTPAuthUser: set it');
  if (config.DeadInstancePollSecondsMultiplyFactor < 1)
    throw configInvalid('DeadInstancePollSecondsMultiplyFactor must be 1 or more');
  if (config.DeadInstancePollSecondsMax < config.InstancePollSeconds)
    throw configInvalid(
      `DeadInstancePollSecondsMax (${config.DeadInstancePollSecondsMax}) is below InstancePollSeconds (${config.InstancePollSeconds}): raise it`,
    );
}

function normalise(config: Draft): void {
  if (config.URLPrefix !== '') {
    const path = config.URLPrefix.replace(/^\/+|\/+$/g, '');
    config.URLPrefix = path === '' ? '' : `/${path}`;
  }
  if (config.RaftAdvertise === '') config.RaftAdvertise = config.RaftBind;
  if (config.KVClusterMasterPrefix !== '/')
    config.KVClusterMasterPrefix = `${config.KVClusterMasterPrefix.replace(/\/+$/, '')}/`;
  if (config.AutoPseudoGTID) {
    config.PseudoGTIDPattern = 'drop view if exists `_pseudo_gtid_`';
    config.PseudoGTIDPatternIsFixedSubstring = true;
    config.PseudoGTIDMonotonicHint = 'asc:';
    config.DetectPseudoGTIDQuery = 'select 1';
  }
  if (config.InstanceWriteBufferSize <= 0) config.BufferInstanceWrites = false;
  config.ConsulMaxKVsPerTransaction = Math.min(64, Math.max(5, config.ConsulMaxKVsPerTransaction));
  if (config.ReasonableLockedSemiSyncMasterSeconds === 0)
    config.ReasonableLockedSemiSyncMasterSeconds = config.ReasonableReplicationLagSeconds;
}

/** Periods and limits that stop the program from working, or make it spin, below these values. */
const MINIMUM = {
  InstancePollSeconds: 1,
  MaxConcurrentReplicaOperations: 1,
  ExpiryHostnameResolvesMinutes: 1,
  DiscoveryMaxConcurrency: 1,
  ProbeIntervalMilliseconds: 10,
  ProbeReadTimeoutMilliseconds: 10,
  SuspectProbeTimeoutMilliseconds: 10,
  SuspectProbeIntervalMilliseconds: 10,
  RecoveryStepTimeoutMilliseconds: 100,
  FenceRetryMilliseconds: 10,
  FenceAttemptTimeoutMilliseconds: 100,
  BackendFlushIntervalMilliseconds: 10,
  HookTimeoutSeconds: 1,
} as const satisfies Partial<Record<ConfigName, number>>;

function raiseToMinimum(config: Draft, warnings: string[]): void {
  for (const name of Object.keys(MINIMUM) as (keyof typeof MINIMUM)[]) {
    if (config[name] >= MINIMUM[name]) continue;
    warnings.push(`${name} is ${config[name]}: using ${MINIMUM[name]}, the least that works`);
    config[name] = MINIMUM[name];
  }
}

/** Compared in lower case; a value outside its list acts as the default and is worth a word. */
const CHOICES = {
  HostnameResolveMethod: ['none', 'default', 'cname', 'ip'],
  MySQLHostnameResolveMethod: ['@@hostname', 'hostname', 'default', '@@report_host', 'report_host', 'none', ''],
  AuthenticationMethod: ['', 'basic', 'multi', 'proxy', 'token', 'oauth'],
  ConsulKVStoreProvider: ['consul', 'consul-txn', 'consul_txn'],
  ConsulScheme: ['http', 'https'],
  PrependMessagesWithOrcIdentity: ['', 'none', 'fqdn', 'hostname', 'custom'],
} as const satisfies Partial<Record<ConfigName, readonly string[]>>;

function warnOfUnknownChoices(config: Draft, warnings: string[]): void {
  for (const name of Object.keys(CHOICES) as (keyof typeof CHOICES)[]) {
    const choices: readonly string[] = CHOICES[name];
    if (choices.includes(config[name].toLowerCase())) continue;
    warnings.push(`${name}: unknown value: use one of ${choices.filter((choice) => choice !== '').join(', ')}`);
  }
}

const PATTERN_LISTS = [
  'DiscoveryIgnoreHostnameFilters',
  'DiscoveryIgnoreMasterHostnameFilters',
  'DiscoveryIgnoreReplicaHostnameFilters',
  'DiscoveryIgnoreReplicationUsernameFilters',
  'RecoveryIgnoreHostnameFilters',
  'PromotionIgnoreHostnameFilters',
  'ProblemIgnoreHostnameFilters',
  'OSCIgnoreHostnameFilters',
] as const;
const CLUSTER_FILTERS = ['RecoverMasterClusterFilters', 'RecoverIntermediateMasterClusterFilters'] as const;
const PATTERNS = [
  'RejectHostnameResolvePattern',
  'DataCenterPattern',
  'RegionPattern',
  'PhysicalEnvironmentPattern',
] as const;

function warnOfPatterns(config: Draft, warnings: string[]): void {
  const check = (name: string, pattern: string) => {
    try {
      new RegExp(pattern);
    } catch {
      warnings.push(`${name}: "${pattern}" is not a valid regular expression here and never matches: correct it`);
    }
  };
  for (const name of PATTERN_LISTS) for (const pattern of config[name]) check(name, pattern);
  for (const name of PATTERNS) check(name, config[name]);
  for (const name of CLUSTER_FILTERS) {
    for (const filter of config[name]) {
      if (filter === '*' || /^alias=(?!~)/.test(filter)) continue;
      check(name, filter.replace(/^alias~=/, ''));
    }
  }
}
