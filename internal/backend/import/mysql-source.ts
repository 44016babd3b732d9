// A schema of a MySQL or MariaDB server as a source: one transaction that sees one moment and may change nothing.

import type { Clock } from '../../runtime/clock.ts';
import { identifier, type Row } from '../database.ts';
import { BackendConnection } from '../mysql/connection.ts';
import { mysqlFailure } from '../mysql/failures.ts';
import { backendName, type MysqlBackendSettings } from '../mysql/settings.ts';
import { text } from '../rows.ts';
import { toMs } from '../time.ts';
import type { Source } from './source.ts';

export class MysqlSource implements Source {
  readonly name: string;
  readonly #connection: BackendConnection;

  private constructor(name: string, connection: BackendConnection) {
    this.name = name;
    this.#connection = connection;
  }

  /** @throws {OrchestratorError} `BACKEND_FAILED`: it cannot be reached, or has no such schema */
  static async open(settings: MysqlBackendSettings, clock: Clock): Promise<MysqlSource> {
    const name = backendName(settings);
    let connection: BackendConnection | undefined;
    try {
      connection = await BackendConnection.open(settings, settings.schema, clock);
      for (const sql of [
        'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
        'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY',
      ])
        await connection.run({ sql, values: [] });
      return new MysqlSource(name, connection);
    } catch (cause) {
      connection?.close();
      throw mysqlFailure(cause, name);
    }
  }

  async columns(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const rows = await this.#all(
      'SELECT table_name AS t, column_name AS c FROM information_schema.columns WHERE table_schema = DATABASE()',
    );
    const found = new Map<string, Set<string>>();
    for (const row of rows) found.set(text(row.t), (found.get(text(row.t)) ?? new Set()).add(text(row.c)));
    return found;
  }

  rows(table: string): Promise<readonly Row[]> {
    return this.#all(`SELECT * FROM ${identifier(table)}`);
  }

  async nowMs(): Promise<number> {
    const [row] = await this.#all('SELECT NOW() AS now');
    return toMs(row?.now);
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  async #all(sql: string): Promise<readonly Row[]> {
    try {
      return (await this.#connection.run({ sql, values: [] })).rows;
    } catch (cause) {
      throw mysqlFailure(cause, this.name);
    }
  }
}
