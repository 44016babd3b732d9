// What a group takes over from a backend (C-142): the tables of its state, as far as the source has them, and the servers that are watched.

import { OrchestratorError } from '../../runtime/errors.ts';
import type { InstanceKey } from '../../topology/instance-key.ts';
import type { Row, Value } from '../database.ts';
import { type Column, type Table, wantedTables } from '../mysql/schema.ts';
import { keyOf, number, text } from '../rows.ts';
import { STATE_TABLES, type StateTable } from '../state-tables.ts';
import { toMs } from '../time.ts';
import type { Source } from './source.ts';

export interface Gathered {
  readonly tables: ReadonlyMap<StateTable, readonly Row[]>;
  readonly servers: readonly InstanceKey[];
  /** Tables that the source does not have: another release made it. */
  readonly missing: readonly string[];
  /** `table.column` of what it has besides; patched products add such. */
  readonly leftOut: readonly string[];
  /** A daemon that wrote to it a moment ago. */
  readonly user: { readonly hostname: string; readonly silentMs: number } | undefined;
}

/** Each release of the product has them. */
const CORE = ['database_instance', 'database_instance_downtime', 'candidate_database_instance', 'topology_recovery'];
/** A daemon beats each second, and counts as gone after this (C-152). */
const GONE_MS = 5_000;
const NEVER = '1971-01-01 00:00:00';

/** @throws {OrchestratorError} `BAD_REQUEST`: it is no backend of an orchestrator; `BACKEND_FAILED`, `BACKEND_CORRUPT` */
export async function gather(source: Source): Promise<Gathered> {
  const there = await source.columns();
  refuseForeign(source.name, there);
  const wanted = new Map(wantedTables().map((table) => [table.name, table]));
  const tables = new Map<StateTable, readonly Row[]>();
  const missing: string[] = [];
  const leftOut: string[] = [];
  for (const stateTable of STATE_TABLES) {
    const table = wanted.get(stateTable.name) as Table;
    const columns = there.get(table.name);
    if (columns === undefined) {
      missing.push(table.name);
      continue;
    }
    refuseWithoutKey(source.name, table, columns);
    const strange = [...columns].filter((name) => !table.columns.some((column) => column.name === name));
    leftOut.push(...strange.map((name) => `${table.name}.${name}`));
    tables.set(stateTable, (await source.rows(table.name)).filter(isLasting(table.name)).map(rowFor(table)));
  }
  const servers = (await source.rows('database_instance')).map(keyOf);
  return { tables, servers, missing, leftOut, user: await userOf(source, there) };
}

function refuseForeign(name: string, there: ReadonlyMap<string, unknown>): void {
  const lacking = CORE.find((table) => !there.has(table));
  if (lacking === undefined) return;
  const found = there.size === 0 ? 'it has no tables at all' : `it has no table ${lacking}`;
  throw new OrchestratorError('BAD_REQUEST', `${name} is no backend of an orchestrator: ${found}`);
}

function refuseWithoutKey(name: string, { name: table, keys }: Table, columns: ReadonlySet<string>): void {
  const lacking = keys
    .filter(({ primary }) => primary)
    .flatMap((key) => key.columns.filter((one) => !columns.has(one)));
  if (lacking.length > 0)
    throw new OrchestratorError(
      'BAD_REQUEST',
      `${name} is no backend of an orchestrator: table ${table} has no column ${lacking.join(', ')}`,
    );
}

/** A lock that a process of the old deployment holds ends with that process; one with a time of its own stays. */
function isLasting(table: string): (row: Row) => boolean {
  if (table !== 'database_instance_maintenance') return () => true;
  return (row) => number(row.maintenance_active) !== 1 || number(row.explicitly_bounded) === 1;
}

/** Columns of ours only; one that the source lacks and that must have a value gets the empty one of its type. */
function rowFor({ columns }: Table): (row: Row) => Row {
  return (row) =>
    Object.fromEntries(
      columns.flatMap((column): readonly (readonly [string, Value])[] => {
        const value = row[column.name];
        if (value !== undefined) return [[column.name, value]];
        return needsValue(column) ? [[column.name, emptyOf(column)]] : [];
      }),
    );
}

function needsValue({ definition }: Column): boolean {
  return /\bNOT NULL\b/.test(definition) && !/\b(DEFAULT|AUTO_INCREMENT)\b/.test(definition);
}

function emptyOf({ type }: Column): Value {
  if (type === 'timestamp') return NEVER;
  return /int$/.test(type) ? 0 : '';
}

/** By `node_health`, which daemons of either product write each second. A command of the command line is none. */
async function userOf(source: Source, there: ReadonlyMap<string, ReadonlySet<string>>): Promise<Gathered['user']> {
  if (!there.has('node_health')) return undefined;
  const nowMs = await source.nowMs();
  const beats = (await source.rows('node_health'))
    .filter((row) => text(row.extra_info) !== 'CLIMode')
    .map((row) => ({ hostname: text(row.hostname), silentMs: nowMs - toMs(row.last_seen_active) }))
    .filter(({ silentMs }) => silentMs < GONE_MS);
  return beats.sort((one, other) => one.silentMs - other.silentMs)[0];
}
