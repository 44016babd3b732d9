import assert from 'node:assert/strict';
import type { Files } from '../../../../internal/raft/store/files.ts';
import { SnapshotDraft, SnapshotFile } from '../../../../internal/raft/store/snapshot-file.ts';
import { SnapshotFolder } from '../../../../internal/raft/store/snapshot-folder.ts';
import { MemoryFiles } from '../../../support/crash-files.ts';
import { description, someBytes } from '../../../support/raft-store.ts';

const BLOCK = 65_536;

/** Written in pieces of the given size. */
function write(files: Files, content: Uint8Array, piece: number) {
  const draft = new SnapshotDraft(files, '/s');
  for (let at = 0; at < content.length; at += piece) draft.append(content.subarray(at, at + piece));
  const meta = draft.identify(description(7, 3));
  draft.seal(meta);
  draft.close();
  return meta;
}

describe('a snapshot file', () => {
  for (const length of [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 100]) {
    it(`gives back any part of ${length} bytes`, () => {
      const files = new MemoryFiles().port();
      const content = Buffer.from(someBytes(length, 5));
      const meta = write(files, content, 50_000);
      const file = SnapshotFile.open(files, '/s');
      file.verify();
      assert.deepEqual(file.meta, meta);
      assert.equal(meta.bytes, length);
      for (const offset of [0, 1, BLOCK - 1, BLOCK, 2 * BLOCK + 5, length])
        for (const wanted of [1, 100, BLOCK, 2 * BLOCK + 7])
          assert.deepEqual(Buffer.from(file.read(offset, wanted)), content.subarray(offset, offset + wanted));
    });
  }

  it('is named by its place and content, however it was cut into pieces', () => {
    const name = (content: Uint8Array, piece: number) => write(new MemoryFiles().port(), content, piece).id;
    const content = someBytes(100_000, 5);
    assert.match(name(content, 1_000), /^7-3-[0-9a-f]{32}$/);
    assert.equal(name(content, 70_000), name(content, 999));
    assert.notEqual(name(content, 70_000), name(someBytes(100_000, 6), 70_000));
  });

  it('is not installed where what came in is not what its name says', () => {
    const folder = new SnapshotFolder({ files: new MemoryFiles().port(), directory: '/d', makeRoom: () => false });
    const snapshot = write(new MemoryFiles().port(), someBytes(1_000, 5), 1_000);
    folder.stage({ snapshot, offset: 0, data: someBytes(1_000, 6) });
    assert.throws(() => folder.install(snapshot), /it is to be snapshot 7-3-.* of 1000 bytes, and holds 7-3-/);
    folder.stage({ snapshot, offset: 0, data: someBytes(1_000, 5) });
    assert.equal(folder.install(snapshot), 'durable');
  });

  it('is staged in order, and from the start again', () => {
    const folder = new SnapshotFolder({ files: new MemoryFiles().port(), directory: '/d', makeRoom: () => false });
    const content = someBytes(1_000, 5);
    const snapshot = write(new MemoryFiles().port(), content, 1_000);
    folder.stage({ snapshot, offset: 0, data: content.subarray(0, 600) });
    assert.throws(() => folder.stage({ snapshot, offset: 700, data: content.subarray(700) }), /staged in order/);
    assert.throws(
      () => folder.stage({ snapshot: { ...snapshot, id: 'x' }, offset: 600, data: content.subarray(600) }),
      /staged in order/,
    );
    folder.stage({ snapshot, offset: 0, data: content.subarray(0, 100) });
    folder.stage({ snapshot, offset: 100, data: content.subarray(100) });
    assert.equal(folder.install(snapshot), 'durable');
  });
});
