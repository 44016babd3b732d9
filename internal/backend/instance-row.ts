// One row of `database_instance` as it is written; how one is read is in `instance-of-row.ts`.

import { lagSeconds, type ThreadState, type WatchedInstance } from '../topology/instance.ts';
import { compareKeys, type InstanceKey } from '../topology/instance-key.ts';
import type { Value } from './database.ts';
import { bit } from './rows.ts';
import { toText } from './time.ts';

export const THREAD_NUMBERS: Record<ThreadState, number> = { none: -1, stopped: 0, running: 1, other: 2 };

/** What a column of one byte can hold; a row that does not fit would not be stored at all. */
const byte = (value: number): number => Math.min(Math.max(value, 0), 255);

export function instanceRow(watched: WatchedInstance, cluster: string, depth: number): Readonly<Record<string, Value>> {
  const { instance } = watched;
  const { replication, semiSync, gtid } = instance;
  const quoted = (text: string) => (text === '' ? '' : JSON.stringify(text));
  return {
    hostname: instance.key.hostname,
    port: instance.key.port,
    last_checked: toText(watched.lastCheckedMs),
    last_attempted_check: toText(watched.lastAttemptedMs),
    last_check_partial_success: bit(watched.partialSuccess),
    gtid_errant: watched.errantGtid,
    last_seen: watched.lastSeenMs > 0 ? toText(watched.lastSeenMs) : null,
    last_discovery_latency: Math.round((watched.readTookMs ?? 0) * 1e6), // nanoseconds
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
    pseudo_gtid: bit(instance.usesPseudoGtid),
    semi_sync_master_enabled: bit(semiSync.sourceEnabled),
    semi_sync_master_timeout: semiSync.sourceTimeoutMs,
    semi_sync_master_wait_for_slave_count: semiSync.waitForReplicaCount,
    semi_sync_master_status: bit(semiSync.sourceActive),
    semi_sync_master_clients: semiSync.sourceClients,
    semi_sync_replica_status: bit(semiSync.replicaActive),
    semi_sync_replica_enabled: bit(semiSync.replicaEnabled),
  };
}

/** The contract's list of keys: JSON, as its own tools write it. */
function keysText(keys: readonly InstanceKey[]): string {
  return JSON.stringify([...keys].sort(compareKeys).map(({ hostname, port }) => ({ Hostname: hostname, Port: port })));
}

/** Of a server that nobody has read yet; every column that other programs' tables want a value for has one. */
export function unseenRow({ hostname, port }: InstanceKey): Readonly<Record<string, Value>> {
  const coordinates = { binary_log_file: '', master_log_file: '', relay_master_log_file: '' };
  const positions = { binary_log_pos: 0, read_master_log_pos: 0, exec_master_log_pos: 0 };
  return {
    ...{ hostname, port, version: 'Unknown', server_id: 0, last_checked: NEVER_CHECKED, last_seen: null },
    ...{ binlog_format: '', log_bin: 0, log_slave_updates: 0, master_host: '', master_port: 0 },
    ...{ slave_sql_running: 0, slave_io_running: 0, num_slave_hosts: 0, slave_hosts: '[]', cluster_name: '' },
    ...coordinates,
    ...positions,
  };
}

const NEVER_CHECKED = '1971-01-01 00:00:00';
