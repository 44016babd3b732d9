// One row of `database_instance` as it is read, whoever wrote it.

import {
  type GroupMembership,
  type GtidState,
  type Instance,
  NO_REPLICATION_TLS,
  type ReplicationStatus,
  type ThreadState,
  type WatchedInstance,
} from '../topology/instance.ts';
import { type InstanceKey, isUsableKey } from '../topology/instance-key.ts';
import type { Row, Value } from './database.ts';
import { THREAD_NUMBERS } from './instance-row.ts';
import { toMs } from './time.ts';

/** A server as it was last seen; never valid, since a row is no proof that it lives. */
export function watchedOf(row: Row): WatchedInstance {
  return {
    instance: instanceOf(row),
    lastCheckedMs: toMs(row.last_checked),
    lastAttemptedMs: toMs(row.last_attempted_check),
    lastSeenMs: toMs(row.last_seen),
    readTookMs: Number(row.last_discovery_latency ?? 0) / 1e6,
    valid: false,
    partialSuccess: false,
    lastError: 'not read since the start',
    errantGtid: String(row.gtid_errant ?? ''),
  };
}

function instanceOf(row: Row): Instance {
  const text = (name: string) => String(row[name] ?? '');
  const number = (name: string) => Number(row[name] ?? 0);
  const bit = (name: string) => number(name) === 1;
  const mariadb = text('version').includes('MariaDB');
  return {
    key: { hostname: text('hostname'), port: number('port') },
    hostname: '',
    reportHost: '',
    family: mariadb ? 'mariadb' : 'mysql',
    version: text('version'),
    versionComment: text('version_comment'),
    serverId: number('server_id'),
    serverUuid: text('server_uuid'),
    readOnly: bit('read_only'),
    superReadOnly: false,
    uptimeSeconds: number('uptime'),
    binlogEnabled: bit('log_bin'),
    logReplicaUpdates: bit('log_slave_updates'),
    binlogFormat: text('binlog_format'),
    binlogRowImage: text('binlog_row_image'),
    ownCoordinates: { file: text('binary_log_file'), position: number('binary_log_pos') },
    gtid: gtidOf(row, mariadb),
    replication: replicationOf(row),
    otherChannels: [],
    replicaKeys: keysOf(text('slave_hosts')),
    group: groupOf(text, number),
    semiSync: {
      available: bit('semi_sync_available'),
      sourceEnabled: bit('semi_sync_master_enabled'),
      sourceActive: bit('semi_sync_master_status'),
      sourceTimeoutMs: number('semi_sync_master_timeout'),
      waitForReplicaCount: number('semi_sync_master_wait_for_slave_count'),
      sourceClients: number('semi_sync_master_clients'),
      replicaEnabled: bit('semi_sync_replica_enabled'),
      replicaActive: bit('semi_sync_replica_status'),
      sourcePluginNew: false,
      replicaPluginNew: false,
    },
    dataCenter: text('data_center'),
    region: text('region'),
    physicalEnvironment: text('physical_environment'),
    instanceAlias: text('instance_alias'),
    suggestedClusterAlias: text('suggested_cluster_alias'),
    clusterDomain: '',
    promotionRule: 'neutral',
    detectedPromotionRule: undefined,
    semiSyncPriority: number('semi_sync_enforced'),
    measuredLagSeconds: undefined,
    usesPseudoGtid: bit('pseudo_gtid'),
    hasReplicationCredentials: bit('has_replication_credentials'),
    missingRights: [],
  };
}

/** The established table holds no MariaDB positions: they come with the first read. */
function gtidOf(row: Row, mariadb: boolean): GtidState {
  if (mariadb)
    return {
      kind: 'mariadb',
      slavePos: '',
      currentPos: '',
      binlogPos: '',
      binlogState: '',
      strictMode: false,
      domainId: 0,
    };
  return {
    kind: 'mysql',
    mode: String(row.gtid_mode ?? ''),
    executed: String(row.executed_gtid_set ?? '').replaceAll(/\s+/g, ''),
    purged: String(row.gtid_purged ?? '').replaceAll(/\s+/g, ''),
  };
}

function replicationOf(row: Row): ReplicationStatus | undefined {
  const hostname = String(row.master_host ?? '');
  if (hostname === '' || hostname === '_') return undefined;
  const at = (file: string, position: string) => ({
    file: String(row[file] ?? ''),
    position: Number(row[position] ?? 0),
  });
  return {
    channel: '',
    source: { hostname, port: Number(row.master_port) },
    sourceUuid: String(row.master_uuid ?? ''),
    user: '',
    receiver: threadOf(row.replication_io_thread_state),
    applier: threadOf(row.replication_sql_thread_state),
    read: at('master_log_file', 'read_master_log_pos'),
    executed: at('relay_master_log_file', 'exec_master_log_pos'),
    relay: at('relay_log_file', 'relay_log_pos'),
    receiverErrno: 0,
    receiverError: unquoted(row.last_io_error),
    applierErrno: 0,
    applierError: unquoted(row.last_sql_error),
    gtid: row.oracle_gtid === 1 ? 'mysql' : row.mariadb_gtid === 1 ? 'mariadb' : 'none',
    mariadbGtidMode: '',
    received: '',
    lagSeconds: typeof row.seconds_behind_master === 'number' ? row.seconds_behind_master : undefined,
    delaySeconds: Number(row.sql_delay ?? 0),
    hasFilters: row.has_replication_filters === 1,
    tlsAllowed: row.allow_tls === 1,
    tls: NO_REPLICATION_TLS,
    heartbeatSeconds: undefined,
  };
}

function threadOf(value: Value | undefined): ThreadState {
  const found = (Object.entries(THREAD_NUMBERS) as [ThreadState, number][]).find(([, number]) => number === value);
  return found?.[0] ?? 'none';
}

/** Stored as a quoted literal; what is not one is taken as it is. */
function unquoted(value: Value | undefined): string {
  const text = String(value ?? '').replaceAll('\\"', '"');
  if (!/^".*"$/s.test(text)) return text;
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
}

function groupOf(text: (name: string) => string, number: (name: string) => number): GroupMembership | undefined {
  const name = text('replication_group_name');
  if (name === '') return undefined;
  const primary = { hostname: text('replication_group_primary_host'), port: number('replication_group_primary_port') };
  return {
    name,
    state: text('replication_group_member_state'),
    role: text('replication_group_member_role'),
    members: keysOf(text('replication_group_members')),
    primary: primary.hostname === '' ? undefined : primary,
  };
}

/** Some rows were written with escaped quotation marks, some hold `null`, some no JSON at all. */
function keysOf(json: string): readonly InstanceKey[] {
  try {
    const list = JSON.parse(json.replaceAll('\\"', '"')) as { Hostname?: unknown; Port?: unknown }[];
    return list.map(({ Hostname, Port }) => ({ hostname: String(Hostname), port: Number(Port) })).filter(isUsableKey);
  } catch {
    return [];
  }
}
