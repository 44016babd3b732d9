// What a column can hold. Without strict mode the server makes most values fit by itself. Not so characters that a column's
// alphabet lacks, for which it refuses the whole row; and two it would make wrong: a time out of range would become "never", and a
// name cut short would be that of another server.

import type { Change, Condition, Row, Select, Value } from '../database.ts';
import { backendFailure } from './failures.ts';
import type { Column, Table } from './schema.ts';

/** Range of the type `timestamp` (MySQL manual, "The DATE, DATETIME, and TIMESTAMP Types"). */
const FIRST = '1970-01-01 00:00:01';
const LAST = '2038-01-19 03:14:07';

const TEXT_TYPES: ReadonlySet<string> = new Set(['varchar', 'text', 'mediumtext']);

/** Characters that an alphabet lacks. */
const FOREIGN = { ascii: /[^\0-\x7f]/gu, utf8: /[\u{10000}-\u{10ffff}]/gu, utf8mb4: undefined } as const;

interface Place extends Column {
  /** Part of a primary or unique key. */
  readonly keyed: boolean;
}

export class Fit {
  readonly #name: string;
  readonly #places = new Map<string, Place>();

  /** @param name of the backend, for people */
  constructor(name: string, tables: readonly Table[]) {
    this.#name = name;
    for (const { name: table, columns, keys } of tables) {
      const unique = new Set(keys.filter((key) => key.unique).flatMap((key) => key.columns));
      for (const column of columns)
        this.#places.set(`${table}.${column.name}`, { ...column, keyed: unique.has(column.name) });
    }
  }

  /** @throws {OrchestratorError} `BACKEND_FAILED` (reason `refused`): part of a key is too long */
  change(change: Change): Change {
    const { table } = change;
    switch (change.kind) {
      case 'delete':
        return { ...change, where: this.#where(table, change.where) };
      case 'update':
        return { ...change, row: this.#row(table, change.row), where: this.#where(table, change.where) };
      default:
        return { ...change, row: this.#row(table, change.row) };
    }
  }

  /** What was stored with other characters is found again. */
  select(select: Select): Select {
    return select.where === undefined ? select : { ...select, where: this.#where(select.table, select.where) };
  }

  #row(table: string, row: Row): Row {
    return Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, this.#stored(`${table}.${name}`, value)]),
    );
  }

  #where(table: string, conditions: readonly Condition[]): readonly Condition[] {
    return conditions.map(([column, is, value]) => [
      column,
      is,
      inAlphabet(this.#places.get(`${table}.${column}`), value),
    ]);
  }

  #stored(name: string, value: Value): Value {
    const place = this.#places.get(name);
    if (typeof value !== 'string' || place === undefined) return value;
    if (place.type === 'timestamp') return value < FIRST ? FIRST : value > LAST ? LAST : value;
    if (place.keyed && value.length > (place.length ?? value.length))
      throw backendFailure('refused', this.#name, new Error(`${name} holds no ${value.length} characters: ${value}`));
    return inAlphabet(place, value);
  }
}

function inAlphabet(place: Place | undefined, value: Value): Value {
  if (typeof value !== 'string' || place === undefined || !TEXT_TYPES.has(place.type)) return value;
  const foreign = FOREIGN[place.charset];
  return foreign === undefined ? value : value.replace(foreign, '?');
}
