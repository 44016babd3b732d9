// Everything that one node of the group keeps in RaftDataDir. Synchronous throughout: it lives on a thread of its own.

import assert from 'node:assert/strict';
import type BetterSqlite from 'better-sqlite3';
import type { ChunkRequest, StagedChunk, Write } from '../core/effects.ts';
import type { Recovered } from '../core/inputs.ts';
import { type LogEntry, NO_SNAPSHOT, type SnapshotMeta } from '../core/types.ts';
import { makeDirectory, type Paths, pathsIn } from './directory.ts';
import { beginningAt } from './entry-row.ts';
import { examine } from './examine.ts';
import { type Damage, fatal, inUse, type Outcome } from './failures.ts';
import { type Files, nodeFiles, syncDirectory, withFile } from './files.ts';
import { type Identity, memberIdOf, writeIdentity } from './identity.ts';
import { LogStore } from './log-store.ts';
import { Mark } from './mark.ts';
import { Reserve } from './reserve.ts';
import { createTables, openLocked } from './schema.ts';
import type { SnapshotDescription } from './snapshot-file.ts';
import { type ReadChunk, SnapshotFolder } from './snapshot-folder.ts';
import { hardStateOf, type StoredState, stateRow } from './stored-state.ts';

export interface StoreOptions {
  /** `RaftDataDir`. */
  readonly directory: string;
  /** For a directory in which nothing is yet. `incarnation` is drawn at random by the caller, anew for each start. */
  readonly fresh: Identity;
  readonly files?: Files;
  /** How long another process that holds the directory is waited for, ms. */
  readonly lockWaitMs?: number;
  /** Room held back for a snapshot on a full disk; 0 for none. */
  readonly reserveBytes?: number;
  /** The file of the log takes no more pages of 4 KiB than these; 0 for no bound but the disk's. */
  readonly maxPages?: number;
}

export type OpenedStore =
  | {
      readonly kind: 'opened';
      readonly store: RaftStore;
      readonly identity: Identity;
      /** Nothing was there before. */
      readonly created: boolean;
      /** Complete but for what the backend says. */
      readonly recovered: Omit<Recovered, 'applied'>;
    }
  /** Nothing was changed. The node neither votes nor acknowledges with this directory again. */
  | { readonly kind: 'damaged'; readonly damage: readonly Damage[]; readonly identity: Identity | undefined };

export type Snapshot = Readonly<{ kind: 'taken'; snapshot: SnapshotMeta } | { kind: 'full' } | { kind: 'overtaken' }>;

const LOCK_WAIT_MS = 2_000;
const RESERVE_BYTES = 32 * 2 ** 20;

/**
 * @throws {OrchestratorError} `CONFLICT`: another process has the directory; `CONFIG_INVALID`: it is another product's;
 *   `RAFT_STORE_FAILED`: it cannot be read or written
 */
export function openStore(options: StoreOptions): OpenedStore {
  const { directory, fresh, files = nodeFiles, lockWaitMs = LOCK_WAIT_MS } = options;
  const paths = pathsIn(directory);
  return orFatal(directory, 'opening the log', () => {
    makeDirectory(files, directory);
    const entries: LogEntry[] = [];
    const visit = (_row: unknown, _sound: boolean, entry: LogEntry | undefined) => entry && entries.push(entry);
    const found = examine(files, paths, { lockWaitMs, visit });
    if (found.damage.length > 0) return { kind: 'damaged', damage: found.damage, identity: found.identity };
    const identity = found.identity ?? fresh;
    if (files.size(paths.database) === undefined) withFile(files, paths.database, 'new', () => {}); // its mode is ours to set
    const db = openLocked(paths.database, directory, { lockWaitMs });
    let store: RaftStore | undefined;
    try {
      makeDirectory(files, paths.snapshots);
      if (found.blank) create(db, files, paths, identity);
      if (options.maxPages !== undefined && options.maxPages > 0) db.pragma(`max_page_count = ${options.maxPages}`);
      store = new RaftStore(db, { files, paths, reserveBytes: options.reserveBytes ?? RESERVE_BYTES });
      // between looking and locking another process may have used it
      if (store.state.sequence !== (found.state?.sequence ?? 0)) throw inUse(directory);
      const recovered = store.begin(identity, found.latest, entries);
      return { kind: 'opened', store, identity, created: found.blank, recovered };
    } catch (err) {
      if (store === undefined) db.close();
      else store.close();
      throw err;
    }
  });
}

export class RaftStore {
  readonly #directory: string;
  readonly #log: LogStore;
  readonly #snapshots: SnapshotFolder;
  readonly #reserve: Reserve;
  #broken: unknown;

