import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import {
  aWrite,
  command,
  commands,
  contentOf,
  description,
  IDENTITY,
  inDirectory,
  membership,
  open,
  reopened,
  someBytes,
  takeSnapshot,
  tryOpen,
  withStore,
} from '../../support/raft-store.ts';

const VOTED = { term: 3, vote: 'node2/b1' };

describe('the store of a node', () => {
  it('begins empty, for its owner alone', () =>
    inDirectory((parent) => {
      const directory = join(parent, 'a', 'raft');
      const { store, recovered, created, identity } = open(directory);
      store.close();
      assert.equal(created, true);
      assert.equal(identity.incarnation, 'a1');
      assert.deepEqual(recovered, {
        self: 'node1/a1',
        hardState: { term: 0, vote: undefined },
        snapshot: recovered.snapshot,
        entries: [],
        before: { index: 0, term: 0 },
        removed: false,
      });
      const modes = ['', 'identity.json', 'raft_store.db', 'raft_store.mark', 'snapshots'].map(
        (name) => statSync(join(directory, name)).mode & 0o777,
      );
      assert.deepEqual(modes, [0o700, 0o600, 0o600, 0o600, 0o700]);
    }));

  it('keeps its first identity', () =>
    inDirectory((directory) => {
      open(directory).store.close();
      const again = open(directory, { fresh: { ...IDENTITY, incarnation: 'b2' } });
      again.store.close();
      assert.equal(again.created, false);
      assert.equal(again.identity.incarnation, 'a1');
    }));

  it('gives back every kind of entry, term and vote, and the removal mark', () =>
    inDirectory((directory) => {
      const append = [
        { index: 1, term: 1, stampMs: 5, kind: 'configuration', configuration: membership('n1', 'n2', 'n3') },
        { index: 2, term: 1, stampMs: 6, kind: 'noop' },
        command(3, 1, ''),
        { index: 4, term: 3, stampMs: 7, kind: 'command', data: Buffer.from(someBytes(2 ** 20, 7)) },
      ] as const;
      withStore(directory, (store) => {
        assert.equal(store.write([aWrite({ append, hardState: VOTED, removed: true })]), 'durable');
      });
      const found = reopened(directory);
      assert.deepEqual(found.entries, append);
      assert.deepEqual(found.hardState, VOTED);
      assert.equal(found.removed, true);
    }));

  it('tells a vote that is spent from none', () =>
    inDirectory((directory) => {
      for (const vote of ['', undefined, 'n2']) {
        withStore(directory, (store) => store.write([aWrite({ hardState: { term: 2, vote } })]));
        assert.deepEqual(reopened(directory).hardState, { term: 2, vote });
      }
    }));

  it('cuts and appends in one write, in that order', () =>
    inDirectory((directory) => {
      const fresh = [command(3, 2, 'other'), command(4, 2, 'more')];
      withStore(directory, (store) => {
        store.write([aWrite({ append: commands(1, 5, 1) })]);
        store.write([aWrite({ truncateFrom: 3, append: fresh })]);
      });
      assert.deepEqual(reopened(directory).entries, [...commands(1, 2, 1), ...fresh]);
    }));

  it('begins its log behind what a snapshot covers, and forgets the rest in small steps', () =>
    inDirectory((directory) => {
      const content = someBytes(300_000, 3);
      const steps = withStore(directory, (store) => {
        store.write([aWrite({ append: commands(1, 1500, 1) })]);
        const snapshot = takeSnapshot(store, 1400, 1, content);
        assert.deepEqual(contentOf(store, snapshot), Buffer.from(content));
        store.write([aWrite({ compactTo: 1300 })]);
        let rounds = 1;
        while (store.upkeep() === 'more') rounds += 1;
        return rounds;
      });
      assert.equal(steps, 3);
      const found = reopened(directory);
      assert.deepEqual(found.before, { index: 1300, term: 1 });
      assert.deepEqual(found.entries, commands(1301, 200, 1));
      assert.equal(found.snapshot.index, 1400);
    }));

  for (const { keepLog, index, left } of [
    { keepLog: true, index: 3, left: commands(4, 2, 1) },
    { keepLog: false, index: 3, left: [] },
    { keepLog: false, index: 9, left: [] },
  ]) {
    it(`installs a snapshot at ${index} that ${keepLog ? 'leaves what follows it' : 'replaces the log'}`, () =>
      inDirectory(async (directory) => {
        const content = someBytes(200_000, 9);
        const snapshot = await inDirectory((other) =>
          withStore(other, (sender) => {
            sender.write([aWrite({ append: commands(1, 10, keepLog ? 1 : 2) })]);
            return takeSnapshot(sender, index, keepLog ? 1 : 2, content);
          }),
        );
        withStore(directory, (store) => {
          store.write([aWrite({ append: commands(1, 5, 1) })]);
          for (let offset = 0; offset < content.length; offset += 65_536 + 100)
            store.stage({ snapshot, offset, data: content.subarray(offset, offset + 65_536 + 100) });
          assert.equal(store.write([aWrite({ install: { snapshot, keepLog } })]), 'durable');
          assert.deepEqual(contentOf(store, snapshot), Buffer.from(content));
        });
        const found = reopened(directory);
        assert.deepEqual(found.snapshot, snapshot);
        assert.deepEqual(found.entries, left);
        assert.deepEqual(found.before, { index, term: snapshot.term });
      }));
  }

  it('keeps three snapshots, and says of others that they are gone', () =>
    inDirectory((directory) => {
      const taken = withStore(directory, (store) => {
        store.write([aWrite({ append: commands(1, 10, 1) })]);
        return [2, 4, 6, 8].map((index) => takeSnapshot(store, index, 1, someBytes(index * 1000, index)));
      });
      withStore(directory, (store) => {
        const there = taken.map((snapshot) => contentOf(store, snapshot)?.length);
        assert.deepEqual(there, [undefined, 4000, 6000, 8000]);
        assert.deepEqual(store.snapshots(), taken.slice(1));
      });
    }));

  it('drops its own snapshot where a newer one came in meanwhile', () =>
    inDirectory((directory) =>
      withStore(directory, (store) => {
        store.write([aWrite({ append: commands(1, 10, 1) })]);
        takeSnapshot(store, 8, 1, someBytes(10, 1));
        store.beginSnapshot();
        store.appendSnapshot(someBytes(10, 2));
        assert.deepEqual(store.finishSnapshot(description(5, 1)), { kind: 'overtaken' });
        assert.equal(store.snapshots().length, 1);
      }),
    ));

  it('bounds the log of SQLite by its upkeep', () =>
    inDirectory((directory) =>
      withStore(directory, (store) => {
        for (let round = 0; round < 30; round += 1) {
          store.write([aWrite({ append: [command(round + 1, 1, 'x'.repeat(2 ** 20))] })]);
          store.upkeep();
        }
        assert(statSync(join(directory, 'raft_store.db-wal')).size < 8 * 2 ** 20);
        assert(statSync(join(directory, 'raft_store.db')).size > 20 * 2 ** 20);
      }),
    ));

  it('belongs to one process at a time', () =>
    inDirectory((directory) => {
      const { store } = open(directory);
      assert.throws(() => tryOpen(directory), {
        code: 'CONFLICT',
        message: `RaftDataDir ${directory} is in use by another process: stop it, or give each node a directory of its own`,
      });
      store.write([aWrite({ append: commands(1, 1, 1) })]);
      store.close();
      assert.equal(reopened(directory).entries.length, 1);
    }));
});
