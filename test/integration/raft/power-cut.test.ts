import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asKilled, aWrite, commands, inDirectory, open, someBytes, tryOpen } from '../../support/raft-store.ts';

const WRITES = 20;
const HEADER_BYTES = 32;
const FRAME_BYTES = 24 + 4096;

/** A directory as a power cut leaves it: all writes in SQLite's own log, and a mark that knows of none of them. */
function afterPowerCut(work: (directory: string, wal: string) => Promise<void>): Promise<void> {
  return inDirectory(async (directory) => {
    open(directory).store.close();
    const mark = join(directory, 'raft_store.mark');
    copyFileSync(mark, `${mark}.old`);
    const { store } = open(directory);
    for (let index = 1; index <= WRITES; index += 1) store.write([aWrite({ append: commands(index, 1, 1) })]);
    await asKilled(directory, async (copy) => {
      copyFileSync(`${mark}.old`, join(copy, 'raft_store.mark'));
      await work(copy, join(copy, 'raft_store.db-wal'));
    });
    store.close();
  });
}

/** Entries that a start finds after `harm` to SQLite's own log; undefined: damage. */
function entriesAfter(directory: string, harm: (wal: Buffer) => Buffer): Promise<number | undefined> {
  return asKilled(directory, (copy) => {
    const file = join(copy, 'raft_store.db-wal');
    writeFileSync(file, harm(readFileSync(file)));
    const opened = tryOpen(copy);
    if (opened.kind === 'damaged') return undefined;
    opened.store.close();
    return opened.recovered.entries.length;
  });
}

describe('a power cut', () => {
  it('and a wrong bit in a finished write, is damage, though the mark is behind', () =>
    afterPowerCut(async (directory, wal) => {
      const size = readFileSync(wal).length;
      const lastWrite = size - 2 * FRAME_BYTES; // an entry's page and the state's
      const results: (number | undefined)[] = [];
      for (let round = 0; round < 150; round += 1) {
        const random = Buffer.from(someBytes(8, 77 + round));
        const at = round < HEADER_BYTES ? round : random.readUInt32LE(0) % size;
        const entries = await entriesAfter(directory, (bytes) => {
          bytes[at]! ^= 1 << (random[5]! % 8);
          return bytes;
        });
        const allowed = at < lastWrite ? [undefined, WRITES] : [undefined, WRITES, WRITES - 1];
        assert(allowed.includes(entries), `bit ${random[5]! % 8} of byte ${at} of ${size}: ${entries} entries`);
        results.push(entries);
      }
      assert(results.filter((one) => one === undefined).length > 100);
    }));

  it('in the middle of the last write, costs that one, whichever parts of it reached the disk', () =>
    afterPowerCut(async (directory, wal) => {
      const size = readFileSync(wal).length;
      const begin = size - 2 * FRAME_BYTES;
      for (let at = begin; at < size; at += 512) {
        const end = Math.min(size, at + 512);
        assert.equal(
          await entriesAfter(directory, (bytes) => bytes.fill(0xa5, at, end)),
          WRITES - 1,
          `rubbish at ${at}`,
        );
        assert.equal(await entriesAfter(directory, (bytes) => bytes.subarray(0, at)), WRITES - 1, `cut at ${at}`);
      }
    }));
});
