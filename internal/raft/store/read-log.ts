// Reads a whole log back and says of each part whether it can be believed. The same for a start and for whoever inspects a stopped node.

import type BetterSqlite from 'better-sqlite3';
import type { LogEntry } from '../core/types.ts';
import { chainedCrc, type EntryRow, entryOf, type Place } from './entry-row.ts';
import { codeOf, type Damage, DamageFound } from './failures.ts';
import { APPLICATION_ID, SCHEMA_VERSION, TABLES, tablesIn } from './schema.ts';
import { type StateRow, type StoredState, stateOf } from './stored-state.ts';

export interface ReadLog {
  /** Undefined: it cannot be read, which is among the damage. */
  readonly state: StoredState | undefined;
  readonly damage: readonly Damage[];
}

/** How many findings are collected before the rest is left unread. */
const ENOUGH = 20;

/**
 * `visit` gets every entry of the log in order, with whether its checksum is right; `entry` is undefined where it makes no sense.
 *
 * @throws what is no damage: the disk does not answer, memory is short
 */
export function readLog(
  db: BetterSqlite.Database,
  visit: (row: EntryRow, sound: boolean, entry: LogEntry | undefined) => void,
): ReadLog {
  const damage: Damage[] = [];
  let state: StoredState | undefined;
  try {
    checkLayout(db);
    damage.push(...quickCheck(db));
    state = readState(db);
    readEntries(db, state, { damage, visit });
  } catch (err) {
    damage.push(asDamage(err, db.name).damage);
  }
  return { state, damage };
}

/** @throws {DamageFound} it cannot be believed */
export function readState(db: BetterSqlite.Database): StoredState {
  const row = db.prepare('SELECT document, crc FROM state WHERE anchor = 1').get() as StateRow | undefined;
  if (row === undefined) throw new DamageFound('missing', `${db.name}, table state`, 'its only row is missing');
  const state = stateOf(row);
  if (state === undefined) {
    throw new DamageFound(
      'checksum',
      `${db.name}, table state`,
      'term, vote and bounds of the log have a wrong checksum',
    );
  }
  return state;
}

/** SQLite errors that mean that bytes in the file are wrong; others are thrown on. */
export function asDamage(err: unknown, file: string): DamageFound {
  if (err instanceof DamageFound) return err;
  const code = codeOf(err);
  if (!/^SQLITE_(CORRUPT|NOTADB|ERROR|FORMAT|MISMATCH|SCHEMA|TOOBIG)/.test(code)) throw err;
  return new DamageFound('unreadable', file, err instanceof Error ? err.message : code, err);
}

function checkLayout(db: BetterSqlite.Database): void {
  const application = db.pragma('application_id', { simple: true });
  if (application !== APPLICATION_ID) {
    throw new DamageFound('schema', db.name, `it is no log of this program (application id ${String(application)})`);
  }
  const version = db.pragma('user_version', { simple: true });
  if (version !== SCHEMA_VERSION) {
    const known = `this release knows ${SCHEMA_VERSION}`;
    throw new DamageFound('schema', db.name, `layout ${String(version)}, ${known}: start the release that made it`);
  }
  const tables = tablesIn(db);
  for (const [name, sql] of Object.entries(TABLES)) {
    if (tables.get(name) !== sql) throw new DamageFound('unreadable', db.name, `table ${name} is missing or changed`);
  }
}

function quickCheck(db: BetterSqlite.Database): readonly Damage[] {
  const rows = db.pragma(`quick_check(${ENOUGH})`) as { quick_check: string }[];
  return rows
    .filter(({ quick_check }) => quick_check !== 'ok')
    .map(({ quick_check }) => ({ kind: 'unreadable', where: db.name, what: `SQLite's quick check: ${quick_check}` }));
}

interface Reading {
  readonly damage: Damage[];
  readonly visit: (row: EntryRow, sound: boolean, entry: LogEntry | undefined) => void;
}

function readEntries(db: BetterSqlite.Database, state: StoredState, { damage, visit }: Reading): void {
  const found = (kind: Damage['kind'], index: number, what: string) =>
    damage.push({ kind, where: `${db.name}, entry ${index}`, what });
  let previous: Place = state.before;
  const rows = db.prepare('SELECT * FROM entry WHERE log_index > ? ORDER BY log_index');
  for (const row of rows.iterate(state.before.index) as IterableIterator<EntryRow>) {
    if (damage.length >= ENOUGH) return;
    const { log_index: index, term } = row;
    const sound = chainedCrc(row, previous.crc) === row.crc;
    const entry = entryOf(row);
    if (index !== previous.index + 1) {
      found('gap', previous.index + 1, index === previous.index + 2 ? 'missing' : `missing, and all before ${index}`);
    } else if (!sound) {
      const first = previous.index === state.before.index;
      found(first ? 'join' : 'checksum', index, `its checksum does not continue that of ${previous.index}`);
    }
    if (term < previous.term) found('term', index, `term ${term} follows term ${previous.term}`);
    if (entry === undefined) found('unreadable', index, 'nothing that this release writes');
    visit(row, sound, entry);
    previous = { index, term, crc: row.crc };
  }
  if (previous.index !== state.last.index || previous.crc !== state.last.crc) {
    found('shortened', previous.index, `the log ends here and should end with entry ${state.last.index}`);
  }
}
