// The layout of raft_store.db, and how the file is opened.

import BetterSqlite from 'better-sqlite3';
import { codeOf, inUse } from './failures.ts';

/** "ORCR": tells our file from any other, above all from the one of the established product, which has the same name. */
export const APPLICATION_ID = 0x4f524352;
export const SCHEMA_VERSION = 1;

export const TABLES = {
  /** Rows at and below the place where the log begins are leftovers that the upkeep removes. */
  entry: `CREATE TABLE entry (
  log_index INTEGER PRIMARY KEY,
  term INTEGER NOT NULL,
  stamp_ms INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  payload BLOB NOT NULL,
  crc INTEGER NOT NULL
) STRICT`,
  /** One row: a JSON document and its checksum. */
  state: `CREATE TABLE state (
  anchor INTEGER PRIMARY KEY CHECK (anchor = 1),
  document TEXT NOT NULL,
  crc INTEGER NOT NULL
) STRICT`,
} as const;

export type TableName = keyof typeof TABLES;

/** Pages of the log of SQLite (WAL), 4 KiB each, after which the upkeep copies them into the file: bounds the time that takes. */
export const CHECKPOINT_PAGES = 1024;

export interface LockOptions {
  /** How long another holder is waited for, ms: it may just be ending. */
  readonly lockWaitMs: number;
}

/**
 * Nobody else can open the file until it is closed. The lock is the kernel's and ends with the process. It would also end if this process
 * opened the file by other means than SQLite and closed it again (fcntl locks), so nobody does.
 *
 * @throws {OrchestratorError} `CONFLICT`: another process holds it
 */
export function openLocked(file: string, directory: string, { lockWaitMs }: LockOptions): BetterSqlite.Database {
  const db = new BetterSqlite(file, { timeout: lockWaitMs });
  try {
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL'); // each commit ends with a sync
    db.pragma('wal_autocheckpoint = 0');
    db.exec('BEGIN EXCLUSIVE; COMMIT');
    return db;
  } catch (err) {
    db.close();
    throw codeOf(err).startsWith('SQLITE_BUSY') ? inUse(directory) : err;
  }
}

/** Changes nothing in the file, nor in its log. Whoever has it locked keeps this out, and this keeps others out until it is closed. */
export function openForReading(file: string, directory: string, { lockWaitMs }: LockOptions): BetterSqlite.Database {
  const db = new BetterSqlite(file, { readonly: true, fileMustExist: true, timeout: lockWaitMs });
  try {
    db.exec('BEGIN');
    db.pragma('schema_version');
    return db;
  } catch (err) {
    db.close();
    throw codeOf(err).startsWith('SQLITE_BUSY') ? inUse(directory) : err;
  }
}

/** In the caller's transaction. What a creation left that was cut short goes; it never reported anything durable. */
export function createTables(db: BetterSqlite.Database): void {
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma(`user_version = ${SCHEMA_VERSION}`);
  for (const [name, sql] of Object.entries(TABLES)) db.exec(`DROP TABLE IF EXISTS ${name}; ${sql}`);
}

export function tablesIn(db: BetterSqlite.Database): ReadonlyMap<string, string> {
  const rows = db.prepare(`SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name`).all();
  return new Map((rows as { name: string; sql: string }[]).map(({ name, sql }) => [name, sql]));
}
