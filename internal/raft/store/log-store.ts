// The log, term and vote of one node: what is written is on stable storage when `write` returns, or nothing of it is in the file.

import assert from 'node:assert/strict';
import type BetterSqlite from 'better-sqlite3';
import type { Write } from '../core/effects.ts';
import type { Index, LogEntry, SnapshotMeta } from '../core/types.ts';
import { beginningAt, type Place, rowOf } from './entry-row.ts';
import { isFull, type Outcome } from './failures.ts';
import type { Mark } from './mark.ts';
import { readState } from './read-log.ts';
import { CHECKPOINT_PAGES } from './schema.ts';
import { type StoredState, stateRow } from './stored-state.ts';

/** Entries that one round of upkeep removes at most: a batch that waits for it waits for milliseconds. */
const REMOVED_AT_ONCE = 512;

type Change = (state: StoredState) => StoredState;

export class LogStore {
  readonly #db: BetterSqlite.Database;
  readonly #mark: Mark;
  readonly #insert: BetterSqlite.Statement;
  readonly #cut: BetterSqlite.Statement;
  readonly #place: BetterSqlite.Statement;
  readonly #drop: BetterSqlite.Statement;
  readonly #save: BetterSqlite.Statement;
  readonly #transaction: (change: Change) => StoredState;
  #state: StoredState;

  /** The database is locked and its content was found sound. */
  constructor(db: BetterSqlite.Database, mark: Mark) {
    this.#db = db;
    this.#mark = mark;
    this.#insert = db.prepare(
      `INSERT INTO entry (log_index, term, stamp_ms, kind, payload, crc)
       VALUES (:log_index, :term, :stamp_ms, :kind, :payload, :crc)`,
    );
    this.#cut = db.prepare('DELETE FROM entry WHERE log_index >= ?');
    this.#place = db.prepare('SELECT log_index AS "index", term, crc FROM entry WHERE log_index = ?');
    this.#drop = db.prepare(
      `DELETE FROM entry WHERE log_index IN (SELECT log_index FROM entry WHERE log_index <= ? ORDER BY log_index LIMIT ${REMOVED_AT_ONCE})`,
    );
    this.#save = db.prepare('UPDATE state SET document = :document, crc = :crc WHERE anchor = 1');
    this.#transaction = db.transaction((change: Change) => {
      const next = { ...change(this.#state), sequence: this.#state.sequence + 1 };
      this.#save.run(stateRow(next));
      return next;
    }).immediate;
    this.#state = readState(db);
  }

  get state(): StoredState {
    return this.#state;
  }

  /** All of these in one transaction and one sync, each in the order that `Write` gives. Snapshots that they install are durable already. */
  write(writes: readonly Write[]): Outcome {
    return this.#commit((state) => writes.reduce((reached, write) => this.#perform(reached, write), state));
  }

  /** A snapshot of this node's own state is durable. The log stays as it is until the core shortens it. */
  snapshotTaken({ id, index, term }: SnapshotMeta): Outcome {
    return this.#commit((state) => {
      assert(index > (state.snapshot?.index ?? 0), 'snapshots are taken of newer states');
      assert.equal(this.#placeOf(state, index).term, term, 'what a snapshot covers is in the log');
      return { ...state, snapshot: { id, index, term } };
    });
  }

  /**
   * Between batches: removes a few of the entries that the log begins behind, and copies what SQLite's own log holds into the file when that
   * has grown. `more`: there is more of it to do.
   */
  upkeep(): 'done' | 'more' | 'full' {
    try {
      const { changes } = this.#drop.run(this.#state.before.index);
      const [wal] = this.#db.pragma('wal_checkpoint(NOOP)') as { log: number }[];
      if ((wal?.log ?? 0) >= CHECKPOINT_PAGES) this.#db.pragma('wal_checkpoint(PASSIVE)');
      return changes === REMOVED_AT_ONCE ? 'more' : 'done';
    } catch (err) {
      if (isFull(err)) return 'full';
      throw err;
    }
  }

  close(): void {
    try {
      this.#mark.close();
    } finally {
      this.#db.close();
    }
  }

  #commit(change: Change): Outcome {
    try {
      this.#state = this.#transaction(change);
    } catch (err) {
      if (isFull(err)) return 'full';
      throw err;
    }
    this.#mark.put(this.#state.sequence);
    return 'durable';
  }

  #perform(state: StoredState, { install, truncateFrom, append, compactTo, hardState, removed }: Write): StoredState {
    let next = state;
    if (install !== undefined) next = this.#install(next, install.snapshot, install.keepLog);
    if (truncateFrom !== undefined) next = this.#truncate(next, truncateFrom);
    next = this.#append(next, append);
    if (compactTo !== undefined) next = this.#compact(next, compactTo);
    if (hardState !== undefined) next = { ...next, term: hardState.term, vote: hardState.vote ?? null };
    return removed ? { ...next, removed } : next;
  }

  #install(state: StoredState, { id, index, term }: SnapshotMeta, keepLog: boolean): StoredState {
    const snapshot = { id, index, term };
    assert(index > (state.snapshot?.index ?? 0), 'snapshots that are installed are newer');
    if (keepLog) {
      const before = this.#placeOf(state, index);
      assert.equal(before.term, term, 'a log that stays holds the last entry of the snapshot');
      return { ...state, snapshot, before };
    }
    this.#cut.run(index + 1);
    const before = beginningAt(index, term);
    return { ...state, snapshot, before, last: before };
  }

  #truncate(state: StoredState, from: Index): StoredState {
    assert(from > (state.snapshot?.index ?? 0), 'what a snapshot covers is never cut');
    const last = this.#placeOf(state, from - 1);
    this.#cut.run(from);
    return { ...state, last };
  }

  #append(state: StoredState, entries: readonly LogEntry[]): StoredState {
    let last = state.last;
    for (const entry of entries) {
      assert.equal(entry.index, last.index + 1, 'log entries are consecutive');
      assert(entry.term >= last.term, 'terms never decrease within a log');
      const row = rowOf(entry, last);
      this.#insert.run(row);
      last = { index: entry.index, term: entry.term, crc: row.crc };
    }
    return entries.length === 0 ? state : { ...state, last };
  }

  #compact(state: StoredState, to: Index): StoredState {
    assert(to <= (state.snapshot?.index ?? 0), 'only what a durable snapshot covers is dropped');
    return { ...state, before: this.#placeOf(state, to) };
  }

  #placeOf({ before, last }: StoredState, index: Index): Place {
    assert(index >= before.index && index <= last.index, 'the log reaches there');
    return index === before.index ? before : (this.#place.get(index) as Place);
  }
}
