// An SQLite file as a source. A copy of it is read: opening the file itself, be it for reading only, leaves files beside it that were not
// there, and a log of changes (WAL) that its last user left behind would be taken in.

import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { identifier, type Row } from '../database.ts';
import { backendFailure, sqliteFailure } from '../sqlite/failures.ts';
import type { Source } from './source.ts';

const COPY = 'copy.sqlite3';
/** What belongs to a file and holds changes that it lacks. */
const SIDES = ['', '-wal', '-journal'];

export class SqliteSource implements Source {
  readonly name: string;
  readonly #directory: string;
  readonly #db: BetterSqlite.Database;
  readonly #nowMs: () => number;

  private constructor(name: string, directory: string, db: BetterSqlite.Database, nowMs: () => number) {
    this.name = name;
    this.#directory = directory;
    this.#db = db;
    this.#nowMs = nowMs;
  }

  /** @throws {OrchestratorError} `BACKEND_FAILED`, `BACKEND_CORRUPT` */
  static open(file: string, nowMs: () => number): SqliteSource {
    if (!existsSync(file)) throw backendFailure('missing', file);
    const directory = mkdtempSync(join(tmpdir(), 'orchestrator-import-'));
    try {
      for (const side of SIDES)
        if (existsSync(`${file}${side}`)) copyFileSync(`${file}${side}`, join(directory, `${COPY}${side}`));
      return new SqliteSource(file, directory, new BetterSqlite(join(directory, COPY)), nowMs);
    } catch (cause) {
      rmSync(directory, { recursive: true, force: true });
      throw sqliteFailure(cause, file);
    }
  }

  async columns(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const rows = this.#all<{ t: string; c: string }>(
      "SELECT m.name AS t, i.name AS c FROM sqlite_master m, pragma_table_info(m.name) i WHERE m.type = 'table'",
    );
    const found = new Map<string, Set<string>>();
    for (const { t, c } of rows) found.set(t, (found.get(t) ?? new Set()).add(c));
    return found;
  }

  async rows(table: string): Promise<readonly Row[]> {
    return this.#all<Row>(`SELECT * FROM ${identifier(table)}`);
  }

  async nowMs(): Promise<number> {
    return this.#nowMs();
  }

  async close(): Promise<void> {
    this.#db.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #all<T>(sql: string): T[] {
    try {
      return this.#db.prepare(sql).all() as T[];
    } catch (cause) {
      throw sqliteFailure(cause, this.name);
    }
  }
}
