// A new group of one from a backup (F-73). It has another id than the one that the backup is of, so that the two never take each other for
// the same; its other nodes join it with empty directories.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { Write } from '../core/effects.ts';
import { foundingConfiguration } from '../core/membership.ts';
import type { Configuration, LogEntry, SnapshotMeta } from '../core/types.ts';
import { pathsIn } from '../store/directory.ts';
import { damageText, type Outcome } from '../store/failures.ts';
import { type Files, nodeFiles } from '../store/files.ts';
import { type Identity, memberIdOf, writeIdentity } from '../store/identity.ts';
import { openStore, type RaftStore } from '../store/raft-store.ts';
import { snapshotId } from '../store/snapshot-file.ts';
import { type BackupHead, readBackup } from './backup-file.ts';

export interface RestoreDeps {
  /** `RaftDataDir`: empty. */
  readonly directory: string;
  /** Name and address of the node, as a static group has them (C-22). */
  readonly node: string;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Appended behind what the backup holds: what is to be true before anybody acts on it. */
  readonly commands: readonly Uint8Array[];
  readonly nowMs: number;
  /** The backup, from its first byte; asked for twice, to look at before anything is written. */
  readonly bytes: () => AsyncIterable<Uint8Array>;
  readonly files?: Files;
}

export interface Restored {
  readonly head: BackupHead;
  readonly clusterId: string;
  readonly lastIndex: number;
}

const BATCH = 512;

/** What a first look at the backup tells. */
interface Content {
  readonly head: BackupHead;
  /** Of its snapshot. */
  readonly bytes: number;
  readonly digest: string;
}

/**
 * @throws {OrchestratorError} `BAD_REQUEST`: it is no whole backup, nothing was written; `CONFLICT`: the directory is used by a node;
 *   `RAFT_STORE_FAILED`
 */
export async function restoreBackup(deps: RestoreDeps): Promise<Restored> {
  const { directory, files = nodeFiles } = deps;
  const content = await lookAt(deps.bytes());
  const paths = pathsIn(directory);
  if (files.size(paths.identity) !== undefined || files.size(paths.database) !== undefined)
    throw new OrchestratorError('CONFLICT', `RaftDataDir ${directory} is that of a node already: name an empty one`);
  const fresh: Identity = {
    clusterId: undefined,
    nodeId: deps.node,
    incarnation: randomBytes(8).toString('hex'),
    generation: 1,
    address: deps.address,
  };
  const opened = openStore({ directory, fresh, files, reserveBytes: 0 });
  if (opened.kind === 'damaged')
    throw new OrchestratorError('RAFT_STORE_DAMAGED', opened.damage.map(damageText).join('; '));
  const { store } = opened;
  try {
    const lastIndex = await fill(store, content, founder(fresh, deps), deps);
    const clusterId = randomBytes(16).toString('hex');
    writeIdentity(files, paths.identity, { ...fresh, clusterId }); // last: a log without a group is refused, half a one is not taken for whole
    return { head: content.head, clusterId, lastIndex };
  } finally {
    store.close();
  }
}

function founder(fresh: Identity, { node, address, labels }: RestoreDeps): Configuration {
  const { incarnation } = fresh;
  return foundingConfiguration([{ id: memberIdOf(fresh), node, incarnation, address, labels, promote: true }]);
}

async function lookAt(backup: AsyncIterable<Uint8Array>): Promise<Content> {
  const hash = createHash('sha256');
  let [bytes, head]: [number, BackupHead | undefined] = [0, undefined];
  const snapshot = (piece: Uint8Array) => {
    bytes += piece.length;
    hash.update(piece);
  };
  const onHead = (read: BackupHead) => {
    head = read;
  };
  await readBackup(backup, { head: onHead, snapshot, entry() {} });
  assert(head !== undefined, 'a backup that was read has its head');
  return { head, bytes, digest: hash.digest('hex').slice(0, 32) };
}

/** @returns the last index */
async function fill(
  store: RaftStore,
  { head, bytes, digest }: Content,
  configuration: Configuration,
  { bytes: backup, commands, nowMs }: RestoreDeps,
): Promise<number> {
  const { index, term, stampMs } = head;
  const description = { index, term, stampMs, configuration, configurationIndex: index };
  const snapshot = { ...description, id: snapshotId(description, digest), bytes };
  const entries = new Entries(store, { index, term, stampMs });
  let offset = 0;
  await readBackup(backup(), {
    head: () => {
      if (index > 0) roomFor(store.stage({ snapshot, offset: 0, data: new Uint8Array(0) }));
    },
    snapshot: (data) => {
      roomFor(store.stage({ snapshot, offset, data }));
      offset += data.length;
    },
    entry(entry) {
      if (entries.count === 0 && index > 0) install(store, snapshot);
      entries.add(entry.kind === 'configuration' ? withoutMembers(entry) : entry);
    },
  });
  if (entries.count === 0 && index > 0) install(store, snapshot);
  const { last } = entries;
  const nextTerm = last.term + 1;
  entries.add({ index: last.index + 1, term: nextTerm, stampMs: last.stampMs, kind: 'configuration', configuration });
  for (const data of commands)
    entries.add({
      ...{ kind: 'command', data, term: nextTerm },
      ...{ index: entries.last.index + 1, stampMs: Math.max(nowMs, last.stampMs) },
    });
  entries.flush();
  return entries.last.index;
}

/** Memberships of the group that the backup is of mean nothing here; their places in the log do. */
function withoutMembers({ index, term, stampMs }: LogEntry): LogEntry {
  return { index, term, stampMs, kind: 'noop' };
}

function install(store: RaftStore, snapshot: SnapshotMeta): void {
  roomFor(store.write([{ ...NOTHING, install: { snapshot, keepLog: false } }]));
}

/** Into the log, in batches. */
class Entries {
  count = 0;
  last: Pick<LogEntry, 'index' | 'term' | 'stampMs'>;
  readonly #store: RaftStore;
  #waiting: LogEntry[] = [];

  constructor(store: RaftStore, last: Pick<LogEntry, 'index' | 'term' | 'stampMs'>) {
    this.#store = store;
    this.last = last;
  }

  add(entry: LogEntry): void {
    this.#waiting.push(entry);
    this.last = entry;
    this.count += 1;
    if (this.#waiting.length >= BATCH) this.flush();
  }

  flush(): void {
    const hardState = { term: this.last.term, vote: undefined };
    roomFor(this.#store.write([{ ...NOTHING, append: this.#waiting, hardState }]));
    this.#waiting = [];
  }
}

const NOTHING: Write = {
  id: 1,
  hardState: undefined,
  install: undefined,
  truncateFrom: undefined,
  append: [],
  compactTo: undefined,
  removed: false,
};

function roomFor(outcome: Outcome): void {
  if (outcome === 'full') throw new OrchestratorError('RAFT_STORE_FAILED', 'there is no room for the backup');
}
