// One schema of a MySQL or MariaDB server.

import { randomBytes } from 'node:crypto';
import type { Clock } from '../../runtime/clock.ts';
import { VERSION } from '../../runtime/version.ts';
import type { Change, Database, Row, Select } from '../database.ts';
import { type Statement, selectStatement } from '../statements.ts';
import { toText } from '../time.ts';
import { statementsOf } from './batches.ts';
import { BackendConnection } from './connection.ts';
import { despiteDeadlocks } from './deadlocks.ts';
import { isDoubtful, mysqlFailure, reasonOf } from './failures.ts';
import { Fit } from './fit.ts';
import { Ghosts } from './ghosts.ts';
import { migrate } from './migrate.ts';
import { Pool } from './pool.ts';
import { wantedTables } from './schema.ts';
import { backendName, type MysqlBackendSettings } from './settings.ts';

const NO_SUCH_SCHEMA = 1049;
const PATIENCE_MS = 100;
/** Notes of writers that are long gone. */
const WRITER_MS = 7 * 86_400_000;
const BEGIN = { sql: 'START TRANSACTION', values: [] };
const COMMIT = { sql: 'COMMIT', values: [] };
const ROLLBACK = { sql: 'ROLLBACK', values: [] };

/** A write that was to be committed when the connection broke. */
interface Doubt {
  readonly number: number;
  readonly changes: readonly Change[];
}

export class MysqlDatabase implements Database {
  readonly name: string;
  readonly patienceMs: number;
  readonly #settings: MysqlBackendSettings;
  readonly #clock: Clock;
  readonly #pool: Pool;
  readonly #fit: Fit;
  readonly #ghosts: Ghosts;
  /** Names this process in `own_write`. */
  readonly #writer = randomBytes(16).toString('hex');
  #number = 0;
  #doubt: Doubt | undefined;
  /** Committed although nobody said so. */
  readonly #done = new WeakSet<Change>();
  #readOnly = false;

  private constructor(settings: MysqlBackendSettings, clock: Clock) {
    this.name = backendName(settings);
    this.patienceMs = settings.patienceMs ?? PATIENCE_MS;
    this.#settings = settings;
    this.#clock = clock;
    this.#pool = new Pool(settings, clock);
    this.#fit = new Fit(this.name, wantedTables());
    this.#ghosts = new Ghosts(clock, this.name);
  }

  /**
   * Makes the schema where there is none, and in it what is missing.
   *
   * @throws {OrchestratorError} `BACKEND_FAILED`, `BACKEND_CORRUPT`: which server, what is wrong, what to do
   */
  static async open(settings: MysqlBackendSettings, clock: Clock): Promise<MysqlDatabase> {
    const database = new MysqlDatabase(settings, clock);
    try {
      await database.#prepare();
      return database;
    } catch (cause) {
      await database.close();
      throw mysqlFailure(cause, database.name);
    }
  }

  async write(changes: readonly Change[]): Promise<void> {
    await this.#guarded(async (connection) => {
      await this.#ghosts.end(connection);
      await this.#settleDoubt(connection);
      const open = changes.filter((change) => !this.#done.has(change));
      const fitting = open.map((change) => this.#fit.change(change));
      const statements = statementsOf(fitting, connection.mostBytes, this.name);
      const [only] = statements;
      const adds = open.some(({ kind }) => kind === 'insert');
      if (statements.length === 1 && only !== undefined && !adds) await connection.run(only);
      else if (only !== undefined) await this.#transaction(connection, statements, adds ? open : undefined);
    });
    this.#readOnly = false;
  }

  rows(select: Select): Promise<readonly Row[]> {
    return this.#guarded(async (connection) => (await connection.run(selectStatement(this.#fit.select(select)))).rows);
  }

  /** A server that has become read-only is kept to, where that is asked for: it may become writable again. */
  async reopen(): Promise<void> {
    if (!this.#readOnly || this.#settings.rejectReadOnly) this.#pool.renew();
  }

  async close(): Promise<void> {
    this.#pool.close();
  }

  async #prepare(): Promise<void> {
    const { upgrade, schema } = this.#settings;
    const nowText = toText(this.#clock.nowMs());
    try {
      await this.#pool.use((connection) => connection.run({ sql: 'SELECT 1', values: [] }));
    } catch (cause) {
      if ((cause as { errno?: unknown }).errno !== NO_SUCH_SCHEMA || !upgrade.update) throw cause;
      const connection = await BackendConnection.open(this.#settings, '', this.#clock);
      await connection
        .run({ sql: `CREATE DATABASE IF NOT EXISTS ${quoted(schema)}`, values: [] })
        .finally(() => connection.close());
    }
    await this.#pool.use(async (connection) => {
      await migrate(connection, this.name, { ...upgrade, version: VERSION, nowText });
      const before = toText(this.#clock.nowMs() - WRITER_MS);
      // also asks for the right to write: an account or a server that may not is to be told of now
      await connection.run({ sql: 'DELETE FROM own_write WHERE written_at < ?', values: [before] });
    });
  }

  /** @param noted changes that must not be done twice */
  async #transaction(
    connection: BackendConnection,
    statements: readonly Statement[],
    noted: readonly Change[] | undefined,
  ): Promise<void> {
    this.#number += 1;
    const number = this.#number;
    await connection.run(BEGIN);
    try {
      if (noted !== undefined) await connection.run(this.#note(number));
      for (const statement of statements) await connection.run(statement);
    } catch (err) {
      await connection.run(ROLLBACK).catch(() => connection.close());
      throw err;
    }
    try {
      await connection.run(COMMIT);
    } catch (err) {
      connection.close();
      if (noted !== undefined && isDoubtful(err)) this.#doubt = { number, changes: noted };
      throw err;
    }
  }

  #note(number: number): Statement {
    return {
      sql: `INSERT INTO own_write (writer, number, written_at) VALUES (?, ?, ?)
              ON DUPLICATE KEY UPDATE number = VALUES(number), written_at = VALUES(written_at)`,
      values: [this.#writer, number, toText(this.#clock.nowMs())],
    };
  }

  /** A server that comes to itself may still commit what it was sent: the lock on the note waits for that. */
  async #settleDoubt(connection: BackendConnection): Promise<void> {
    const doubt = this.#doubt;
    if (doubt === undefined) return;
    const sql = 'SELECT number FROM own_write WHERE writer = ? FOR UPDATE';
    await connection.run(BEGIN);
    const { rows } = await connection.run({ sql, values: [this.#writer] }).catch((err: unknown) => {
      connection.close(); // with its transaction
      throw err;
    });
    await connection.run(ROLLBACK);
    if (Number(rows[0]?.number ?? 0) >= doubt.number) for (const change of doubt.changes) this.#done.add(change);
    this.#doubt = undefined;
  }

  async #guarded<T>(work: (connection: BackendConnection) => Promise<T>): Promise<T> {
    try {
      return await despiteDeadlocks(() => this.#pool.use((connection) => this.#noting(connection, work)));
    } catch (cause) {
      this.#readOnly = reasonOf(cause) === 'readOnly';
      throw mysqlFailure(cause, this.name);
    }
  }

  /** A connection that breaks may leave something behind. */
  async #noting<T>(connection: BackendConnection, work: (connection: BackendConnection) => Promise<T>): Promise<T> {
    try {
      return await work(connection);
    } catch (err) {
      if (!connection.usable) this.#ghosts.add(connection.id);
      throw err;
    }
  }
}

/** The name of a schema is the operator's, not ours. */
function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}
