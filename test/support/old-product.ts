// A backend as a deployment of the established product leaves it behind, with rows in every table that matters: its own definitions
// (test/compat/backend), as SQLite file or on a MySQL server, and what can be compared before and after a stay of ours.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import type { Value } from '../../internal/backend/database.ts';
import { ADMIN_LOGIN } from '../../scripts/sandbox/sandbox.ts';
import { backendTime } from './backend-fixture.ts';
import type { MysqlBackendServer } from './mysql-backend.ts';
import { oldRows } from './old-backend.ts';

export type OldRow = Readonly<Record<string, Value>>;

/** Of one column, or of one index: `table.name` and what it is. */
export type Shape = ReadonlyMap<string, string>;

export interface OldProduct {
  /** Plain SQL, as an administrator. */
  rows(sql: string): Promise<readonly OldRow[]>;
  insert(tables: Readonly<Record<string, readonly OldRow[]>>): Promise<void>;
  shape(): Promise<Shape>;
}

export const OLD_TOKEN = 'ab'.repeat(32);
const DAY_MS = 86_400_000;

/** By table; times around `nowMs`. Recoveries are disabled: the servers do not exist. */
export function everyRow(nowMs: number): Readonly<Record<string, readonly OldRow[]>> {
  const [past, now] = [nowMs - 3_600_000, nowMs].map(backendTime) as [string, string];
  const node = { hostname: 'old', token: 'gone', app_version: '3.2.6', first_seen_active: past };
  const seconds = Math.floor(nowMs / 1000) - 3_600;
  const server = { hostname: 'db1', port: 3306 };
  const { access_token: [token] = [], ...rows } = oldRows(nowMs);
  const noSource = { master_log_file: '', read_master_log_pos: 0, relay_master_log_file: '', exec_master_log_pos: 0 };
  return {
    ...rows,
    database_instance: (rows.database_instance ?? []).map((row) => ({ ...noSource, ...row })),
    access_token: [{ ...token, public_token: OLD_TOKEN } as OldRow],
    active_node: [{ anchor: 1, hostname: 'old', token: 'gone', last_seen_active: past, first_seen_active: past }],
    agent_seed: [{ target_hostname: 'db2', source_hostname: 'db1', start_timestamp: past, is_complete: 1 }],
    audit: [
      { ...server, audit_timestamp: past, audit_type: 'relocate-below', cluster_name: 'db1:3306', message: 'geprüft' },
    ],
    cluster_alias: [{ cluster_name: 'db1:3306', alias: 'main', last_registered: now }],
    database_instance_last_analysis: [{ ...server, analysis_timestamp: past, analysis: 'NoProblem' }],
    database_instance_topology_history: [
      {
        ...{ ...server, snapshot_unix_timestamp: seconds, master_host: '', master_port: 0 },
        ...{ cluster_name: 'db1:3306', version: '8.0.36' },
      },
    ],
    hostname_ips: [{ hostname: 'db1', ipv4: '10.0.0.1', ipv6: '', last_updated: past }],
    hostname_resolve: [{ hostname: 'alias1', resolved_hostname: 'db1', resolved_timestamp: now }],
    node_health: [{ ...node, last_seen_active: past, extra_info: 'HttpMode', command: 'http', db_backend: 'x:3306' }],
    node_health_history: [{ ...node, extra_info: 'HttpMode', command: 'http' }],
    orchestrator_db_deployments: [
      { deployed_version: '3.2.6', deployed_timestamp: past },
      { deployed_version: '', deployed_timestamp: backendTime(nowMs - 400 * DAY_MS) },
    ],
    raft_store: [{ store_key: 'k', store_value: 'v' }],
  };
}

const definitions = (name: 'mysql' | 'sqlite') => readFileSync(`test/compat/backend/${name}.sql`, 'utf8');

export class OldSqlite implements OldProduct {
  readonly #file: string;

  /** @param directory of a daemon that was prepared and does not run */
  constructor(directory: string) {
    this.#file = join(directory, 'orchestrator.sqlite3');
    const db = new Database(this.#file);
    db.pragma('journal_mode = WAL');
    db.exec(definitions('sqlite'));
    db.close();
  }

  async rows(sql: string): Promise<readonly OldRow[]> {
    return this.#with((db) => db.prepare(sql).all() as OldRow[]);
  }

  async insert(tables: Readonly<Record<string, readonly OldRow[]>>): Promise<void> {
    this.#with((db) => {
      for (const { sql, values } of insertsOf(tables)) db.prepare(sql).run(...values);
    });
  }

  async shape(): Promise<Shape> {
    const columns = `SELECT m.name AS t, c.name AS c, lower(c.type) || ' ' || c."notnull" || ' ' || ifnull(c.dflt_value, '-') || ' ' || c.pk AS is_
      FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`;
    const keys = `SELECT tbl_name AS t, 'index ' || name AS c, sql AS is_ FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`;
    return shapeOf([...(await this.rows(columns)), ...(await this.rows(keys))]);
  }

  #with<T>(work: (db: Database.Database) => T): T {
    const db = new Database(this.#file);
    try {
      return work(db);
    } finally {
      db.close();
    }
  }
}

