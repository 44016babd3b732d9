import assert from 'node:assert/strict';
import type { Write } from '../../../../internal/raft/core/effects.ts';
import { NO_SNAPSHOT } from '../../../../internal/raft/core/types.ts';
import { DiskQueue } from '../../../../internal/raft/node/disk-queue.ts';
import type { LogStore } from '../../../../internal/raft/node/ports.ts';
import { aWrite } from '../../../support/raft-store.ts';

const RETRY_MS = 100;

/** A disk that takes so many writes before it is full; a compaction makes room for so many more. */
class SmallDisk implements LogStore {
  readonly done: string[] = [];
  room: number;
  readonly #freed: number;

  constructor(room: number, freed = 0) {
    this.room = room;
    this.#freed = freed;
  }

  write(writes: readonly Write[]) {
    const needed = writes.filter(({ compactTo }) => compactTo === undefined).length;
    if (needed > this.room) return 'full';
    this.room -= needed;
    if (needed < writes.length) this.room += this.#freed;
    this.done.push(`write ${writes.map(({ id, compactTo }) => (compactTo === undefined ? id : 'compact')).join(' ')}`);
    return 'durable';
  }

  stage({ offset }: { readonly offset: number }) {
    if (this.room < 1) return 'full';
    this.done.push(`stage ${offset}`);
    return 'durable';
  }

  readChunk(): undefined {}

  upkeep() {
    return 'done' as const;
  }
}

function queue(disk: SmallDisk, ...ids: readonly number[]): DiskQueue {
  const made = new DiskQueue(disk, RETRY_MS);
  for (const id of ids) made.add([], aWrite({ id }));
  return made;
}

const chunk = (offset: number) => ({ snapshot: NO_SNAPSHOT, offset, data: new Uint8Array(1) });

describe('what waits for the disk', () => {
  it('goes there in its order, writes that follow on each other together', () => {
    const disk = new SmallDisk(9);
    const made = queue(disk, 1, 2);
    made.add([chunk(0), chunk(5)], aWrite({ id: 3 }));
    assert.equal(made.flush(0), 3);
    assert.deepEqual(disk.done, ['write 1 2', 'stage 0', 'stage 5', 'write 3']);
    assert.equal(made.flush(0), undefined);
  });

  it('goes as far as there is room, and on from there after a pause', () => {
    const disk = new SmallDisk(2);
    const made = queue(disk, 1, 2, 3, 4);
    assert.equal(made.flush(0), 2);
    assert.equal(made.outcome, 'full');
    disk.room = 9;
    assert.equal(made.flush(RETRY_MS - 1), undefined, 'the disk is left alone for a while');
    made.add([], aWrite({ id: 5 }));
    assert.equal(made.flush(RETRY_MS), 5);
    assert.equal(made.outcome, 'durable');
    assert.deepEqual(disk.done, ['write 1 2', 'write 3 4 5']);
  });

  it('lets what shortens the log go first where there is no room', () => {
    const disk = new SmallDisk(0, 5);
    const made = queue(disk, 1);
    made.add([], aWrite({ id: 2, compactTo: 7 }));
    assert.equal(made.flush(0), undefined);
    assert.deepEqual(disk.done, ['write compact']);
    assert.equal(made.flush(RETRY_MS), 2);
    assert.deepEqual(disk.done, ['write compact', 'write 1 2']);
  });

  it('shortens nothing ahead of a snapshot that replaces the log', () => {
    const disk = new SmallDisk(0, 5);
    const made = new DiskQueue(disk, RETRY_MS);
    made.add([], aWrite({ id: 1, install: { snapshot: NO_SNAPSHOT, keepLog: false } }));
    made.add([], aWrite({ id: 2, compactTo: 7 }));
    assert.equal(made.flush(0), undefined);
    assert.deepEqual(disk.done, []);
  });
});
