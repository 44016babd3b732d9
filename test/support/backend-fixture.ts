// A backend filled by plain SQL, with the columns that the established product writes: what the code under test reads must
// not depend on what it wrote itself.

import Database from 'better-sqlite3';

type Row = Readonly<Record<string, string | number | null>>;

/** UTC, whole seconds. */
export const backendTime = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

/** A healthy, writable MySQL 8.0 server with GTID, seen at `nowMs`; `row` replaces columns. */
export function instanceColumns(nowMs: number, row: Row): Row {
  return {
    port: 3306,
    last_checked: backendTime(nowMs),
    last_attempted_check: backendTime(nowMs),
    last_seen: backendTime(nowMs),
    last_check_partial_success: 1,
    server_id: 1,
    server_uuid: `uuid-${row.hostname}`,
    version: '8.0.36',
    major_version: '8.0',
    version_comment: 'MySQL Community Server - GPL',
    binlog_server: 0,
    read_only: 0,
    binlog_format: 'ROW',
    binlog_row_image: 'FULL',
    log_bin: 1,
    log_slave_updates: 1,
    binary_log_file: 'binlog.000001',
    binary_log_pos: 1000,
    master_host: '',
    master_port: 0,
    slave_sql_running: 0,
    slave_io_running: 0,
    replication_sql_thread_state: -1,
    replication_io_thread_state: -1,
    oracle_gtid: 0,
    supports_oracle_gtid: 1,
    gtid_mode: 'ON',
    num_slave_hosts: 0,
    slave_hosts: '[]',
    cluster_name: 'db1:3306',
    ...row,
  };
}

/** The columns of a replica of `source` with both threads running. */
export function replicaColumns(nowMs: number, source: string, row: Row): Row {
  return instanceColumns(nowMs, {
    read_only: 1,
    master_host: source,
    master_port: 3306,
    slave_sql_running: 1,
    slave_io_running: 1,
    replication_sql_thread_state: 1,
    replication_io_thread_state: 1,
    oracle_gtid: 1,
    master_log_file: 'binlog.000001',
    read_master_log_pos: 1000,
    relay_master_log_file: 'binlog.000001',
    exec_master_log_pos: 1000,
    seconds_behind_master: 0,
    slave_lag_seconds: 0,
    replication_depth: 1,
    ...row,
  });
}

export function fillBackend(file: string, tables: Readonly<Record<string, readonly Row[]>>): void {
  const db = new Database(file);
  try {
    for (const [table, rows] of Object.entries(tables)) {
      for (const row of rows) {
        const names = Object.keys(row);
        db.prepare(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`).run(
          ...Object.values(row),
        );
      }
    }
  } finally {
    db.close();
  }
}

export function readBackend(file: string, sql: string): readonly Row[] {
  const db = new Database(file, { readonly: true });
  try {
    return db.prepare(sql).all() as Row[];
  } finally {
    db.close();
  }
}