  /** Of `openStore`. */
  constructor(
    db: BetterSqlite.Database,
    { files, paths, reserveBytes }: { readonly files: Files; readonly paths: Paths; readonly reserveBytes: number },
  ) {
    const { directory } = paths;
    this.#directory = directory;
    this.#log = new LogStore(db, Mark.open(files, paths.mark));
    this.#reserve = new Reserve({ files, directory, path: paths.reserve, bytes: reserveBytes });
    this.#snapshots = new SnapshotFolder({
      files,
      directory: paths.snapshots,
      makeRoom: () => this.#reserve.giveUp(),
    });
  }

  /** Room for the log, the reserve left out. */
  get freeBytes(): number {
    return this.#reserve.freeBytes;
  }

  get state(): StoredState {
    return this.#log.state;
  }

  begin(
    identity: Identity,
    latest: SnapshotMeta | undefined,
    entries: readonly LogEntry[],
  ): Omit<Recovered, 'applied'> {
    const { state } = this;
    this.#snapshots.open(latest);
    this.#reserve.take();
    return {
      self: memberIdOf(identity),
      hardState: hardStateOf(state),
      snapshot: latest ?? NO_SNAPSHOT,
      entries,
      before: { index: state.before.index, term: state.before.term },
      removed: state.removed,
    };
  }

  /** All of these or none, in one sync. `durable`: they may be acknowledged. @throws {OrchestratorError} `RAFT_STORE_FAILED`: exit */
  write(writes: readonly Write[]): Outcome {
    return this.#guarded('writing the log', () => {
      const installed = writes.flatMap(({ install }) => (install === undefined ? [] : [install.snapshot]));
      for (const snapshot of installed) if (this.#snapshots.install(snapshot) === 'full') return 'full';
      const outcome = this.#log.write(writes);
      const latest = installed.at(-1);
      if (outcome === 'durable' && latest !== undefined) this.#snapshots.recorded(latest);
      return outcome;
    });
  }

  /** `full`: to be staged again before anything that comes behind it. */
  stage(chunk: StagedChunk): Outcome {
    return this.#guarded('staging a snapshot', () => this.#snapshots.stage(chunk));
  }

  /** A snapshot of this node's own state, from its first byte to its last, then `finishSnapshot`. One at a time; the last begun counts. */
  beginSnapshot(): Outcome {
    return this.#guarded('beginning a snapshot', () => this.#snapshots.begin());
  }

  appendSnapshot(data: Uint8Array): Outcome {
    return this.#guarded('writing a snapshot', () => this.#snapshots.append(data));
  }

  /** `taken`: it is durable, and the latest. `full`: to be finished again. `overtaken`: a newer one came from the leader meanwhile. */
  finishSnapshot(description: SnapshotDescription): Snapshot {
    return this.#guarded('finishing a snapshot', () => {
      if (description.index <= (this.state.snapshot?.index ?? 0)) {
        this.#snapshots.abandon();
        return { kind: 'overtaken' };
      }
      const snapshot = this.#snapshots.finish(description);
      if (snapshot === 'full' || this.#log.snapshotTaken(snapshot) === 'full') return { kind: 'full' };
      this.#snapshots.recorded(snapshot);
      return { kind: 'taken', snapshot };
    });
  }

  /** What was written of it goes. */
  abandonSnapshot(): void {
    this.#guarded('dropping a snapshot', () => this.#snapshots.abandon());
  }

  readSnapshot(request: Omit<ChunkRequest, 'to'>): ReadChunk {
    return this.#guarded('reading a snapshot', () => this.#snapshots.read(request));
  }

  /** From oldest to newest. */
  snapshots(): readonly SnapshotMeta[] {
    return this.#snapshots.list();
  }

  /** To be called between batches, again soon where there is `more`: each round is over in milliseconds. */
  upkeep(): 'done' | 'more' | 'full' {
    return this.#guarded('tidying the log', () => {
      this.#reserve.take();
      return this.#log.upkeep();
    });
  }

  /** The lock ends with it. */
  close(): void {
    try {
      this.#snapshots.close();
    } finally {
      this.#log.close();
    }
  }

  #guarded<T>(doing: string, work: () => T): T {
    assert(this.#broken === undefined, 'a store that failed is not used again');
    try {
      return work();
    } catch (err) {
      this.#broken = err;
      throw fatal(this.#directory, doing, err);
    }
  }
}

/** The identity comes last: without it nothing was ever promised here, and the next start begins again. */
function create(db: BetterSqlite.Database, files: Files, paths: Paths, identity: Identity): void {
  const origin = beginningAt(0, 0);
  const state: StoredState = {
    incarnation: identity.incarnation,
    sequence: 0,
    term: 0,
    vote: null,
    removed: false,
    before: origin,
    last: origin,
    snapshot: null,
  };
  db.transaction(() => {
    createTables(db);
    db.prepare('INSERT INTO state (anchor, document, crc) VALUES (1, :document, :crc)').run(stateRow(state));
  }).immediate();
  Mark.create(files, paths.mark);
  syncDirectory(files, paths.directory);
  writeIdentity(files, paths.identity, identity);
}

function orFatal(directory: string, doing: string, work: () => OpenedStore): OpenedStore {
  try {
    return work();
  } catch (err) {
    throw fatal(directory, doing, err);
  }
}
