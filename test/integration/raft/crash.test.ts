import assert from 'node:assert/strict';
import type { SnapshotMeta } from '../../../internal/raft/core/types.ts';
import { type Files, nodeFiles } from '../../../internal/raft/store/files.ts';
import { readIdentity, writeIdentity } from '../../../internal/raft/store/identity.ts';
import { openSnapshot, SnapshotFolder } from '../../../internal/raft/store/snapshot-folder.ts';
import { Crash, crashingAfter, MemoryFiles } from '../../support/crash-files.ts';
import {
  asKilled,
  aWrite,
  commands,
  description,
  IDENTITY,
  inDirectory,
  open,
  reopened,
  someBytes,
  withStore,
} from '../../support/raft-store.ts';

const CONTENT = { old: someBytes(100_000, 1), new: someBytes(200_000, 2) };
const FOREVER = Number.MAX_SAFE_INTEGER;

function folderOn(files: Files): SnapshotFolder {
  return new SnapshotFolder({ files, directory: '/snapshots', makeRoom: () => false });
}

function takeIn(folder: SnapshotFolder, index: number, content: Uint8Array): SnapshotMeta {
  folder.begin();
  folder.append(content);
  const snapshot = folder.finish(description(index, 1));
  assert(snapshot !== 'full');
  folder.recorded(snapshot);
  return snapshot;
}

/** Runs until the crash. False: it ran to its end. */
function crashes(work: () => void): boolean {
  try {
    work();
    return false;
  } catch (err) {
    for (let cause: unknown = err; cause instanceof Error; cause = cause.cause) if (cause instanceof Crash) return true;
    throw err;
  }
}

function stageAll(
  stage: (chunk: { snapshot: SnapshotMeta; offset: number; data: Uint8Array }) => unknown,
  snapshot: SnapshotMeta,
) {
  for (let offset = 0; offset < CONTENT.new.length; offset += 90_000)
    stage({ snapshot, offset, data: CONTENT.new.subarray(offset, offset + 90_000) });
}

describe('a crash', () => {
  for (const kept of [true, false]) {
    it(`leaves the snapshot that the log names, wherever it falls, ${kept ? 'the process killed' : 'the power cut'}`, () => {
      const incoming = takeIn(folderOn(new MemoryFiles().port()), 20, CONTENT.new);
      let calls = 0;
      for (let going = true; going; calls += 1) {
        const memory = new MemoryFiles();
        const old = takeIn(folderOn(memory.port()), 10, CONTENT.old);
        let named = [old];
        going = crashes(() => {
          const folder = folderOn(crashingAfter(calls, memory.port()));
          folder.open(old);
          stageAll((chunk) => folder.stage(chunk), incoming);
          folder.install(incoming);
          named = [old, incoming]; // the transaction of the log may or may not be done
          folder.recorded(incoming);
          named = [incoming];
        });
        for (const latest of named) {
          const found = memory.after(kept).port();
          openSnapshot(found, '/snapshots', latest.id).verify();
          const again = folderOn(found);
          again.open(latest);
          assert.deepEqual(again.list().at(-1), latest, `after ${calls} calls`);
          assert.deepEqual(
            found.list('/snapshots').filter((name) => name.endsWith('.part')),
            [],
          );
        }
      }
      assert(calls > 20, `only ${calls} calls`);
    });

    it(`leaves the old identity or the new one, ${kept ? 'the process killed' : 'the power cut'}`, () => {
      const fresh = { ...IDENTITY, clusterId: 'c1', generation: 1 };
      const seen = new Set<number>();
      let calls = 0;
      for (let going = true; going; calls += 1) {
        const memory = new MemoryFiles();
        writeIdentity(memory.port(), '/raft/identity.json', IDENTITY);
        going = crashes(() => writeIdentity(crashingAfter(calls, memory.port()), '/raft/identity.json', fresh));
        const found = readIdentity(memory.after(kept).port(), '/raft/identity.json');
        assert.deepEqual(found, found?.generation === 1 ? fresh : IDENTITY);
        seen.add(found.generation);
      }
      assert.deepEqual([...seen], [0, 1]);
    });
  }

  it('while a directory is made leaves one that is made by the next start', async () => {
    let calls = 0;
    for (let going = true; going; calls += 1) {
      await inDirectory(async (directory) => {
        const files = crashingAfter(calls, nodeFiles);
        going = crashes(() => open(directory, { files }).store.close());
        const again = open(directory, { fresh: { ...IDENTITY, incarnation: 'b2' } });
        again.store.write([aWrite({ append: commands(1, 1, 1) })]);
        again.store.close();
        assert.equal(again.identity.incarnation, again.created ? 'b2' : 'a1');
        assert.equal(reopened(directory).entries.length, 1);
      });
    }
    assert(calls > 15, `only ${calls} calls`);
  });

  it('while a snapshot is installed leaves the log with the old one or the new one', async () => {
    const incoming = takeIn(folderOn(new MemoryFiles().port()), 20, CONTENT.new);
    const seen = new Set<number>();
    let calls = 0;
    for (let going = true; going; calls += 1) {
      await inDirectory(async (directory) => {
        withStore(directory, (store) => store.write([aWrite({ append: commands(1, 15, 1) })]));
        const counting = crashingAfter(FOREVER, nodeFiles);
        const opened = open(directory, { files: counting });
        const toOpen = counting.calls;
        opened.store.close();
        const { store } = open(directory, { files: crashingAfter(toOpen + calls, nodeFiles) });
        going = crashes(() => {
          stageAll((chunk) => store.stage(chunk), incoming);
          const append = commands(21, 3, 2);
          store.write([aWrite({ install: { snapshot: incoming, keepLog: false }, append })]);
        });
        await asKilled(directory, (copy) => {
          const { snapshot, entries } = reopened(copy);
          assert.deepEqual(entries, snapshot.index === 20 ? commands(21, 3, 2) : commands(1, 15, 1));
          seen.add(snapshot.index);
        });
        crashes(() => store.close());
      });
    }
    assert.deepEqual([...seen], [0, 20]);
  });
});
