// What a stopped node has in its directory, for a person or a script to look at. Changes nothing.

import type BetterSqlite from 'better-sqlite3';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { Configuration, HardState, Index, LogEntry, SnapshotMeta } from '../core/types.ts';
import { pathsIn } from './directory.ts';
import { kindOf } from './entry-row.ts';
import { examine } from './examine.ts';
import { type Damage, fatal } from './failures.ts';
import { type Files, nodeFiles } from './files.ts';
import type { Identity } from './identity.ts';
import { openForReading } from './schema.ts';
import { hardStateOf } from './stored-state.ts';

export interface InspectedEntry {
  readonly index: number;
  readonly term: number;
  readonly stampMs: number;
  readonly kind: LogEntry['kind'] | 'unknown';
  /** Of what the entry carries. */
  readonly bytes: number;
  /** The checksum continues that of the entry before. */
  readonly crcOk: boolean;
}

export interface Inspection {
  readonly directory: string;
  readonly identity: Identity | null;
  /** Null: it cannot be read. */
  readonly hardState: { readonly term: number; readonly vote: string | null; readonly removed: boolean } | null;
  /** The latest one; null where there is none, or none that is sound. */
  readonly snapshot: SnapshotMeta | null;
  /** The last one in the log, else that of the snapshot; it need not be committed. Null: there is none. */
  readonly membership: { readonly index: number; readonly configuration: Configuration } | null;
  readonly entries: readonly InspectedEntry[];
  readonly damage: readonly Damage[];
}

/** How long a node that is just ending is waited for, ms. */
const LOCK_WAIT_MS = 2_000;

/**
 * @throws {OrchestratorError} `CONFLICT`: a node runs on it; `NOT_FOUND`: nothing of a node is there; `CONFIG_INVALID`: it is another
 *   product's; `RAFT_STORE_FAILED`: it cannot be read
 */
export function inspect(directory: string, files: Files = nodeFiles): Inspection {
  const entries: InspectedEntry[] = [];
  let membership: Inspection['membership'] = null;
  try {
    const { identity, state, latest, damage, blank } = examine(files, pathsIn(directory), {
      lockWaitMs: LOCK_WAIT_MS,
      visit: (row, crcOk, entry) => {
        const { log_index: index, term, stamp_ms: stampMs, payload } = row;
        entries.push({ index, term, stampMs, kind: kindOf(row) ?? 'unknown', bytes: payload.length, crcOk });
        if (entry?.kind === 'configuration') membership = { index, configuration: entry.configuration };
      },
    });
    if (blank) throw new OrchestratorError('NOT_FOUND', `RaftDataDir ${directory}: there is no log of a node`);
    return {
      directory,
      identity: identity ?? null,
      hardState: state === undefined ? null : { ...shown(hardStateOf(state)), removed: state.removed },
      snapshot: latest ?? null,
      membership: membership ?? membershipOf(latest),
      entries,
      damage,
    };
  } catch (err) {
    throw fatal(directory, 'reading the log', err);
  }
}

/**
 * Index of the last entry without reading the others; 0: there is none. A file that cannot be asked counts as long enough: whoever opens it says
 * what is wrong with it.
 *
 * @throws {OrchestratorError} `CONFLICT`: a node runs on it
 */
export function lastRowIn(directory: string): Index {
  let db: BetterSqlite.Database | undefined;
  try {
    db = openForReading(pathsIn(directory).database, directory, { lockWaitMs: LOCK_WAIT_MS });
    return Number(db.prepare('SELECT max(log_index) FROM entry').pluck().get() ?? 0);
  } catch (err) {
    if (err instanceof OrchestratorError) throw err;
    return Number.POSITIVE_INFINITY;
  } finally {
    db?.close();
  }
}

function shown({ term, vote }: HardState) {
  return { term, vote: vote ?? null };
}

function membershipOf(latest: SnapshotMeta | undefined): Inspection['membership'] {
  return latest === undefined ? null : { index: latest.configurationIndex, configuration: latest.configuration };
}
