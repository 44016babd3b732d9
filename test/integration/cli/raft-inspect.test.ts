import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import type { Inspection } from '../../../internal/raft/store/inspect.ts';
import { callCli } from '../../support/cli.ts';
import {
  aWrite,
  commands,
  IDENTITY,
  inDirectory,
  membership,
  open,
  someBytes,
  takeSnapshot,
  withStore,
} from '../../support/raft-store.ts';

/** A node of a group that was stopped, with its configuration file. */
async function withNode<T>(work: (directory: string, config: string) => Promise<T>): Promise<T> {
  return inDirectory(async (parent) => {
    const directory = join(parent, 'raft');
    const file = join(parent, 'orchestrator.conf.json');
    writeFileSync(
      file,
      JSON.stringify({
        BackendDB: 'sqlite',
        SQLite3DataFile: join(parent, 'backend.sqlite3'),
        RaftEnabled: true,
        RaftDataDir: directory,
        RaftBind: '127.0.0.1',
        RaftNodes: ['127.0.0.1'],
      }),
    );
    const founded = {
      index: 1,
      term: 1,
      stampMs: 5,
      kind: 'configuration',
      configuration: membership('n1', 'n2'),
    } as const;
    withStore(
      directory,
      (store) => {
        store.write([aWrite({ append: [founded, ...commands(2, 5, 1)], hardState: { term: 4, vote: 'n2/b1' } })]);
        takeSnapshot(store, 4, 1, someBytes(1_000, 1));
        store.write([aWrite({ append: [{ index: 7, term: 4, stampMs: 9, kind: 'noop' }], compactTo: 3 })]);
      },
      { fresh: { ...IDENTITY, clusterId: 'c1' } },
    );
    return work(directory, file);
  });
}

function inspect(config: string, ...flags: readonly string[]) {
  return callCli(['-config', config, ...flags, '-c', 'raft-inspect']);
}

describe('raft-inspect', () => {
  it('shows what a stopped node has', () =>
    withNode(async (directory, config) => {
      const { status, stdout, stderr } = await inspect(config);
      assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
      assert.deepEqual(stdout.replace(/-[0-9a-f]{32}/, '-HASH').split('\n'), [
        `directory   ${directory}`,
        'node        node1, incarnation a1',
        'cluster     c1, generation 0',
        'address     10.0.0.1:10008',
        'term        4, vote: n2/b1',
        'snapshot    4-1-HASH: up to entry 4, 1000 bytes',
        'membership  of entry 1: voters n1 (n1:10008)',
        'entries     4: index, term, kind, bytes, checksum',
        '         4       1  command              9  ok',
        '         5       1  command              9  ok',
        '         6       1  command              9  ok',
        '         7       4  noop                 0  ok',
        '',
      ]);
    }));

  it('prints one JSON object', () =>
    withNode(async (_directory, config) => {
      const { status, stdout } = await inspect(config, '-json');
      const found = JSON.parse(stdout) as Inspection;
      assert.equal(status, 0);
      assert.deepEqual(found.hardState, { term: 4, vote: 'n2/b1', removed: false });
      assert.equal(found.snapshot?.index, 4);
      assert.deepEqual(found.entries.at(-1), { index: 7, term: 4, stampMs: 9, kind: 'noop', bytes: 0, crcOk: true });
      assert.deepEqual(found.damage, []);
    }));

  it('names damage, shows the rest, and ends with the status of a damaged log', () =>
    withNode(async (directory, config) => {
      const db = new BetterSqlite(join(directory, 'raft_store.db'));
      db.exec(`UPDATE entry SET payload = x'00' WHERE log_index = 5`);
      db.close();
      const { status, stdout, stderr } = await inspect(config);
      assert.equal(status, 12);
      assert.match(stdout, / 5 +1 +command +1 {2}WRONG\n +6 +1 +command +9 {2}ok\n/);
      assert.match(
        stderr,
        /FATAL RaftDataDir .* is damaged: .*raft_store\.db, entry 5: its checksum does not continue that of 4\n$/,
      );
    }));

  it('changes nothing, be it after a crash', () =>
    withNode(async (directory, config) => {
      const { store } = open(directory);
      store.write([aWrite({ append: commands(8, 5, 4) })]);
      const files = ['raft_store.db', 'raft_store.db-wal', 'raft_store.mark', 'identity.json'];
      const left = files.map((name) => readFileSync(join(directory, name)));
      store.close();
      for (const [at, name] of files.entries()) writeFileSync(join(directory, name), left[at]!);
      const { status, stdout } = await inspect(config);
      assert.equal(status, 0);
      assert.match(stdout, / 12 +4 +command/);
      assert.deepEqual(
        files.map((name) => readFileSync(join(directory, name))),
        left,
      );
    }));

  it('is refused while the node runs, and where there is no node', () =>
    withNode(async (directory, config) => {
      const { store } = open(directory);
      const running = await inspect(config);
      store.close();
      rmSync(directory, { recursive: true });
      const nothing = await inspect(config);
      assert.deepEqual([running.status, nothing.status], [1, 1]);
      assert.match(running.stderr, /RaftDataDir .* is in use by another process/);
      assert.match(nothing.stderr, /RaftDataDir .*: there is no log of a node/);
    }));
});
