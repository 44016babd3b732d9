// Changes and selections in SQLite's words. Equal shapes give equal text, so that a statement is prepared once.

import { type Change, type Condition, identifier, type Select, type Value } from '../database.ts';

export interface Statement {
  readonly sql: string;
  readonly values: readonly Value[];
}

export function changeStatement(change: Change): Statement {
  const table = identifier(change.table);
  switch (change.kind) {
    case 'insert':
      return insert(table, change.row);
    case 'upsert':
      return upsert(table, change.key, change.row);
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
      const chosen = `SELECT rowid FROM ${table}${where.sql} LIMIT ?`;
      return { sql: `DELETE FROM ${table} WHERE rowid IN (${chosen})`, values: [...where.values, change.atMost] };
    }
  }
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

function insert(table: string, row: Readonly<Record<string, Value>>): Statement {
  const names = Object.keys(row).map(identifier);
  const places = names.map(() => '?').join(', ');
  return { sql: `INSERT INTO ${table} (${names.join(', ')}) VALUES (${places})`, values: Object.values(row) };
}

function upsert(table: string, key: readonly string[], row: Readonly<Record<string, Value>>): Statement {
  const { sql, values } = insert(table, row);
  const updates = Object.keys(row)
    .filter((name) => !key.includes(name))
    .map((name) => `${identifier(name)} = excluded.${identifier(name)}`);
  const action = updates.length === 0 ? 'NOTHING' : `UPDATE SET ${updates.join(', ')}`;
  return { sql: `${sql} ON CONFLICT (${key.map(identifier).join(', ')}) DO ${action}`, values };
}

function whereClause(conditions: readonly Condition[]): Statement {
  if (conditions.length === 0) return { sql: '', values: [] };
  const terms = conditions.map(([column, is, value]) =>
    value === null && is === '=' ? `${identifier(column)} IS NULL` : `${identifier(column)} ${is} ?`,
  );
  const values = conditions.filter(([, is, value]) => !(value === null && is === '=')).map(([, , value]) => value);
  return { sql: ` WHERE ${terms.join(' AND ')}`, values };
}
