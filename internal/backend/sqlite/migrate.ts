// Opens an existing file in place: what is missing is added, nothing is dropped or renamed, and what is not known is left
// alone. What is wanted is read from a database in memory made by our own scripts, so there is one list of it.

import { readdirSync, readFileSync } from 'node:fs';
import BetterSqlite from 'better-sqlite3';
import { identifier } from '../database.ts';
import type { Release } from '../release.ts';
import { backendFailure } from './failures.ts';

interface Column {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly dflt_value: string | null;
  readonly pk: number;
}

interface SchemaObject {
  readonly type: 'table' | 'index';
  readonly name: string;
  readonly tbl_name: string;
  readonly sql: string;
}

const DIRECTORY = new URL('../migrations/', import.meta.url);

/**
 * Takes a lock only if there is something to add. A row of `orchestrator_db_deployments` says that this release was here.
 *
 * @throws {OrchestratorError} `BACKEND_FAILED` (reason `newer`): a table wants values that this release does not know of, or
 *   another release set the tables up and that is not wanted; (reason `refused`): a table is missing and must not be made
 */
export function migrate(db: BetterSqlite.Database, release: Release): void {
  const { version, nowText, update, refuseOther } = release;
  const model = new BetterSqlite(':memory:');
  try {
    for (const script of schemaScripts()) model.exec(script);
    const additions = missing(db, model);
    if (!update) {
      refuseIncomplete(db, model);
      return;
    }
    const deployed = isDeployed(db, version);
    if (additions.length === 0 && deployed) return;
    if (!deployed && refuseOther)
      throw backendFailure('newer', db.name, new Error('PanicIfDifferentDatabaseDeploy is set'));
    db.transaction(() => {
      for (const sql of missing(db, model)) db.exec(sql); // looked at again: somebody may have been quicker
      db.prepare(
        `INSERT INTO orchestrator_db_deployments (deployed_version, deployed_timestamp) VALUES (?, ?)
         ON CONFLICT (deployed_version) DO NOTHING`,
      ).run(version, nowText);
      db.prepare(
        `INSERT INTO active_node (anchor, hostname, token, last_seen_active) VALUES (1, '', '', ?)
         ON CONFLICT (anchor) DO NOTHING`,
      ).run(nowText);
    }).immediate();
  } finally {
    model.close();
  }
}

function schemaScripts(): readonly string[] {
  return readdirSync(DIRECTORY)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => readFileSync(new URL(name, DIRECTORY), 'utf8'));
}

/** Statements that add what `model` has and `db` has not: columns first, since an index may need them. */
function missing(db: BetterSqlite.Database, model: BetterSqlite.Database): readonly string[] {
  const wanted = objectsOf(model);
  const there = new Set(objectsOf(db).map(({ name }) => name));
  const columns = wanted
    .filter(({ type, name }) => type === 'table' && there.has(name))
    .flatMap(({ name }) => missingColumns(name, columnsOf(db, name), columnsOf(model, name), db.name));
  const objects = wanted.filter(({ name }) => !there.has(name));
  const tables = objects.filter(({ type }) => type === 'table');
  const indexes = objects.filter(({ type }) => type === 'index');
  return [...columns, ...tables.map(({ sql }) => sql), ...indexes.map(({ sql }) => sql)];
}

function objectsOf(db: BetterSqlite.Database): readonly SchemaObject[] {
  const sql = `SELECT type, name, tbl_name, sql FROM sqlite_master
               WHERE type IN ('table', 'index') AND sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid`;
  return db.prepare(sql).all() as SchemaObject[];
}

function columnsOf(db: BetterSqlite.Database, table: string): readonly Column[] {
  return db.pragma(`table_info(${identifier(table)})`) as Column[];
}

function missingColumns(
  table: string,
  there: readonly Column[],
  wanted: readonly Column[],
  file: string,
): readonly string[] {
  const known = new Set(wanted.map(({ name }) => name));
  const strange = there.find(
    ({ name, notnull, dflt_value, pk }) => !known.has(name) && notnull === 1 && dflt_value === null && pk === 0,
  );
  if (strange !== undefined)
    throw backendFailure('newer', file, new Error(`${table}.${strange.name} must have a value`));
  const present = new Set(there.map(({ name }) => name));
  return wanted.filter(({ name }) => !present.has(name)).map((column) => addition(table, column));
}

function addition(table: string, { name, type, notnull, dflt_value }: Column): string {
  const needed = notnull === 1 ? ` NOT NULL DEFAULT ${dflt_value ?? "''"}` : '';
  const optional = notnull === 0 && dflt_value !== null ? ` DEFAULT ${dflt_value}` : '';
  return `ALTER TABLE ${identifier(table)} ADD COLUMN ${identifier(name)} ${type}${needed}${optional}`;
}

function refuseIncomplete(db: BetterSqlite.Database, model: BetterSqlite.Database): void {
  const there = new Set(objectsOf(db).map(({ name }) => name));
  const table = objectsOf(model).find(({ type, name }) => type === 'table' && !there.has(name));
  if (table === undefined) return;
  throw backendFailure(
    'refused',
    db.name,
    new Error(`no table ${table.name}, and SkipOrchestratorDatabaseUpdate is set`),
  );
}

function isDeployed(db: BetterSqlite.Database, version: string): boolean {
  if (columnsOf(db, 'orchestrator_db_deployments').length === 0) return false;
  return db.prepare('SELECT 1 FROM orchestrator_db_deployments WHERE deployed_version = ?').get(version) !== undefined;
}