export class OldMysql implements OldProduct {
  readonly #server: MysqlBackendServer;

  private constructor(server: MysqlBackendServer) {
    this.#server = server;
  }

  static async make(server: MysqlBackendServer): Promise<OldMysql> {
    const old = new OldMysql(server);
    await server.sql('DROP DATABASE IF EXISTS orchestrator', [], '');
    await server.sql('CREATE DATABASE orchestrator', [], '');
    await old.#run([{ sql: definitions('mysql'), values: [] }]);
    return old;
  }

  rows(sql: string): Promise<readonly OldRow[]> {
    return this.#server.sql(sql);
  }

  insert(tables: Readonly<Record<string, readonly OldRow[]>>): Promise<void> {
    return this.#run(insertsOf(tables));
  }

  async shape(): Promise<Shape> {
    const columns = `SELECT table_name AS t, column_name AS c,
        CONCAT_WS(' ', column_type, character_set_name, is_nullable, IFNULL(column_default, '-'), extra) AS is_
      FROM information_schema.columns WHERE table_schema = DATABASE()`;
    const keys = `SELECT table_name AS t, CONCAT('index ', index_name) AS c,
        CONCAT(MIN(non_unique), ' ', GROUP_CONCAT(column_name ORDER BY seq_in_index)) AS is_
      FROM information_schema.statistics WHERE table_schema = DATABASE() GROUP BY table_name, index_name`;
    return shapeOf([...(await this.rows(columns)), ...(await this.rows(keys))]);
  }

  /** Columns without a default get the one of their type, as the patches of the established product gave them. */
  async #run(statements: readonly { readonly sql: string; readonly values: readonly Value[] }[]): Promise<void> {
    const { hostname: host, port } = this.#server.server.key;
    const session = await createConnection({
      ...{ host, port, ...ADMIN_LOGIN, database: 'orchestrator', multipleStatements: true },
    });
    try {
      await session.query("SET time_zone = '+00:00', sql_mode = ''");
      for (const { sql, values } of statements) await session.query<RowDataPacket[]>(sql, [...values]);
    } finally {
      session.destroy();
    }
  }
}

/** What may become of a column: more room. */
const WIDER: readonly (readonly [from: RegExp, to: string])[] = [[/^text /, 'mediumtext ']];

/** Columns and indexes that are gone, or hold less than before: `table.name: before -> after`. */
export function lostOf(before: Shape, after: Shape): readonly string[] {
  return [...before]
    .filter(([name, is]) => !isAsGood(is, after.get(name)))
    .map(([name, is]) => `${name}: ${is} -> ${after.get(name)}`);
}

function isAsGood(before: string, after: string | undefined): boolean {
  return after === before || WIDER.some(([from, to]) => from.test(before) && after === before.replace(from, to));
}

function insertsOf(tables: Readonly<Record<string, readonly OldRow[]>>) {
  return Object.entries(tables).flatMap(([table, rows]) =>
    rows.map((row) => {
      const names = Object.keys(row);
      const places = names.map(() => '?').join(', ');
      return { sql: `INSERT INTO ${table} (${names.join(', ')}) VALUES (${places})`, values: Object.values(row) };
    }),
  );
}

function shapeOf(rows: readonly OldRow[]): Shape {
  return new Map(rows.map(({ t, c, is_ }) => [`${t}.${c}`, String(is_)]));
}

/** What patches of the established product changed last, undone: an older release of it (backend-schema, "upgrading old backends"). */
export const OLDER_MYSQL: readonly string[] = [
  'ALTER TABLE node_health DROP PRIMARY KEY, ADD PRIMARY KEY (hostname)',
  'ALTER TABLE database_instance_tags DROP PRIMARY KEY, ADD PRIMARY KEY (hostname, port, tag_name, tag_value)',
  `ALTER TABLE topology_failure_detection
    DROP KEY host_port_active_recoverable_uidx_topology_failure_detection, DROP COLUMN is_actionable,
    ADD UNIQUE KEY host_port_active_uidx (hostname, port, in_active_period, end_active_period_unixtime)`,
  `ALTER TABLE database_instance DROP KEY cluster_name_idx_database_instance, MODIFY cluster_name tinytext NOT NULL,
    ADD KEY cluster_name_idx (cluster_name(128)), MODIFY semi_sync_master_timeout int unsigned NOT NULL,
    DROP COLUMN last_check_partial_success, DROP COLUMN replication_group_name`,
  'ALTER TABLE topology_recovery DROP COLUMN uid, DROP COLUMN last_detection_id, DROP COLUMN successor_alias',
  'DROP TABLE topology_recovery_steps',
  'DROP TABLE database_instance_stale_binlog_coordinates',
];
