import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { Agreed } from './agreed.ts';
import type { Change, Database } from './database.ts';
import { LeaderAddress } from './leader-address.ts';
import type { MysqlBackendSettings } from './mysql/settings.ts';
import type { Node } from './recoveries.ts';
import { UPGRADE } from './release.ts';
import { SqliteDatabase } from './sqlite/sqlite-database.ts';
import { Tables } from './tables.ts';
import { Wishes } from './wishes.ts';
import { type BackendHealth, WriteQueue, type WriteQueueDeps } from './write-queue.ts';

export interface BackendOptions {
  /** The process that writes. */
  readonly node: Node;
  readonly clock: Clock;
  readonly log: Log;
  readonly flushMs: number;
  readonly onWrite?: WriteQueueDeps['onWrite'];
}

/** How long a stop waits for what is not written yet, ms. */
const CLOSE_LIMIT_MS = 500;

/** The durable copy of what memory knows: its tables, one queue, one database. */
export class Backend extends Tables {
  /** What a group agreed on; nothing where this node is alone. */
  readonly agreed: Agreed;
  /** What operators asked of other daemons; on a shared backend only. */
  readonly wishes: Wishes;
  /** On a shared backend only. */
  readonly leaderAddress: LeaderAddress;
  readonly #database: Database;
  readonly #queue: WriteQueue;

  constructor(database: Database, { node, clock, log, flushMs, onWrite }: BackendOptions) {
    const queue = new WriteQueue({ database, clock, log, flushMs, onWrite });
    super(queue, node);
    this.agreed = new Agreed(queue, log);
    this.wishes = new Wishes(queue, node.token);
    this.leaderAddress = new LeaderAddress(queue, node.token);
    this.#database = database;
    this.#queue = queue;
  }

  /** @throws {OrchestratorError} `BACKEND_FAILED`, `BACKEND_CORRUPT`: which file, what is wrong, what to do */
  static openSqlite(file: string, options: BackendOptions, upgrade = UPGRADE): Backend {
    return new Backend(SqliteDatabase.open(file, options.clock, upgrade), options);
  }

  /**
   * The driver is loaded here: a command on an SQLite file does without it.
   *
   * @throws {OrchestratorError} `BACKEND_FAILED`, `BACKEND_CORRUPT`: which server, what is wrong, what to do
   */
  static async openMysql(settings: MysqlBackendSettings, options: BackendOptions): Promise<Backend> {
    const { MysqlDatabase } = await import('./mysql/mysql-database.ts');
    return new Backend(await MysqlDatabase.open(settings, options.clock), options);
  }

  /** Whether the database takes what it is given, and since when not. */
  health(): BackendHealth {
    return this.#queue.health();
  }

  /** False: the database does not hold all yet that was said here; rows of servers do not count. */
  caughtUp(): Promise<boolean> {
    return this.#queue.caughtUp();
  }

  /** One clean-up; where the database takes nothing now, the next round does it. */
  async tidy(change: Change): Promise<void> {
    if (this.health().ok) await this.#queue.write([change], { expendable: true });
  }

  /** Writes what waits, for at most `limitMs`; false when some of it still waits then. */
  settle(limitMs: number): Promise<boolean> {
    return this.#queue.settle(limitMs);
  }

  async close(): Promise<void> {
    await this.#queue.close(CLOSE_LIMIT_MS);
    await this.#database.close();
  }
}
