// One row of `database_instance`, in both directions.

import {
  type GroupMembership,
  type GtidState,
  type Instance,
  lagSeconds,
  NO_REPLICATION_TLS,
  type ReplicationStatus,
  type ThreadState,
  type WatchedInstance,
} from '../topology/instance.ts';
import { compareKeys, type InstanceKey, isUsableKey } from '../topology/instance-key.ts';
import type { Row, Value } from './database.ts';
import { toMs, toText } from './time.ts';

const THREAD_NUMBERS: Record<ThreadState, number> = { none: -1, stopped: 0, running: 1, other: 2 };

/** What a column of one byte can hold; a row that does not fit would not be stored at all. */
const byte = (value: number): number => Math.min(Math.max(value, 0), 255);

export function instanceRow(watched: WatchedInstance, cluster: string, depth: number): Readonly<Record<string, Value>> {
  const { instance } = watched;
  const { replication, semiSync, gtid } = instance;
  const bit = (value: boolean) => (value ? 1 : 0);
  const quoted = (text: string) => (text === '' ? '' : JSON.stringify(text));
  return {
    hostname: instance.key.hostname,
    port: instance.key.port,
    last_checked: toText(watched.lastCheckedMs),
    last_attempted_check: toText(watched.lastAttemptedMs),
    last_check_partial_success: bit(watched.partialSuccess),
    gtid_errant: watched.errantGtid,
    last_seen: watched.lastSeenMs > 0 ? toText(watched.lastSeenMs) : null,
    uptime: instance.uptimeSeconds,
    server_id: instance.serverId,
    server_uuid: instance.serverUuid,
    version: instance.version,
    major_version: instance.version.split('.').slice(0, 2).join('.'),
    version_comment: instance.versionComment,
    read_only: bit(instance.readOnly),
    binlog_format: instance.binlogFormat,
    binlog_row_image: instance.binlogRowImage,
    log_bin: bit(instance.binlogEnabled),
    log_slave_updates: bit(instance.logReplicaUpdates),
    binary_log_file: instance.ownCoordinates.file,
    binary_log_pos: instance.ownCoordinates.position,
    master_host: replication?.source.hostname ?? '',
    master_port: replication?.source.port ?? 0,
    master_uuid: replication?.sourceUuid ?? '',
    slave_sql_running: bit(replication?.applier === 'running'),
    slave_io_running: bit(replication?.receiver === 'running'),
    replication_sql_thread_state: THREAD_NUMBERS[replication?.applier ?? 'none'],
    replication_io_thread_state: THREAD_NUMBERS[replication?.receiver ?? 'none'],
    has_replication_filters: bit(replication?.hasFilters ?? false),
    oracle_gtid: bit(replication?.gtid === 'mysql'),
    mariadb_gtid: bit(replication?.gtid === 'mariadb'),
    supports_oracle_gtid: bit(gtid.kind === 'mysql' && gtid.mode !== '' && gtid.mode !== 'OFF'),
    gtid_mode: gtid.kind === 'mysql' ? gtid.mode : '',
    executed_gtid_set: gtid.kind === 'mysql' ? gtid.executed : '',
    gtid_purged: gtid.kind === 'mysql' ? gtid.purged : '',
    master_log_file: replication?.read.file ?? '',
    read_master_log_pos: replication?.read.position ?? 0,
    relay_master_log_file: replication?.executed.file ?? '',
    exec_master_log_pos: replication?.executed.position ?? 0,
    relay_log_file: replication?.relay.file ?? '',
    relay_log_pos: replication?.relay.position ?? 0,
    last_sql_error: quoted(replication?.applierError ?? ''),
    last_io_error: quoted(replication?.receiverError ?? ''),
    seconds_behind_master: replication?.lagSeconds ?? null,
    slave_lag_seconds: lagSeconds(instance) ?? null,
    sql_delay: replication?.delaySeconds ?? 0,
    allow_tls: bit(replication?.tlsAllowed ?? false),
    num_slave_hosts: instance.replicaKeys.length,
    slave_hosts: keysText(instance.replicaKeys),
    replication_group_name: instance.group?.name ?? '',
    replication_group_is_single_primary_mode: 1,
    replication_group_member_state: instance.group?.state ?? '',
    replication_group_member_role: instance.group?.role ?? '',
    replication_group_members: keysText(instance.group?.members ?? []),
    replication_group_primary_host: instance.group?.primary?.hostname ?? '',
    replication_group_primary_port: instance.group?.primary?.port ?? 0,
    cluster_name: cluster,
    suggested_cluster_alias: instance.suggestedClusterAlias,
    data_center: instance.dataCenter,
    region: instance.region,
    physical_environment: instance.physicalEnvironment,
    instance_alias: instance.instanceAlias,
    semi_sync_enforced: byte(instance.semiSyncPriority),
    semi_sync_available: bit(semiSync.available),
    replication_depth: byte(depth),
    has_replication_credentials: bit(instance.hasReplicationCredentials),
    semi_sync_master_enabled: bit(semiSync.sourceEnabled),
    semi_sync_master_timeout: semiSync.sourceTimeoutMs,
    semi_sync_master_wait_for_slave_count: semiSync.waitForReplicaCount,
    semi_sync_master_status: bit(semiSync.sourceActive),
    semi_sync_master_clients: semiSync.sourceClients,
    semi_sync_replica_status: bit(semiSync.replicaActive),
    semi_sync_replica_enabled: bit(semiSync.replicaEnabled),
  };
}

/** A server as it was last seen; never valid, since a row is no proof that it lives. */
export function watchedOf(row: Row): WatchedInstance {
  return {
    instance: instanceOf(row),
    lastCheckedMs: toMs(row.last_checked),
    lastAttemptedMs: toMs(row.last_attempted_check),
    lastSeenMs: toMs(row.last_seen),
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
    hasReplicationCredentials: bit('has_replication_credentials'),
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

/** The contract's list of keys: JSON, as its own tools write it. */
function keysText(keys: readonly InstanceKey[]): string {
  return JSON.stringify([...keys].sort(compareKeys).map(({ hostname, port }) => ({ Hostname: hostname, Port: port })));
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
