// The words that differ between server families and versions, decided once per version. Sources: the statement references
// of MySQL 5.7 to 9.7 and MariaDB 10.5 to 12; both vocabularies were tried on MySQL 9.7 and MariaDB 10.11.

import { namesBinlogServer } from '../topology/instance.ts';
import { atLeast, parseServerVersion, type ServerVersion } from '../topology/server-version.ts';

export interface Dialect {
  readonly version: ServerVersion;
  readonly mariadb: boolean;
  /** A server that only stores and hands on the log of its source: it knows few statements, one at a time, and no locks. */
  readonly binlogServer: boolean;
  /** Status of all replication connections, one row each. */
  readonly showReplication: string;
  readonly showOwnCoordinates: string;
  /** Replicas that registered themselves. */
  readonly showReplicas: string;
  /** Sessions that read the binary log: `uuid` (where known), `user`, `host` without its port. */
  readonly showDumpSessions: string;
  readonly selectGtid: string;
  /** Undefined: the server knows no such table. */
  readonly selectGroupMembers: string | undefined;
  readonly selectHeartbeat: string | undefined;
  readonly startReplication: string;
  readonly stopReplication: string;
  readonly stopReceiver: string;
  readonly startApplier: string;
  readonly forgetSource: string;
  /** Throws away all binary logs and the history in them. */
  readonly resetBinaryLogs: string;
  /** Start of the statement that re-points a replica, and the prefix of its options. */
  readonly changeSource: string;
  readonly sourceOption: 'SOURCE' | 'MASTER';
  /** Undefined: the server has no `caching_sha2_password` and so no public key to ask for. */
  readonly publicKeyOption: string | undefined;
  /** Makes a former source a replica of its own history (MariaDB 10.10). */
  readonly demoteOption: string | undefined;
  readonly waitForPosition: string;
  /** `idle`: 1 where the applier has read all that was received; `busy`: workers of it that have something to do. */
  readonly selectApplierIdle: string;
  /** `(gtid text, seconds)`; 0: reached. */
  readonly waitForGtid: string;
  /** Variable that tells how many event groups the applier passes over at its next start. */
  readonly skipCounter: string;
  /** Setting it sets `read_only` along; undefined: only `read_only` is there. */
  readonly superReadOnly: boolean;
  /** Credentials of the replication user of a channel, readable on the replica; undefined: they lie in a file. */
  readonly selectReplicationLogin: string | undefined;
}

/** Which words a server of this version understands, from `@@version` or the text of its greeting. */
export function dialectOf(versionText: string): Dialect {
  const version = parseServerVersion(versionText);
  if (namesBinlogServer(versionText)) return binlogServerDialect(version);
  return version.family === 'mariadb' ? mariadbDialect(version) : mysqlDialect(version);
}

function mysqlDialect(version: ServerVersion): Dialect {
  const since = (major: number, minor: number, patch = 0) => atLeast(version, major, minor, patch);
  const replica = since(8, 0, 22) ? 'REPLICA' : 'SLAVE';
  const source = since(8, 0, 23) ? 'SOURCE' : 'MASTER';
  return {
    version,
    mariadb: false,
    binlogServer: false,
    showReplication: `SHOW ${replica} STATUS`,
    showOwnCoordinates: since(8, 2) ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS',
    showReplicas: since(8, 0, 22) ? 'SHOW REPLICAS' : 'SHOW SLAVE HOSTS',
    showDumpSessions: MYSQL_DUMP_SESSIONS,
    selectGtid: `SELECT @@global.gtid_executed AS gtid_executed, @@global.gtid_purged AS gtid_purged,
@@global.server_uuid AS server_uuid, @@global.gtid_mode AS gtid_mode`,
    selectGroupMembers: since(8, 0, 2) ? MYSQL_GROUP_MEMBERS : undefined,
    selectHeartbeat: since(8, 0, 19)
      ? MYSQL_HEARTBEAT.replace(' FROM', ', TLS_CIPHERSUITES AS ciphersuites FROM')
      : MYSQL_HEARTBEAT,
    startReplication: `START ${replica}`,
    stopReplication: `STOP ${replica}`,
    stopReceiver: `STOP ${replica} IO_THREAD`,
    startApplier: `START ${replica} SQL_THREAD`,
    forgetSource: `RESET ${replica} ALL`,
    resetBinaryLogs: since(8, 2) ? 'RESET BINARY LOGS AND GTIDS' : 'RESET MASTER',
    changeSource: since(8, 0, 23) ? 'CHANGE REPLICATION SOURCE TO' : 'CHANGE MASTER TO',
    sourceOption: source,
    publicKeyOption: since(8, 0, 4) ? `GET_${source}_PUBLIC_KEY` : undefined,
    demoteOption: undefined,
    selectApplierIdle: MYSQL_APPLIER_IDLE,
    waitForPosition: since(8, 0, 26) ? 'SOURCE_POS_WAIT' : 'MASTER_POS_WAIT',
    waitForGtid: 'WAIT_FOR_EXECUTED_GTID_SET',
    skipCounter: since(8, 0, 26) ? 'sql_replica_skip_counter' : 'sql_slave_skip_counter',
    superReadOnly: true,
    selectReplicationLogin: 'SELECT User_name, User_password FROM mysql.slave_master_info WHERE Channel_name = ?',
  };
}

