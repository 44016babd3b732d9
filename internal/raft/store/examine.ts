// Looks at a directory without changing it: whose it is, what its log holds, what is wrong with it.

import type BetterSqlite from 'better-sqlite3';
import { type Index, type LogEntry, NO_SNAPSHOT, type SnapshotMeta, type Term } from '../core/types.ts';
import type { Paths } from './directory.ts';
import type { EntryRow } from './entry-row.ts';
import { type Damage, DamageFound } from './failures.ts';
import { type Files, readWhole } from './files.ts';
import { refuseForeignSnapshots, refuseForeignTables } from './foreign.ts';
import { type Identity, readIdentity } from './identity.ts';
import { Mark } from './mark.ts';
import { asDamage, readLog } from './read-log.ts';
import { type LockOptions, openForReading, tablesIn } from './schema.ts';
import { openSnapshot } from './snapshot-folder.ts';
import type { StoredState } from './stored-state.ts';
import { badFrameInside } from './wal.ts';

export interface Examined {
  readonly identity: Identity | undefined;
  /** Undefined: there is no log, or its state cannot be read. */
  readonly state: StoredState | undefined;
  /** The latest one, found sound. */
  readonly latest: SnapshotMeta | undefined;
  /** Everything that forbids using it. */
  readonly damage: readonly Damage[];
  /** Nothing was ever reported durable here, so that a node may begin. */
  readonly blank: boolean;
}

const BLANK: Examined = { identity: undefined, state: undefined, latest: undefined, damage: [], blank: true };

export type VisitEntry = (row: EntryRow, sound: boolean, entry: LogEntry | undefined) => void;

/** @throws {OrchestratorError} `CONFLICT`: in use by another process; `CONFIG_INVALID`: it is another product's */
export function examine(files: Files, paths: Paths, options: LockOptions & { readonly visit: VisitEntry }): Examined {
  refuseForeignSnapshots(files, paths);
  const damage: Damage[] = [];
  const identity = orDamage(damage, () => readIdentity(files, paths.identity));
  const { state, tables, terms, findings } = examineLog(files, paths, options);
  damage.push(...findings);
  const untouched = !tables || state?.sequence === 0;
  if (untouched && damage.length === 0 && identity === undefined && promised(files, paths) === 0) return BLANK;
  const latest = orDamage(damage, () => latestSnapshot(files, paths, state));
  if (!tables && findings.length === 0) damage.push(missing(paths.database, 'the log of this node is missing'));
  if (state !== undefined) {
    const reported = orDamage(damage, () => Mark.read(files, paths.mark));
    if (reported !== undefined && state.sequence < reported) damage.push(shortened(paths, state, reported));
    if (identity !== undefined && identity.incarnation !== state.incarnation)
      damage.push(mixed(paths, identity, state));
    if (latest !== undefined || state.snapshot === null) damage.push(...misfits(paths, state, { latest, terms }));
  }
  if (identity === undefined && damage.length === 0)
    damage.push(missing(paths.identity, 'nothing says whose the log beside it is'));
  return { identity, state, latest, damage, blank: false };
}

interface ExaminedLog {
  readonly state: StoredState | undefined;
  /** False: there is no file, or an empty one. */
  readonly tables: boolean;
  readonly terms: ReadonlyMap<Index, Term>;
  readonly findings: readonly Damage[];
}

function examineLog(files: Files, paths: Paths, options: LockOptions & { readonly visit: VisitEntry }): ExaminedLog {
  const terms = new Map<Index, Term>();
  const nothing = { state: undefined, tables: false, terms, findings: [] };
  if (files.size(paths.database) === undefined) return nothing;
  let db: BetterSqlite.Database | undefined;
  try {
    db = openForReading(paths.database, paths.directory, options);
    refuseForeignTables(db, paths);
    if (tablesIn(db).size === 0) return nothing;
    const { state, damage } = readLog(db, (row, sound, entry) => {
      terms.set(row.log_index, row.term);
      options.visit(row, sound, entry);
    });
    return { state, tables: true, terms, findings: [...lostTransactions(files, paths), ...damage] };
  } catch (err) {
    return { ...nothing, findings: [asDamage(err, paths.database).damage] };
  } finally {
    db?.close();
  }
}

/** Reads the file while nobody writes it. It carries no locks, so that opening it takes none away. */
function lostTransactions(files: Files, { database }: Paths): readonly Damage[] {
  const wal = `${database}-wal`;
  const bad = badFrameInside(readWhole(files, wal) ?? new Uint8Array(0));
  if (bad === undefined) return [];
  const where = bad === 0 ? wal : `${wal}, frame ${bad}`;
  return [
    {
      kind: 'checksum',
      where,
      what: 'its checksum is wrong, and later writes that were reported durable stand behind it',
    },
  ];
}

/** Read from end to end. @throws {DamageFound} */
function latestSnapshot(files: Files, { snapshots }: Paths, state: StoredState | undefined): SnapshotMeta | undefined {
  if (state === undefined || state.snapshot === null) return undefined;
  const file = openSnapshot(files, snapshots, state.snapshot.id);
  file.verify();
  return file.meta;
}

/** What the core takes for granted about a log and its snapshot. */
function misfits(
  { database }: Paths,
  { before, last }: StoredState,
  {
    latest = NO_SNAPSHOT,
    terms,
  }: { readonly latest: SnapshotMeta | undefined; readonly terms: ReadonlyMap<Index, Term> },
): readonly Damage[] {
  const { index, term } = latest;
  const join = (what: string): readonly Damage[] => [{ kind: 'join', where: database, what }];
  if (before.index > index || index > last.index)
    return join(`the log goes from ${before.index + 1} to ${last.index}, the latest snapshot stands at ${index}`);
  const here = index === before.index ? before.term : terms.get(index);
  if (here === term) return [];
  return join(`entry ${index} has term ${here ?? 'unknown'}, and term ${term} in the latest snapshot`);
}

/** 0 also where a creation was cut short while it made the file. */
function promised(files: Files, { mark }: Paths): number {
  return orDamage([], () => Mark.read(files, mark)) ?? 0;
}

function shortened({ database, mark }: Paths, { sequence }: StoredState, reported: number): Damage {
  const what = `it ends with write ${sequence}, but write ${reported} was reported durable (${mark}): raft_store.db-wal is damaged or missing, or an older copy was put back`;
  return { kind: 'shortened', where: database, what };
}

function mixed({ directory }: Paths, identity: Identity, state: StoredState): Damage {
  const what = `identity.json is of incarnation ${identity.incarnation}, raft_store.db of incarnation ${state.incarnation}`;
  return { kind: 'mixed', where: directory, what };
}

function missing(where: string, what: string): Damage {
  return { kind: 'missing', where, what };
}

function orDamage<T>(damage: Damage[], work: () => T): T | undefined {
  try {
    return work();
  } catch (err) {
    if (!(err instanceof DamageFound)) throw err;
    damage.push(err.damage);
    return undefined;
  }
}
