// Changes and selections as SQL. What databases say differently is in `Words`. Equal shapes give equal text, so that a
// statement is prepared once.

import { type Change, type Condition, identifier, type Select, type Value } from './database.ts';

export interface Statement {
  readonly sql: string;
  readonly values: readonly Value[];
}

/** Every name that is handed over is a checked identifier. */
export interface Words {
  /** Behind an INSERT: the row that is there gets these columns of the new one; with no columns it stays as it is. */
  insteadUpdate(key: readonly string[], columns: readonly string[]): string;
  /** @param where with its keyword, or empty */
  deleteAtMost(table: string, where: string): string;
}

export function changeStatement(change: Change, words: Words): Statement {
  const table = identifier(change.table);
  switch (change.kind) {
    case 'insert':
    case 'upsert':
      return rowsStatement([change], words);
    case 'update': {
      const columns = Object.keys(change.row).map((name) => `${identifier(name)} = ?`);
      const where = whereClause(change.where);
      return {
        sql: `UPDATE ${table} SET ${columns.join(', ')}${where.sql}`,
        values: [...Object.values(change.row), ...where.values],
      };
    }
    case 'delete': {
      const where = whereClause(change.where);
      if (change.atMost === undefined) return { sql: `DELETE FROM ${table}${where.sql}`, values: where.values };
      return { sql: words.deleteAtMost(table, where.sql), values: [...where.values, change.atMost] };
    }
  }
}

type NewRow = Extract<Change, { kind: 'insert' | 'upsert' }>;

/** Whether both can be told in one statement. */
export function areAlike(one: Change, other: Change): boolean {
  if (one.kind === 'insert') return other.kind === 'insert' && one.table === other.table && sameColumns(one, other);
  if (one.kind !== 'upsert' || other.kind !== 'upsert') return false;
  return one.table === other.table && sameColumns(one, other) && one.key.join() === other.key.join();
}

/** @param changes alike, and one at least */
export function rowsStatement(changes: readonly [NewRow, ...NewRow[]], words: Words): Statement {
  const [first] = changes;
  const names = Object.keys(first.row).map(identifier);
  const places = `(${names.map(() => '?').join(', ')})`;
  const sql = `INSERT INTO ${identifier(first.table)} (${names.join(', ')}) VALUES ${changes.map(() => places).join(', ')}`;
  const values = changes.flatMap(({ row }) => Object.values(row));
  if (first.kind === 'insert') return { sql, values };
  const { key } = first;
  const others = names.filter((name) => !key.includes(name));
  return { sql: `${sql} ${words.insteadUpdate(key.map(identifier), others)}`, values };
}

function sameColumns({ row: one }: NewRow, { row: other }: NewRow): boolean {
  return Object.keys(one).join() === Object.keys(other).join();
}

export function selectStatement(select: Select): Statement {
  const where = whereClause(select.where ?? []);
  const order =
    select.orderBy === undefined ? '' : ` ORDER BY ${identifier(select.orderBy)}${select.descending ? ' DESC' : ''}`;
  const page = select.limit === undefined ? '' : ' LIMIT ? OFFSET ?';
  return {
    sql: `SELECT * FROM ${identifier(select.table)}${where.sql}${order}${page}`,
    values: [...where.values, ...(select.limit === undefined ? [] : [select.limit, select.offset ?? 0])],
  };
}

function whereClause(conditions: readonly Condition[]): Statement {
  if (conditions.length === 0) return { sql: '', values: [] };
  const terms = conditions.map(([column, is, value]) =>
    value === null && is === '=' ? `${identifier(column)} IS NULL` : `${identifier(column)} ${is} ?`,
  );
  const values = conditions.filter(([, is, value]) => !(value === null && is === '=')).map(([, , value]) => value);
  return { sql: ` WHERE ${terms.join(' AND ')}`, values };
}
