// Rules that need more than one key, applied once every file was read: synonyms, fillings, contradictions, bounds.

import { hookDoubts } from './hook-doubts.ts';
import { configInvalid } from './invalid.ts';
import { CONFIG_NAMES, type Config, type ConfigName } from './keys.ts';
import { doubts, raiseToMinimum } from './values.ts';

export type Draft = { -readonly [K in ConfigName]: Config[K] };

/**
 * Changes `config` in place. `isSet` says whether a file named the key.
 *
 * @returns warnings, one line each.
 * @throws {OrchestratorError} `CONFIG_INVALID` where keys contradict each other or a needed one is missing.
 */
export function adjust(config: Draft, isSet: (name: ConfigName) => boolean): string[] {
  const warnings = raiseToMinimum(config);
  resolveSynonyms(config, isSet);
  refuseContradictions(config);
  normalise(config);
  return [...warnings, ...CONFIG_NAMES.flatMap((name) => doubts(name, config[name])), ...hookDoubts(config)];
}

/** Old names of today's keys. An old name that differs from its new one is refused, because nobody can say which was meant. */
function resolveSynonyms(config: Draft, isSet: (name: ConfigName) => boolean): void {
  const minutesOnly = isSet('RecoveryPeriodBlockMinutes') && !isSet('RecoveryPeriodBlockSeconds');
  if (minutesOnly || config.RecoveryPeriodBlockSeconds === 0)
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
  if (config.RaftEnabled) refuseUnsoundTimes(config);
  if (
    config.HTTPAdvertise !== '' &&
    !/^[a-z][a-z0-9+.-]*:\/\/(\[[^\]/?#@]+\]|[^:/?#@]+):\d+$/i.test(config.HTTPAdvertise)
  )
    throw configInvalid('HTTPAdvertise must be scheme://host:port, without a path');
  const method = config.AuthenticationMethod.toLowerCase();
  if ((method === 'basic' || method === 'multi') && config.HTTPAuthUser === '')
    throw configInvalid(`AuthenticationMethod ${method} needs HTTPAuthUser: set it`);
  if (config.DeadInstancePollSecondsMultiplyFactor < 1)
    throw configInvalid('DeadInstancePollSecondsMultiplyFactor must be 1 or more');
  if (config.DeadInstancePollSecondsMax < config.InstancePollSeconds)
    throw configInvalid(
      `DeadInstancePollSecondsMax (${config.DeadInstancePollSecondsMax}) is below InstancePollSeconds (${config.InstancePollSeconds}): raise it`,
    );
}

/** With others of them two nodes might lead at once (raft reference 2.20). */
function refuseUnsoundTimes(config: Draft): void {
  const { RaftHeartbeatMilliseconds: beat, RaftElectionTimeoutMilliseconds: timeout } = config;
  const lease = config.RaftLeaderLeaseMilliseconds;
  if (timeout < 5 * beat)
    throw configInvalid(
      `RaftElectionTimeoutMilliseconds (${timeout}) is below five times RaftHeartbeatMilliseconds (${beat}): raise it to ${5 * beat}`,
    );
  if (lease > 0.9 * timeout)
    throw configInvalid(
      `RaftLeaderLeaseMilliseconds (${lease}) is above nine tenths of RaftElectionTimeoutMilliseconds (${timeout}): lower it to ${Math.floor(0.9 * timeout)}`,
    );
  if (config.RaftMaxMessageBytes < 2 * config.RaftMaxEntryBytes)
    throw configInvalid(
      `RaftMaxMessageBytes (${config.RaftMaxMessageBytes}) is below twice RaftMaxEntryBytes (${config.RaftMaxEntryBytes}): raise it`,
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
