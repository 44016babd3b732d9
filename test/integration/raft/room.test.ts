import assert from 'node:assert/strict';
import { existsSync, fstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { setAside } from '../../../internal/raft/store/directory.ts';
import { type Files, nodeFiles } from '../../../internal/raft/store/files.ts';
import {
  aWrite,
  command,
  commands,
  contentOf,
  description,
  IDENTITY,
  inDirectory,
  open,
  reopened,
  someBytes,
  takeSnapshot,
  tryOpen,
  withStore,
} from '../../support/raft-store.ts';

function largeWrite(index: number) {
  const hardState = { term: index, vote: 'n2' };
  return aWrite({ append: [command(index, 1, 'x'.repeat(20_000))], hardState });
}

/** A disk on which so many more bytes fit; removing a file makes room for what it held. */
function withRoomFor(bytes: number): { readonly files: Files; room: number } {
  const disk = {
    room: bytes,
    files: {
      ...nodeFiles,
      write(file: number, data: Uint8Array, position: number) {
        const there = Math.max(0, fstatSync(file).size - position);
        const fits = data.subarray(0, there + disk.room);
        if (fits.length === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
        disk.room -= Math.max(0, fits.length - there);
        return nodeFiles.write(file, fits, position);
      },
      freeBytes: () => disk.room,
      remove(path: string) {
        disk.room += nodeFiles.size(path) ?? 0;
        nodeFiles.remove(path);
      },
    },
  };
  return disk;
}

describe('a store without room', () => {
  it('says so, keeps what it had and nothing of the batch, and goes on when there is room', () =>
    inDirectory((directory) => {
      const held = withStore(
        directory,
        (store) => {
          let index = 0;
          while (store.write([largeWrite(index + 1), largeWrite(index + 2)]) === 'durable') index += 2;
          assert.equal(store.state.last.index, index);
          assert.equal(store.state.term, index);
          assert.equal(store.write([largeWrite(index + 1), largeWrite(index + 2)]), 'full');
          takeSnapshot(store, index, 1, someBytes(10, 1));
          assert.equal(store.write([aWrite({ compactTo: index - 1 })]), 'durable');
          store.upkeep();
          assert.equal(store.write([largeWrite(index + 1)]), 'durable');
          return index;
        },
        { maxPages: 60 },
      );
      const { entries, hardState } = reopened(directory);
      assert(held >= 4);
      assert.deepEqual(
        entries.map(({ index }) => index),
        [held, held + 1],
      );
      assert.equal(hardState.term, held + 1);
    }));

  it('stages a chunk again, and gives its reserve up to complete a snapshot', () =>
    inDirectory((directory) => {
      const content = someBytes(200_000, 4);
      const disk = withRoomFor(Number.MAX_SAFE_INTEGER);
      const { store } = open(directory, { files: disk.files, reserveBytes: 150_000 });
      store.write([aWrite({ append: commands(1, 9, 1) })]);
      disk.room = 80_000;
      store.beginSnapshot();
      assert.equal(store.appendSnapshot(content.subarray(0, 90_000)), 'durable');
      assert.equal(existsSync(join(directory, 'reserve')), false);
      const { room } = disk;
      disk.room = 200_000;
      assert.equal(store.freeBytes, 50_000, 'what the reserve is to get back is not free');
      disk.room = room;
      assert.equal(store.freeBytes, 0);
      assert.equal(store.appendSnapshot(content.subarray(90_000)), 'durable');
      disk.room = 10;
      assert.deepEqual(store.finishSnapshot(description(5, 1)), { kind: 'full' });
      disk.room = 10_000;
      const taken = store.finishSnapshot(description(5, 1));
      assert.equal(taken.kind, 'taken');
      assert.deepEqual(taken.kind === 'taken' && contentOf(store, taken.snapshot), Buffer.from(content));
      disk.room = Number.MAX_SAFE_INTEGER;
      store.upkeep();
      assert.equal(nodeFiles.size(join(directory, 'reserve')), 150_000);
      store.close();
    }));

  it('is no use after any other failure', () =>
    inDirectory((directory) => {
      let broken = false;
      const sync = (file: number) => {
        if (broken) throw Object.assign(new Error('i/o error'), { code: 'EIO' });
        nodeFiles.sync(file);
      };
      const { store } = open(directory, { files: { ...nodeFiles, sync } });
      store.write([aWrite({ append: commands(1, 9, 1) })]);
      store.beginSnapshot();
      store.appendSnapshot(someBytes(10, 1));
      broken = true;
      const failed = {
        code: 'RAFT_STORE_FAILED',
        message: /finishing a snapshot in RaftDataDir .* failed: i\/o error/,
      };
      assert.throws(() => store.finishSnapshot(description(5, 1)), failed);
      broken = false;
      assert.throws(
        () => store.write([aWrite({ append: commands(10, 1, 1) })]),
        /a store that failed is not used again/,
      );
      store.close();
      assert.equal(reopened(directory).entries.length, 9);
    }));
});

describe('the directory of a node', () => {
  it('is refused where it is of another orchestrator, and left as it is', () =>
    inDirectory((directory) => {
      const [log, snapshots] = [join(directory, 'log'), join(directory, 'snapshots')];
      mkdirSync(log);
      const db = new BetterSqlite(join(log, 'raft_store.db'));
      db.exec('CREATE TABLE raft_store (store_id integer primary key); CREATE TABLE raft_log (log_index integer)');
      db.close();
      mkdirSync(join(snapshots, 'snapshots', '3-120-1700000000000'), { recursive: true });
      writeFileSync(join(snapshots, 'snapshots', '3-120-1700000000000', 'meta.json'), '{}');
      for (const [place, evidence] of [
        [log, 'has its table raft_store'],
        [snapshots, 'meta.json is one of its snapshots'],
      ] as const) {
        const says = new RegExp(
          `belongs to another orchestrator .*${evidence}.*orchestrator raft-import --from-backend`,
        );
        assert.throws(() => tryOpen(place), { code: 'CONFIG_INVALID', message: says });
      }
      assert.deepEqual(
        readdirSync(log).filter((name) => !/-(shm|wal)$/.test(name)),
        ['raft_store.db'],
      );
      assert.deepEqual(readdirSync(snapshots), ['snapshots']);
    }));

  it('is set aside as a whole, and begun anew under another incarnation', () =>
    inDirectory((directory) => {
      withStore(directory, (store) => {
        store.write([aWrite({ append: commands(1, 9, 1) })]);
        takeSnapshot(store, 5, 1, someBytes(10, 1));
      });
      writeFileSync(join(directory, 'orchestrator.sqlite3'), 'the backend of the node');
      const place = setAside(nodeFiles, directory, 'damaged-1');
      assert.deepEqual(readdirSync(directory), ['damaged-1', 'orchestrator.sqlite3']);
      assert.equal(reopened(place).entries.length, 9);
      const again = open(directory, { fresh: { ...IDENTITY, incarnation: 'b2' } });
      again.store.close();
      assert.equal(again.created, true);
      assert.deepEqual(again.recovered.entries, []);
    }));
});
