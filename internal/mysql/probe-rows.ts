import type {
  BinlogCoordinates,
  GroupMembership,
  GtidState,
  Instance,
  ReplicationStatus,
  ReplicationTls,
  SemiSync,
  ThreadState,
} from '../topology/instance.ts';
import type { InstanceKey } from '../topology/instance-key.ts';
import { parseServerVersion } from '../topology/server-version.ts';
import { Columns } from './columns.ts';
import { foundReplicas } from './found-replicas.ts';
import type { ProbePart } from './probe-statements.ts';
import { missingRights } from './rights.ts';
import type { Row } from './server-connection.ts';

/** Rows by part; a part that is missing was refused, and nothing is known about it. */
export type ProbeRows = Readonly<Partial<Record<ProbePart, readonly Row[]>>>;

const oneLine = (text: string) => text.replaceAll(/\s+/g, '');
const FILTERS = [
  'Replicate_Do_DB',
  'Replicate_Ignore_DB',
  'Replicate_Do_Table',
  'Replicate_Ignore_Table',
  'Replicate_Wild_Do_Table',
  'Replicate_Wild_Ignore_Table',
  'Replicate_Rewrite_DB',
  'Replicate_Do_Domain_Ids',
  'Replicate_Ignore_Domain_Ids',
];

/**
 * Rows of one probe, as text, to the instance they describe. Pure.
 *
 * @param replicaKeys where the operator has a say in who is found
 */
export function instanceFromRows(
  key: InstanceKey,
  rows: ProbeRows,
  replicaKeys: readonly InstanceKey[] = foundReplicas(key, rows).keys,
): Instance {
  const variables = valuesByName(rows.variables);
  const status = valuesByName(rows.status);
  const gtidRow = new Columns(rows.gtid?.[0] ?? {});
  const version = variables.text('version');
  const mariadb = version.includes('MariaDB');
  const unseen = new Map((rows.heartbeat ?? []).map((row) => [String(row.channel ?? ''), new Columns(row)]));
  const channels = (rows.replication ?? [])
    .map((row) => replicationFromRow(new Columns(row), mariadb))
    .filter((one) => one !== undefined)
    .map((one) => ({
      ...one,
      heartbeatSeconds: one.heartbeatSeconds ?? unseen.get(one.channel)?.optional('seconds'),
      tls: { ...one.tls, ciphersuites: unseen.get(one.channel)?.text('ciphersuites') ?? '' },
    }));
  const [replication] = [...channels].sort((a, b) => (a.channel < b.channel ? -1 : 1)); // the default one has no name
  const serverUuid = gtidRow.text('server_uuid');
  const own = new Columns(rows.ownCoordinates?.[0] ?? {});
  const on = (...names: string[]) => /^(ON|1|NO_LOCK|NO_LOCK_NO_ADMIN)$/.test(variables.text(...names));
  return {
    key,
    hostname: variables.text('hostname'),
    reportHost: variables.text('report_host'),
    family: mariadb ? 'mariadb' : 'mysql',
    version,
    versionComment: variables.text('version_comment'),
    serverId: variables.number('server_id'),
    serverUuid,
    readOnly: on('read_only'),
    superReadOnly: on('super_read_only'),
    uptimeSeconds: status.number('Uptime'),
    binlogEnabled: on('log_bin'),
    logReplicaUpdates: on('log_replica_updates', 'log_slave_updates'),
    binlogFormat: variables.text('binlog_format'),
    binlogRowImage: variables.text('binlog_row_image'),
    ownCoordinates: { file: own.text('File'), position: own.number('Position') },
    gtid: gtidFromRow(gtidRow, mariadb),
    replication,
    otherChannels: channels.filter((one) => one !== replication),
    replicaKeys,
    group: groupFrom(serverUuid, variables, rows.group ?? []),
    semiSync: semiSyncFrom(variables, status),
    dataCenter: '',
    region: '',
    physicalEnvironment: '',
    instanceAlias: '',
    suggestedClusterAlias: '',
    clusterDomain: '',
    promotionRule: 'neutral',
    detectedPromotionRule: undefined,
    semiSyncPriority: 0,
    measuredLagSeconds: undefined,
    usesPseudoGtid: false,
    hasReplicationCredentials: replication !== undefined && replication.user !== '',
    missingRights: rows.grants === undefined ? [] : missingRights(parseServerVersion(version), rows.grants),
  };
}

/** Tells one server, in one version, from every other. */
export function identityFrom(rows: ProbeRows): string {
  const values = new Map((rows.variables ?? []).map(({ Variable_name, Value }) => [Variable_name, Value]));
  return `${values.get('version')} ${values.get('server_id')} ${rows.gtid?.[0]?.server_uuid ?? ''}`;
}

function valuesByName(rows: readonly Row[] = []): Columns {
  return new Columns(Object.fromEntries(rows.map((row) => [String(row.Variable_name), row.Value ?? null])));
}

/** Membership in a single-primary group; several primaries are not modelled. */
function groupFrom(ownUuid: string, variables: Columns, rows: readonly Row[]): GroupMembership | undefined {
  const name = variables.text('group_replication_group_name');
  const members = rows.map((row) => new Columns(row));
  const own = members.find((member) => member.text('id') === ownUuid);
  if (name === '' || own === undefined || variables.text('group_replication_single_primary_mode') !== 'ON')
    return undefined;
  const keyOf = (member: Columns) => ({ hostname: member.text('host'), port: member.number('port') });
  const primary = members.find((member) => member.text('role') === 'PRIMARY');
  return {
    name,
    state: own.text('state'),
    role: own.text('role'),
    members: members.map(keyOf),
    primary: primary && keyOf(primary),
  };
}

