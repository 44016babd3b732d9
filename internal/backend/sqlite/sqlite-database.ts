// One SQLite file. Calls are synchronous inside and short by design: a lock of another program is never waited for here,
// it is an error that the write queue comes back from.

import { statSync } from 'node:fs';
import BetterSqlite from 'better-sqlite3';
import type { Clock } from '../../runtime/clock.ts';
import { VERSION } from '../../runtime/version.ts';
import type { Change, Database, Row, Select } from '../database.ts';
import { UPGRADE, type Upgrade } from '../release.ts';
import { changeStatement, type Statement, selectStatement } from '../statements.ts';
import { toText } from '../time.ts';
import { backendFailure, sqliteFailure } from './failures.ts';
import { migrate } from './migrate.ts';
import { SQLITE_WORDS } from './words.ts';

/** How long one statement may wait for another program, ms. It holds up everything else, detection included. */
const BUSY_MS = 3;
/** At start nothing is held up yet, and a command of the command line may just be finishing. */
const OPEN_BUSY_MS = 1000;
const LOOK_MS = 1000;
/** Between two attempts on a file that somebody else is just making. */
const NEW_FILE_MS = 2;

export class SqliteDatabase implements Database {
  readonly name: string;
  readonly #clock: Clock;
  readonly #upgrade: Upgrade;
  #db: BetterSqlite.Database;
  /** Undefined: the database has no file. */
  #inode: number | undefined;
  #lookedMs: number;
  readonly #prepared = new Map<string, BetterSqlite.Statement>();

  private constructor(file: string, clock: Clock, upgrade: Upgrade) {
    this.name = file;
    this.#clock = clock;
    this.#upgrade = upgrade;
    this.#db = openFile(file, clock, OPEN_BUSY_MS, upgrade);
    this.#inode = this.#inodeNow();
    this.#lookedMs = clock.monotonicMs();
  }

  /** @throws {OrchestratorError} `BACKEND_FAILED` or `BACKEND_CORRUPT`; the file is never emptied or replaced */
  static open(file: string, clock: Clock, upgrade = UPGRADE): SqliteDatabase {
    return new SqliteDatabase(file, clock, upgrade);
  }

  async write(changes: readonly Change[]): Promise<void> {
    const [only, ...more] = changes;
    if (only === undefined) return;
    this.#guarded(() => {
      this.#checkPlace();
      if (more.length === 0) this.#run(changeStatement(only, SQLITE_WORDS));
      else
        this.#db
          .transaction(() => {
            for (const change of changes) this.#run(changeStatement(change, SQLITE_WORDS));
          })
          .immediate();
    });
  }

  async rows(select: Select): Promise<readonly Row[]> {
    const { sql, values } = selectStatement(select);
    return this.#guarded(() => this.#prepare(sql).all(...values) as Row[]);
  }

  async reopen(): Promise<void> {
    this.#guarded(() => this.#reopen());
  }

  async close(): Promise<void> {
    this.#prepared.clear();
    this.#db.close();
  }

  /** What is written to a file that was removed or replaced would be lost without an error: looked at once a second. */
  #checkPlace(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lookedMs < LOOK_MS) return;
    if (this.#inodeNow() !== this.#inode) this.#reopen();
    this.#lookedMs = nowMs;
  }

  /** A file that is gone is not made anew behind the operator's back. */
  #reopen(): void {
    const inode = this.#inodeNow();
    const fresh = openFile(this.name, this.#clock, BUSY_MS, this.#upgrade);
    this.#prepared.clear();
    this.#db.close();
    this.#db = fresh;
    this.#inode = inode;
  }

  #inodeNow(): number | undefined {
    return this.name === '' || this.name === ':memory:' ? undefined : statSync(this.name).ino;
  }

  #run({ sql, values }: Statement): void {
    this.#prepare(sql).run(...values);
  }

  #prepare(sql: string): BetterSqlite.Statement {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if ((cause as { code?: unknown }).code === 'ENOENT') throw backendFailure('missing', this.name, cause);
      throw sqliteFailure(cause, this.name);
    }
  }
}

/** Writes nothing, but asks for the right to. A lock of somebody else will pass; a file that cannot be written is to be told of now. */
function checkWritable(db: BetterSqlite.Database): void {
  try {
    db.exec('DELETE FROM kv_store WHERE 0');
  } catch (cause) {
    if (sqliteFailure(cause, db.name).context.reason !== 'busy') throw cause;
  }
}

/** Where two make one new file SQLite refuses this to one of them at once, whatever its time-out is: only this waits. */
function writeAhead(db: BetterSqlite.Database, busyMs: number): void {
  db.pragma('busy_timeout = 0');
  for (let waitedMs = 0; ; waitedMs += NEW_FILE_MS) {
    try {
      db.pragma('journal_mode = WAL');
      db.pragma(`busy_timeout = ${busyMs}`);
      return;
    } catch (cause) {
      if (sqliteFailure(cause, db.name).context.reason !== 'busy' || waitedMs >= busyMs) throw cause;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, NEW_FILE_MS);
    }
  }
}

function openFile(file: string, clock: Clock, busyMs: number, upgrade: Upgrade): BetterSqlite.Database {
  let db: BetterSqlite.Database | undefined;
  try {
    db = new BetterSqlite(file, { timeout: busyMs });
    writeAhead(db, busyMs);
    db.pragma('synchronous = NORMAL');
    migrate(db, { ...upgrade, version: VERSION, nowText: toText(clock.nowMs()) });
    db.pragma(`busy_timeout = ${BUSY_MS}`);
    checkWritable(db);
    return db;
  } catch (cause) {
    db?.close();
    throw sqliteFailure(cause, file);
  }
}
