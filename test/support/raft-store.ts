// Stores in directories of their own, things to write into them, and a slow second version of what they should hold.

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Write } from '../../internal/raft/core/effects.ts';
import type { Recovered } from '../../internal/raft/core/inputs.ts';
import {
  type Configuration,
  type HardState,
  type LogEntry,
  NO_SNAPSHOT,
  type SnapshotMeta,
} from '../../internal/raft/core/types.ts';
import type { Identity } from '../../internal/raft/store/identity.ts';
import {
  type OpenedStore,
  openStore,
  type RaftStore,
  type StoreOptions,
} from '../../internal/raft/store/raft-store.ts';

export const IDENTITY: Identity = {
  clusterId: undefined,
  nodeId: 'node1',
  incarnation: 'a1',
  generation: 0,
  address: '10.0.0.1:10008',
};

/** An empty directory, gone after the work. */
export async function inDirectory<T>(work: (directory: string) => T | Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'raft-store-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export type Opened = Extract<OpenedStore, { kind: 'opened' }>;

/** Works on what a process that has the directory open would leave if it were killed now. Takes the lock off the original. */
export function asKilled<T>(directory: string, work: (copy: string) => T | Promise<T>): Promise<T> {
  return inDirectory((copy) => {
    cpSync(directory, copy, { recursive: true });
    return work(copy);
  });
}

/** Without a reserve, which would be written anew for each test. */
export function tryOpen(directory: string, options: Partial<StoreOptions> = {}): OpenedStore {
  return openStore({ directory, fresh: IDENTITY, reserveBytes: 0, lockWaitMs: 0, ...options });
}

export function open(directory: string, options: Partial<StoreOptions> = {}): Opened {
  const opened = tryOpen(directory, options);
  if (opened.kind === 'damaged') throw new Error(JSON.stringify(opened.damage));
  return opened;
}

/** What the next start would find. */
export function reopened(directory: string): Omit<Recovered, 'applied'> {
  const { store, recovered } = open(directory);
  store.close();
  return recovered;
}

export function withStore<T>(directory: string, work: (store: RaftStore) => T, options: Partial<StoreOptions> = {}): T {
  const { store } = open(directory, options);
  try {
    return work(store);
  } finally {
    store.close();
  }
}

export function command(index: number, term: number, text = `command ${index}`): LogEntry {
  return { index, term, stampMs: 1_700_000_000_000 + index, kind: 'command', data: Buffer.from(text) };
}

/** `count` commands of one term. */
export function commands(first: number, count: number, term: number): readonly LogEntry[] {
  return Array.from({ length: count }, (_, at) => command(first + at, term));
}

export function membership(...ids: readonly string[]): Configuration {
  const members = ids.map((id) => ({
    id,
    node: id,
    incarnation: 'a1',
    address: `${id}:10008`,
    labels: { zone: 'ä' },
    promote: true,
  }));
  return { members, voters: ids, outgoing: [], learners: [], nextLearners: [], reaped: [] };
}

export function aWrite(change: Partial<Write>): Write {
  return {
    id: 1,
    hardState: undefined,
    install: undefined,
    truncateFrom: undefined,
    append: [],
    compactTo: undefined,
    removed: false,
    ...change,
  };
}

/** Takes a snapshot of this node's own state, in pieces of odd size. */
export function takeSnapshot(store: RaftStore, index: number, term: number, content: Uint8Array): SnapshotMeta {
  store.beginSnapshot();
  for (let at = 0; at < content.length; at += 50_001) store.appendSnapshot(content.subarray(at, at + 50_001));
  const taken = store.finishSnapshot(description(index, term));
  if (taken.kind !== 'taken') throw new Error(`snapshot ${index}: ${taken.kind}`);
  return taken.snapshot;
}

export function description(index: number, term: number) {
  return { index, term, stampMs: 1_700_000_000_000 + index, configuration: membership('n1'), configurationIndex: 1 };
}

/** All bytes of a snapshot, or undefined where it is not there. */
export function contentOf(store: RaftStore, { id, bytes }: SnapshotMeta): Uint8Array | undefined {
  const read = store.readSnapshot({ snapshotId: id, offset: 0, length: bytes });
  return read.kind === 'chunk' ? read.data : undefined;
}

/** Repeatable bytes that do not compress to anything regular. */
export function someBytes(length: number, seed: number): Uint8Array {
  const bytes = Buffer.alloc(length);
  let state = seed | 1;
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

/** The state of a log store as arrays: slow, and obviously right. */
export class StoreTwin {
  hardState: HardState = { term: 0, vote: undefined };
  removed = false;
  snapshot: SnapshotMeta = NO_SNAPSHOT;
  before = { index: 0, term: 0 };
  entries: readonly LogEntry[] = [];

  get lastIndex(): number {
    return this.entries.at(-1)?.index ?? this.before.index;
  }

  get lastTerm(): number {
    return this.entries.at(-1)?.term ?? this.before.term;
  }

  termAt(index: number): number {
    return this.entries.find((entry) => entry.index === index)?.term ?? this.before.term;
  }

  write({ install, truncateFrom, append, compactTo, hardState, removed }: Write): void {
    if (install !== undefined) {
      const { snapshot, keepLog } = install;
      this.#beginAt(snapshot.index, snapshot.term);
      if (!keepLog) this.entries = [];
      this.snapshot = snapshot;
    }
    if (truncateFrom !== undefined) this.entries = this.entries.filter(({ index }) => index < truncateFrom);
    this.entries = [...this.entries, ...append];
    if (compactTo !== undefined) this.#beginAt(compactTo, this.termAt(compactTo));
    if (hardState !== undefined) this.hardState = hardState;
    this.removed ||= removed;
  }

  recovered(): Omit<Recovered, 'applied'> {
    const { hardState, removed, snapshot, before, entries } = this;
    return { self: `${IDENTITY.nodeId}/${IDENTITY.incarnation}`, hardState, removed, snapshot, before, entries };
  }

  #beginAt(index: number, term: number): void {
    this.before = { index, term };
    this.entries = this.entries.filter((entry) => entry.index > index);
  }
}