function gtidFromRow(columns: Columns, mariadb: boolean): GtidState {
  if (!mariadb) {
    return {
      kind: 'mysql',
      mode: columns.text('gtid_mode'),
      executed: oneLine(columns.text('gtid_executed')),
      purged: oneLine(columns.text('gtid_purged')),
    };
  }
  return {
    kind: 'mariadb',
    slavePos: columns.text('gtid_slave_pos'),
    currentPos: columns.text('gtid_current_pos'),
    binlogPos: columns.text('gtid_binlog_pos'),
    binlogState: columns.text('gtid_binlog_state'),
    strictMode: columns.text('gtid_strict_mode') === '1',
    domainId: columns.number('gtid_domain_id'),
  };
}

function replicationFromRow(columns: Columns, mariadb: boolean): ReplicationStatus | undefined {
  const hostname = columns.text('Source_Host', 'Master_Host');
  if (hostname === '' || hostname === '_' || hostname === '<NULL>') return undefined;
  const usingGtid = columns.text('Using_Gtid');
  const autoPosition = columns.text('Auto_Position') === '1';
  return {
    channel: columns.text('Channel_Name', 'Connection_name'),
    source: { hostname, port: columns.number('Source_Port', 'Master_Port') },
    sourceUuid: columns.text('Source_UUID', 'Master_UUID'),
    user: columns.text('Source_User', 'Master_User'),
    receiver: threadState(columns.text('Replica_IO_Running', 'Slave_IO_Running')),
    applier: threadState(columns.text('Replica_SQL_Running', 'Slave_SQL_Running')),
    read: coordinates(columns, ['Source_Log_File', 'Master_Log_File'], ['Read_Source_Log_Pos', 'Read_Master_Log_Pos']),
    executed: coordinates(
      columns,
      ['Relay_Source_Log_File', 'Relay_Master_Log_File'],
      ['Exec_Source_Log_Pos', 'Exec_Master_Log_Pos'],
    ),
    relay: coordinates(columns, ['Relay_Log_File'], ['Relay_Log_Pos']),
    receiverErrno: columns.number('Last_IO_Errno'),
    receiverError: columns.text('Last_IO_Error'),
    applierErrno: columns.number('Last_SQL_Errno'),
    applierError: columns.text('Last_SQL_Error'),
    gtid: autoPosition ? 'mysql' : mariadb && usingGtid !== '' && usingGtid !== 'No' ? 'mariadb' : 'none',
    mariadbGtidMode: usingGtid,
    received: oneLine(columns.text('Retrieved_Gtid_Set', 'Gtid_IO_Pos')),
    lagSeconds: columns.optional('Seconds_Behind_Source', 'Seconds_Behind_Master'),
    delaySeconds: columns.number('SQL_Delay'),
    hasFilters: FILTERS.some((name) => columns.text(name) !== ''),
    tlsAllowed: columns.text('Source_SSL_Allowed', 'Master_SSL_Allowed') === 'Yes',
    tls: tlsFromRow(columns),
    heartbeatSeconds: columns.optional('Slave_heartbeat_period'),
  };
}

/** The names are irregular: no common prefix, no common order of words. */
function tlsFromRow(columns: Columns): ReplicationTls {
  const either = (name: string) => columns.text(`Source_${name}`, `Master_${name}`);
  const bool = (text: string) => (text === '' ? undefined : text === 'Yes' || text === '1');
  return {
    caFile: either('SSL_CA_File'),
    caPath: either('SSL_CA_Path'),
    cert: either('SSL_Cert'),
    cipher: either('SSL_Cipher'),
    crlFile: either('SSL_Crl'),
    crlPath: either('SSL_Crlpath'),
    key: either('SSL_Key'),
    verifyServerCert: bool(either('SSL_Verify_Server_Cert')),
    version: either('TLS_Version'),
    ciphersuites: '',
    publicKeyPath: either('public_key_path'),
    getPublicKey: bool(columns.text('Get_Source_public_key', 'Get_master_public_key')),
  };
}

function coordinates(columns: Columns, file: string[], position: string[]): BinlogCoordinates {
  return { file: columns.text(...file), position: columns.number(...position) };
}

function threadState(text: string): ThreadState {
  if (text === 'Yes') return 'running';
  if (text === 'No') return 'stopped';
  return text === '' ? 'none' : 'other';
}

function semiSyncFrom(variables: Columns, status: Columns): SemiSync {
  const either = (from: Columns, ...names: string[]) => from.text(...names) === 'ON';
  const source = variables.text('rpl_semi_sync_source_enabled', 'rpl_semi_sync_master_enabled');
  const replica = variables.text('rpl_semi_sync_replica_enabled', 'rpl_semi_sync_slave_enabled');
  return {
    available: source !== '' && replica !== '',
    sourceEnabled: source === 'ON',
    sourceActive: either(status, 'Rpl_semi_sync_source_status', 'Rpl_semi_sync_master_status'),
    sourceTimeoutMs: variables.number('rpl_semi_sync_source_timeout', 'rpl_semi_sync_master_timeout'),
    waitForReplicaCount: variables.number(
      'rpl_semi_sync_source_wait_for_replica_count',
      'rpl_semi_sync_master_wait_for_slave_count',
    ),
    sourceClients: status.number('Rpl_semi_sync_source_clients', 'Rpl_semi_sync_master_clients'),
    replicaEnabled: replica === 'ON',
    replicaActive: either(status, 'Rpl_semi_sync_replica_status', 'Rpl_semi_sync_slave_status'),
    sourcePluginNew: variables.text('rpl_semi_sync_source_enabled') !== '',
    replicaPluginNew: variables.text('rpl_semi_sync_replica_enabled') !== '',
  };
}
