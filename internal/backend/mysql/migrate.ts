// Opens an existing schema in place: what is missing is added, nothing is dropped, renamed or narrowed, and what is not known
// is left alone. Every statement may be found done already, by another daemon that starts at the same moment.

import { OrchestratorError } from '../../runtime/errors.ts';
import type { Release } from '../release.ts';
import type { BackendConnection } from './connection.ts';
import { backendFailure } from './failures.ts';
import { type Found, outdated } from './older-releases.ts';
import { type Column, type Key, type Table, wantedTables } from './schema.ts';

/** One daemon at a time adds things; whoever waits finds them done. Seconds. */
const LOCK_S = 60;
/** An ALTER of a large table takes its time, ms. */
const STATEMENT_MS = 600_000;
/** Table, column or index is there already. */
const THERE_ALREADY: ReadonlySet<unknown> = new Set([1050, 1060, 1061]);
/** So is what is to go; or rows are there that the new key does not allow, such as two values of one tag: they stay, and so does the old key. */
const GONE_OR_IN_USE: ReadonlySet<unknown> = new Set([1062, 1091]);

/** @throws {OrchestratorError} `BACKEND_FAILED` (reason `missing`, `newer`), or what the server says */
export async function migrate(connection: BackendConnection, name: string, release: Release): Promise<void> {
  const wanted = wantedTables();
  const there = await found(connection);
  const lacking = missing(wanted, there);
  if (!release.update) {
    const table = wanted.find(({ create }) => lacking.includes(create));
    if (table !== undefined)
      throw backendFailure(
        'missing',
        name,
        new Error(`no table ${table.name}, and SkipOrchestratorDatabaseUpdate is set`),
      );
    return;
  }
  const deployed = await isDeployed(connection, release.version, wanted, lacking);
  if (deployed && lacking.length === 0 && outdated(there).length === 0) return;
  if (!deployed && release.refuseOther)
    throw backendFailure('newer', name, new Error('PanicIfDifferentDatabaseDeploy is set'));
  const lock = { sql: 'SELECT GET_LOCK(?, ?)', values: ['orchestrator schema', LOCK_S] };
  await connection.run(lock, STATEMENT_MS);
  try {
    for (const sql of missing(wanted, await found(connection))) await tolerantly(connection, sql, THERE_ALREADY);
    for (const sql of outdated(await found(connection))) await tolerantly(connection, sql, GONE_OR_IN_USE);
    await connection.run({
      sql: 'INSERT IGNORE INTO orchestrator_db_deployments (deployed_version, deployed_timestamp) VALUES (?, ?)',
      values: [release.version, release.nowText],
    });
    await connection.run({
      sql: `INSERT IGNORE INTO active_node (anchor, hostname, token, last_seen_active) VALUES (1, '', '', ?)`,
      values: [release.nowText],
    });
  } finally {
    await connection.run({ sql: 'SELECT RELEASE_LOCK(?)', values: ['orchestrator schema'] });
  }
}

/** Statements that add what is wanted and not there: columns first, since an index may need them. */
export function missing(wanted: readonly Table[], there: ReadonlyMap<string, Found>): readonly string[] {
  return wanted.flatMap(({ name, create, columns, keys }) => {
    const table = there.get(name);
    if (table === undefined) return [create];
    return [
      ...columns.filter((column) => !table.types.has(column.name)).map((column) => addColumn(name, column)),
      ...columns
        .filter((column) => isWider(column, table.types.get(column.name)))
        .map(({ definition }) => `ALTER TABLE ${name} MODIFY COLUMN ${definition}`),
      ...keys.filter((key) => !hasKey(table, key)).map(({ definition }) => `ALTER TABLE ${name} ADD ${definition}`),
    ];
  });
}

/** Rows that are there get the value that the type begins with. */
function addColumn(table: string, { definition }: Column): string {
  return `ALTER TABLE ${table} ADD COLUMN ${definition}`;
}

/** GTID sets of servers with many predecessors outgrow 64 KB. */
function isWider({ type }: Column, there: string | undefined): boolean {
  return type === 'mediumtext' && there === 'text';
}

/** By its columns: releases have called the same index by several names. A primary key is never changed. */
function hasKey({ keys }: Found, { primary, unique, columns }: Key): boolean {
  return (
    primary ||
    keys.includes(`${unique ? 'unique ' : ''}${columns.join()}`) ||
    (!unique && keys.includes(`unique ${columns.join()}`))
  );
}

async function found(connection: BackendConnection): Promise<ReadonlyMap<string, Found>> {
  const columns = await connection.run({
    sql: `SELECT table_name AS t, column_name AS c, data_type AS type
            FROM information_schema.columns WHERE table_schema = DATABASE()`,
    values: [],
  });
  const keys = await connection.run({
    sql: `SELECT table_name AS t, index_name AS i, MIN(non_unique) AS plain, GROUP_CONCAT(column_name ORDER BY seq_in_index) AS columns
            FROM information_schema.statistics WHERE table_schema = DATABASE() GROUP BY table_name, index_name`,
    values: [],
  });
  const tables = new Map<string, { types: Map<string, string>; keys: string[]; byName: Map<string, string> }>();
  for (const { t, c, type } of columns.rows) {
    const table = tables.get(String(t)) ?? { types: new Map(), keys: [], byName: new Map() };
    table.types.set(String(c), String(type).toLowerCase());
    tables.set(String(t), table);
  }
  for (const { t, i, plain, columns } of keys.rows) {
    const is = `${Number(plain) === 0 ? 'unique ' : ''}${String(columns)}`;
    tables.get(String(t))?.keys.push(is);
    tables.get(String(t))?.byName.set(String(i), is);
  }
  return tables;
}

async function isDeployed(
  connection: BackendConnection,
  version: string,
  wanted: readonly Table[],
  lacking: readonly string[],
): Promise<boolean> {
  const deployments = wanted.find(({ name }) => name === 'orchestrator_db_deployments');
  if (deployments === undefined || lacking.includes(deployments.create)) return false;
  const sql = 'SELECT 1 FROM orchestrator_db_deployments WHERE deployed_version = ?';
  return (await connection.run({ sql, values: [version] })).rows.length > 0;
}

async function tolerantly(connection: BackendConnection, sql: string, codes: ReadonlySet<unknown>): Promise<void> {
  try {
    await connection.run({ sql, values: [] }, STATEMENT_MS);
  } catch (cause) {
    if (!codes.has((cause as { errno?: unknown }).errno))
      throw cause instanceof OrchestratorError ? cause : Object.assign(cause as Error, { sql: undefined });
  }
}
