import type { DetectionPart } from './detection.ts';
import type { Dialect } from './dialect.ts';

/** The parts of a probe. Those that cannot fail stand first: a failing statement hides only what is behind it. */
export type ProbePart =
  | 'gtid'
  | 'variables'
  | 'status'
  | 'replication'
  | 'ownCoordinates'
  | 'heartbeat'
  | 'group'
  | 'dumpSessions'
  | 'replicas'
  | 'grants'
  | DetectionPart;

export interface ProbeStatement {
  readonly part: ProbePart;
  readonly sql: string;
  /** Without it nothing can be said about the server. */
  readonly essential: boolean;
  /** Written by the operator: may hang as well as fail, and must not harm the rest. */
  readonly foreign?: boolean;
  /** What the account must be granted for it. */
  readonly right: string;
}

const VARIABLES = `SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version','version_comment','hostname','report_host','report_port','port',
'server_id','read_only','super_read_only','binlog_format','binlog_row_image','log_bin','log_slave_updates','log_replica_updates',
'group_replication_group_name','group_replication_single_primary_mode') OR Variable_name LIKE 'rpl_semi_sync_%'`;
const STATUS = "SHOW GLOBAL STATUS WHERE Variable_name = 'Uptime' OR Variable_name LIKE 'Rpl_semi_sync_%'";

/** Everything one probe asks of a server, in order. */
export function probeStatements(dialect: Dialect): readonly ProbeStatement[] {
  const { mariadb } = dialect;
  const monitor = mariadb ? 'SLAVE MONITOR' : 'REPLICATION CLIENT';
  const all: readonly (Omit<ProbeStatement, 'sql'> & { readonly sql: string | undefined })[] = [
    { part: 'gtid', sql: dialect.selectGtid, essential: true, right: '' },
    { part: 'variables', sql: VARIABLES, essential: true, right: '' },
    { part: 'status', sql: STATUS, essential: false, right: '' },
    { part: 'replication', sql: dialect.showReplication, essential: true, right: monitor },
    {
      part: 'ownCoordinates',
      sql: dialect.showOwnCoordinates,
      essential: false,
      right: mariadb ? 'BINLOG MONITOR' : 'REPLICATION CLIENT',
    },
    { part: 'heartbeat', sql: dialect.selectHeartbeat, essential: false, right: 'SELECT on performance_schema' },
    { part: 'group', sql: dialect.selectGroupMembers, essential: false, right: 'SELECT on performance_schema' },
    {
      part: 'dumpSessions',
      sql: dialect.showDumpSessions,
      essential: false,
      right: mariadb ? 'PROCESS' : 'SELECT on performance_schema',
    },
    {
      part: 'replicas',
      sql: dialect.showReplicas,
      essential: false,
      right: mariadb ? 'REPLICATION MASTER ADMIN' : 'REPLICATION SLAVE',
    },
    { part: 'grants', sql: 'SHOW GRANTS', essential: false, right: '' },
  ];
  return all.flatMap(({ sql, ...rest }) => (sql === undefined ? [] : [{ ...rest, sql }]));
}