function mariadbDialect(version: ServerVersion): Dialect {
  return {
    version,
    mariadb: true,
    binlogServer: false,
    showReplication: 'SHOW ALL SLAVES STATUS',
    showOwnCoordinates: 'SHOW MASTER STATUS',
    showReplicas: 'SHOW SLAVE HOSTS',
    showDumpSessions: MARIADB_DUMP_SESSIONS,
    selectGtid: `SELECT @@global.gtid_slave_pos AS gtid_slave_pos, @@global.gtid_current_pos AS gtid_current_pos,
@@global.gtid_binlog_pos AS gtid_binlog_pos, @@global.gtid_binlog_state AS gtid_binlog_state,
@@global.gtid_domain_id AS gtid_domain_id, @@global.gtid_strict_mode AS gtid_strict_mode`,
    selectGroupMembers: undefined,
    selectHeartbeat: undefined,
    startReplication: 'START SLAVE',
    stopReplication: 'STOP SLAVE',
    stopReceiver: 'STOP SLAVE IO_THREAD',
    startApplier: 'START SLAVE SQL_THREAD',
    forgetSource: 'RESET SLAVE ALL',
    resetBinaryLogs: 'RESET MASTER',
    changeSource: 'CHANGE MASTER TO',
    sourceOption: 'MASTER',
    publicKeyOption: undefined,
    demoteOption: atLeast(version, 10, 10) ? 'MASTER_DEMOTE_TO_SLAVE = 1' : undefined,
    selectApplierIdle: MARIADB_APPLIER_IDLE,
    waitForPosition: 'MASTER_POS_WAIT',
    waitForGtid: 'MASTER_GTID_WAIT',
    skipCounter: 'sql_slave_skip_counter',
    superReadOnly: false,
    selectReplicationLogin: undefined,
  };
}

/** MaxScale, whatever its version: the words of an old server, and its one thread stops and starts as a whole. */
function binlogServerDialect(version: ServerVersion): Dialect {
  return {
    ...mysqlDialect({ ...version, ...OLD_WORDS }),
    version,
    binlogServer: true,
    selectGtid: 'SELECT @@global.server_id AS server_id',
    stopReceiver: 'STOP SLAVE',
    publicKeyOption: undefined,
    superReadOnly: false,
    selectReplicationLogin: undefined,
  };
}

/** From the time when every server had masters and slaves. */
const OLD_WORDS = { major: 5, minor: 7, patch: 0 } as const;

/** What the replica status does not show of its connections. */
const MYSQL_HEARTBEAT =
  'SELECT CHANNEL_NAME AS channel, HEARTBEAT_INTERVAL AS seconds FROM performance_schema.replication_connection_configuration';

/** A replica leaves its UUID in the session that sends it events; the session also tells its user and where it came from. */
const MYSQL_DUMP_SESSIONS = `SELECT t.PROCESSLIST_USER AS user, t.PROCESSLIST_HOST AS host, MAX(v.VARIABLE_VALUE) AS uuid
FROM performance_schema.threads t LEFT JOIN performance_schema.user_variables_by_thread v
ON v.THREAD_ID = t.THREAD_ID AND v.VARIABLE_NAME IN ('replica_uuid', 'slave_uuid')
WHERE t.PROCESSLIST_COMMAND IN ('Binlog Dump', 'Binlog Dump GTID') GROUP BY t.THREAD_ID, t.PROCESSLIST_USER, t.PROCESSLIST_HOST`;

const MARIADB_DUMP_SESSIONS = `SELECT USER AS user, IF(LOCATE(':', HOST) > 0, LEFT(HOST, LENGTH(HOST) - LOCATE(':', REVERSE(HOST))), HOST) AS host,
'' AS uuid FROM information_schema.PROCESSLIST WHERE COMMAND IN ('Binlog Dump', 'Binlog Dump GTID')`;

/** Not from `performance_schema`, which may be switched off. A receiver is neither idle nor busy here. */
const MYSQL_APPLIER_IDLE = `SELECT SUM(STATE LIKE '%has read all relay log%') AS idle,
SUM(STATE NOT REGEXP 'has read all relay log|^Waiting for an event from Coordinator$|to send event|onnecting to |econnect|ueueing') AS busy
FROM information_schema.PROCESSLIST WHERE USER = 'system user'`;

const MARIADB_APPLIER_IDLE = `SELECT SUM(COMMAND = 'Slave_SQL' AND STATE LIKE '%has read all relay log%') AS idle,
SUM(COMMAND = 'Slave_worker' AND COALESCE(STATE, '') <> 'Waiting for work from SQL thread') AS busy
FROM information_schema.PROCESSLIST WHERE COMMAND IN ('Slave_SQL', 'Slave_worker')`;

const MYSQL_GROUP_MEMBERS = `SELECT MEMBER_ID AS id, MEMBER_HOST AS host, MEMBER_PORT AS port, MEMBER_STATE AS state, MEMBER_ROLE AS role
FROM performance_schema.replication_group_members WHERE MEMBER_STATE <> 'OFFLINE'`;
