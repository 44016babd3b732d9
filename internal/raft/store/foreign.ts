// The established product keeps its log in a file of the same name, in an SQLite database of its own layout.

import { join } from 'node:path';
import type BetterSqlite from 'better-sqlite3';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { Paths } from './directory.ts';
import type { Files } from './files.ts';
import { tablesIn } from './schema.ts';

const TABLES = ['raft_store', 'raft_log'];

/** @throws {OrchestratorError} `CONFIG_INVALID`: one of its snapshots is there */
export function refuseForeignSnapshots(files: Files, { directory, snapshots }: Paths): void {
  for (const name of files.list(snapshots)) {
    if (name.includes('.')) continue; // ours are files with a suffix, its are directories
    const meta = join(snapshots, name, 'meta.json');
    if (files.size(meta) !== undefined) throw foreign(directory, `${meta} is one of its snapshots`);
  }
}

/** @throws {OrchestratorError} `CONFIG_INVALID`: the database is one of its */
export function refuseForeignTables(db: BetterSqlite.Database, { directory, database }: Paths): void {
  const table = TABLES.find((name) => tablesIn(db).has(name));
  if (table !== undefined) throw foreign(directory, `${database} has its table ${table}`);
}

function foreign(directory: string, evidence: string): OrchestratorError {
  return new OrchestratorError(
    'CONFIG_INVALID',
    `RaftDataDir ${directory} belongs to another orchestrator (${evidence}), whose log cannot be continued. Nothing was changed. Name an empty directory, and bring the data over with: orchestrator raft-import --from-backend FILE-OR-DSN, on one founder of the new group; the others start empty`,
    { context: { directory, evidence } },
  );
}
