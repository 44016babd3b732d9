import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Write } from '../../internal/raft/core/effects.ts';
import type { LogEntry, SnapshotMeta } from '../../internal/raft/core/types.ts';
import { nodeFiles } from '../../internal/raft/store/files.ts';
import type { RaftStore } from '../../internal/raft/store/raft-store.ts';
import { SnapshotFolder } from '../../internal/raft/store/snapshot-folder.ts';
import {
  asKilled,
  aWrite,
  contentOf,
  description,
  inDirectory,
  membership,
  open,
  reopened,
  StoreTwin,
  someBytes,
  takeSnapshot,
} from '../support/raft-store.ts';

/** `where` says which part of the log it is about: a share of what is possible at that moment. */
const STEP = fc.record({
  kind: fc.constantFrom('append', 'append', 'append', 'overwrite', 'vote', 'take', 'compact', 'install', 'remove'),
  where: fc.double({ min: 0, max: 1, noNaN: true }),
  size: fc.integer({ min: 0, max: 9 }),
  bytes: fc.constantFrom(0, 1, 100, 5_000, 70_000),
  newTerm: fc.boolean(),
  /** What happens before the next step: nothing, so that it joins the batch; or the batch is written, and then more. */
  next: fc.constantFrom('join', 'write', 'write', 'upkeep', 'restart', 'killed'),
});
type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never;

function fresh(twin: StoreTwin, { size, bytes, newTerm }: Step): readonly LogEntry[] {
  const term = Math.max(1, twin.lastTerm + (newTerm ? 1 : 0));
  return Array.from({ length: size }, (_, at): LogEntry => {
    const head = { index: twin.lastIndex + 1 + at, term, stampMs: at };
    if (at % 4 === 3) return { ...head, kind: 'configuration', configuration: membership('n1', `n${at}`) };
    return at % 4 === 2 ? { ...head, kind: 'noop' } : { ...head, kind: 'command', data: someBytes(bytes, at) };
  });
}

function between(low: number, high: number, where: number): number {
  return low + Math.round(where * (high - low));
}

/** What the leader would send: made by a folder of its own. */
async function foreignSnapshot(index: number, term: number, content: Uint8Array): Promise<SnapshotMeta> {
  return inDirectory((directory) => {
    const folder = new SnapshotFolder({ files: nodeFiles, directory, makeRoom: () => false });
    folder.begin();
    folder.append(content);
    const snapshot = folder.finish(description(index, term));
    folder.close();
    assert(snapshot !== 'full');
    return snapshot;
  });
}

/** The write of a step, or undefined where it makes none: it was done at once, or cannot be done now. */
async function perform(step: Step, twin: StoreTwin, store: RaftStore, flush: () => void): Promise<Write | undefined> {
  const { kind, where, bytes } = step;
  switch (kind) {
    case 'append':
      return aWrite({ append: fresh(twin, step) });
    case 'overwrite': {
      const truncateFrom = between(twin.snapshot.index + 1, twin.lastIndex + 1, where);
      if (truncateFrom > twin.lastIndex) return undefined;
      const shorter = new StoreTwin();
      Object.assign(shorter, twin);
      shorter.write(aWrite({ truncateFrom }));
      return aWrite({ truncateFrom, append: fresh(shorter, step) });
    }
    case 'vote':
      return aWrite({ hardState: { term: twin.hardState.term + 1, vote: where > 0.5 ? `n${step.size}` : undefined } });
    case 'remove':
      return where > 0.9 ? aWrite({ removed: true }) : undefined;
    case 'take': {
      const index = between(twin.snapshot.index, twin.lastIndex, where);
      if (index <= twin.snapshot.index) return undefined;
      flush(); // what a snapshot covers is durable before it
      twin.snapshot = takeSnapshot(store, index, twin.termAt(index), someBytes(bytes, index));
      return undefined;
    }
    case 'compact':
      return aWrite({ compactTo: between(twin.before.index, twin.snapshot.index, where) });
    case 'install': {
      const keepLog = step.newTerm;
      const index = between(twin.snapshot.index + 1, twin.lastIndex + (keepLog ? 0 : 5), where);
      if (index <= twin.snapshot.index || (keepLog && index > twin.lastIndex)) return undefined;
      flush();
      const content = someBytes(bytes, index);
      const snapshot = await foreignSnapshot(index, keepLog ? twin.termAt(index) : twin.lastTerm + 1, content);
      for (let offset = 0; offset === 0 || offset < bytes; offset += 30_000)
        store.stage({ snapshot, offset, data: content.subarray(offset, offset + 30_000) });
      return aWrite({ install: { snapshot, keepLog }, append: [] });
    }
  }
}

async function agrees(steps: readonly Step[]): Promise<void> {
  await inDirectory(async (directory) => {
    const twin = new StoreTwin();
    let { store } = open(directory);
    let batch: Write[] = [];
    const flush = () => {
      if (batch.length > 0) assert.equal(store.write(batch), 'durable');
      batch = [];
    };
    const check = (recovered: object) => assert.deepEqual(plain(recovered), plain(twin.recovered()));
    const restart = () => {
      flush();
      store.close();
      const opened = open(directory);
      store = opened.store;
      check(opened.recovered);
      if (twin.snapshot.index > 0) assert.equal(contentOf(store, twin.snapshot)?.length, twin.snapshot.bytes);
    };
    for (const step of steps) {
      const write = await perform(step, twin, store, flush);
      if (write !== undefined) {
        twin.write(write);
        batch.push(write);
      }
      if (step.next !== 'join') flush();
      if (step.next === 'upkeep') store.upkeep();
      if (step.next === 'restart') restart();
      if (step.next === 'killed') {
        flush();
        await asKilled(directory, (copy) => check(reopened(copy)));
      }
    }
    restart();
    store.close();
  });
}

/** Buffers and byte arrays alike. */
function plain(value: object): unknown {
  return JSON.parse(JSON.stringify(value, (_, one) => (one instanceof Uint8Array ? [...one] : one)));
}

describe('the store of a node against a slow one', function () {
  this.timeout(120_000);
  for (const seed of [1, 42, 20_261_121]) {
    it(`holds the same after any writes (seed ${seed})`, async () => {
      await fc.assert(fc.asyncProperty(fc.array(STEP, { maxLength: 40 }), agrees), { seed, numRuns: 30 });
    });
  }
});
