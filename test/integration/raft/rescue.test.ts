import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogEntry } from '../../../internal/raft/core/types.ts';
import { formationOf } from '../../../internal/raft/forming/formation.ts';
import { writeRecord } from '../../../internal/raft/forming/record.ts';
import { NO_RECORD } from '../../../internal/raft/forming/types.ts';
import { backupBytes, readBackup } from '../../../internal/raft/rescue/backup-file.ts';
import { salvage } from '../../../internal/raft/rescue/salvage.ts';
import { pathsIn } from '../../../internal/raft/store/directory.ts';
import { type Files, nodeFiles } from '../../../internal/raft/store/files.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { callCli } from '../../support/cli.ts';
import { Crash, crashingAfter } from '../../support/crash-files.ts';
import { until } from '../../support/daemon.ts';
import { aFounder } from '../../support/forming.ts';
import { type GroupMember, RealGroup } from '../../support/raft-group.ts';
import {
  aWrite,
  command,
  commands,
  IDENTITY,
  inDirectory,
  membership,
  open,
  someBytes,
  withStore,
} from '../../support/raft-store.ts';

const settings = { promotionHoldMs: 200 };

/** A file of a node that the command line reads. */
function configured(parent: string, { directory, address, list }: Pick<GroupMember, 'directory' | 'address' | 'list'>) {
  const file = join(parent, 'orchestrator.conf.json');
  const raft = { RaftEnabled: true, RaftDataDir: directory, RaftBind: address, RaftNodes: list };
  writeFileSync(file, JSON.stringify({ BackendDB: 'sqlite', SQLite3DataFile: join(parent, 'b.sqlite3'), ...raft }));
  return (...args: readonly string[]) => callCli(['-config', file, ...args]);
}

describe('a group without a majority', () => {
  let group: RealGroup;

  afterEach(() => group?.end());

  it('goes on from one survivor, keeps what that had, and has nothing to do with the life before', () =>
    inDirectory(async (parent) => {
      group = new RealGroup(3, false);
      const [survivor, wiped, stale] = group.members;
      assert.ok(survivor !== undefined && wiped !== undefined && stale !== undefined);
      await Promise.all(group.members.map((member) => member.start({ settings })));
      await group.say('before');
      await group.level();
      await Promise.all(group.members.map((member) => member.stop()));
      wiped.wipe();
      const cli = configured(parent, survivor);
      writeFileSync(join(survivor.directory, 'peers.json'), JSON.stringify([survivor.address]));
      const before = await cli('-dry-run', '-c', 'raft-recover');
      assert.equal(before.status, 0, before.stderr);
      assert.match(before.stdout, /peers\.json {2}would make the voters 127\.[\d.]+:10008; every entry/);
      assert.ok(existsSync(join(survivor.directory, 'peers.json')), 'nothing is changed by looking');

      await Promise.all([survivor.start({ settings }), stale.start({ settings })]);
      await group.leader();
      assert.ok(survivor.leads);
      await group.say('after');
      assert.deepEqual(survivor.notebook.words, ['before', 'after']);
      assert.deepEqual(
        readdirSync(survivor.directory).filter((name) => /^(peers|rescue)/.test(name)),
        ['peers.info'],
      );
      await until(
        'the former life is refused',
        async () => (await survivor.node.status()).refused > 0 && (await stale.node.status()).refused > 0,
      );
      assert.equal(stale.node.group.standpoint.leader, undefined);
      assert.deepEqual(stale.notebook.words, ['before']);
      await stale.kill();
      await wiped.start({ settings });
      await until(
        'the emptied one votes',
        async () => survivor.node.group.standpoint.configuration.voters.length === 2,
      );
      assert.deepEqual(await group.level(), ['before', 'after']);
    }));

  it('is put by while it runs, and made anew elsewhere, with automatic recoveries off', () =>
    inDirectory(async (parent) => {
      group = new RealGroup(3, false);
      const [source, target, joiner] = group.members;
      assert.ok(source !== undefined && target !== undefined && joiner !== undefined);
      source.list = [source.address];
      target.list = [target.address, joiner.address];
      joiner.list = target.list;
      await source.start({ settings });
      for (const word of ['one', 'two']) await group.say(word);
      const { head, lastIndex, bytes } = await source.node.backup();
      const file = join(parent, 'group.backup');
      const pieces: Uint8Array[] = [];
      for await (const piece of bytes) pieces.push(piece);
      writeFileSync(file, Buffer.concat(pieces));
      assert.equal(head.index, lastIndex);

      await source.stop();
      const restore = () => configured(parent, target)('-file', file, '-c', 'raft-restore');
      const restored = await restore();
      assert.match(restored.stdout, /automatic recoveries are off/, restored.stderr);
      assert.ok(!restored.stdout.startsWith(`group ${head.clusterId}`));
      assert.match((await restore()).stderr, /is that of a node already: name an empty one/);
      await target.start({ settings });
      await group.leader();
      const [one, two, ...appended] = target.notebook.words;
      assert.deepEqual([one, two], ['one', 'two']);
      assert.deepEqual(
        appended.map((word) => JSON.parse(word).op),
        ['disable-global-recoveries', 'abandon-recoveries'],
      );
      await joiner.start({ settings });
      assert.deepEqual(await group.level(), target.notebook.words);
    }));
});

describe('forcing a membership', () => {
  const PEERS = JSON.stringify([{ id: 'node1', address: '10.0.0.1' }]);

  /** A member of a group of three with a snapshot and some entries. */
  function withMember<T>(work: (directory: string) => T): Promise<T> {
    return inDirectory((directory) => {
      const members = membership('node1/a1', 'n2', 'n3');
      const configuration = {
        ...members,
        members: members.members.map((one) => ({ ...one, node: one.id.split('/')[0]! })),
      };
      const founded: LogEntry = { index: 1, term: 1, stampMs: 5, kind: 'configuration', configuration };
      withStore(
        directory,
        (store) =>
          store.write([aWrite({ append: [founded, ...commands(2, 5, 3)], hardState: { term: 4, vote: 'n2' } })]),
        { fresh: { ...IDENTITY, clusterId: 'c1', generation: 1 } },
      );
      return work(directory);
    });
  }
  function run(directory: string, files: Files) {
    const { store, identity, recovered } = open(directory);
    try {
      return salvage(identity, recovered, {
        files,
        store,
        log: silentLog,
        paths: pathsIn(directory),
        defaultPort: 10_008,
      });
    } finally {
      store.close();
    }
  }

  it('comes to the same, wherever it is cut short', async () => {
    let calls = 0;
    for (let going = true; going; calls += 1)
      await withMember((directory) => {
        writeFileSync(pathsIn(directory).peers, PEERS);
        try {
          run(directory, crashingAfter(calls, nodeFiles));
          going = false;
        } catch (err) {
          if (!(err instanceof Crash)) throw err;
        }
        run(directory, nodeFiles);
        const { recovered, identity, store } = open(directory);
        store.close();
        const last = recovered.entries.at(-1);
        assert.equal(identity.generation, 2, `after ${calls} calls`);
        assert.equal(recovered.entries.length, 7);
        assert.deepEqual([last?.kind, last?.index, last?.term], ['configuration', 7, 4]);
        assert.deepEqual(last?.kind === 'configuration' && last.configuration.voters, ['node1/a1']);
        assert.deepEqual(recovered.hardState, { term: 4, vote: 'n2' }, 'what was voted for in that term stays');
        assert.ok(existsSync(pathsIn(directory).peersDone) && !existsSync(pathsIn(directory).rescue));
      });
    assert.ok(calls > 10);
  });

  it('changes nothing where the file cannot be meant so', () =>
    withMember((directory) => {
      writeFileSync(pathsIn(directory).peers, '["10.0.0.77"]');
      const before = readFileSync(pathsIn(directory).identity);
      assert.throws(() => run(directory, nodeFiles), {
        code: 'CONFIG_INVALID',
        message: /10\.0\.0\.77:10008 was no member/,
      });
      assert.deepEqual(readFileSync(pathsIn(directory).identity), before);
      assert.ok(!existsSync(pathsIn(directory).rescue));
    }));

  it('is done and told by the command, which says who of several survivors has the most', () =>
    withMember(async (directory) => {
      await inDirectory(async (parent) => {
        const cli = configured(parent, { directory, address: '10.0.0.1', list: ['10.0.0.1'] });
        assert.match((await cli('-c', 'raft-recover')).stderr, /there is no .*peers\.json/);
        const mine = JSON.parse((await cli('-dry-run', '-json', '-c', 'raft-recover')).stdout);
        assert.deepEqual([mine.survivor.lastIndex, mine.survivor.lastTerm, mine.peers], [6, 3, null]);
        const other = join(parent, 'n2.json');
        writeFileSync(other, JSON.stringify({ ...mine, survivor: { ...mine.survivor, node: 'n2', lastIndex: 9 } }));
        const compared = await cli('-dry-run', '-file', other, '-c', 'raft-recover');
        assert.match(compared.stdout, /n2 has the most: it alone may stand in peers\.json/);
        writeFileSync(pathsIn(directory).peers, PEERS);
        const done = await cli('-c', 'raft-recover');
        assert.match(done.stdout, /^generation 2, voters node1, log up to entry 7: start the node\n$/, done.stderr);
      });
    }));
});

describe('raft-reset-formation', () => {
  it('takes a promise back, refuses a member, and sets aside what a removed one has', () =>
    inDirectory((parent) =>
      inDirectory(async (directory) => {
        const cli = configured(parent, { directory, address: '10.0.0.1', list: ['10.0.0.1'] });
        const reset = () => cli('-c', 'raft-reset-formation');
        rmSync(directory, { recursive: true });
        assert.match((await reset()).stderr, /there is no node, and nothing was promised/);
        withStore(directory, () => {});
        const promise = formationOf('orders', {
          ...{ proposer: 'a/i1', stampMs: 7, generation: 0, members: [aFounder('a'), aFounder('b')] },
        });
        const { formation } = pathsIn(directory);
        writeRecord(nodeFiles, formation, IDENTITY.incarnation, { ...NO_RECORD, stampMs: 7, promise });
        assert.equal((await reset()).stdout, `group ${promise.id} is not promised any more\n`);
        assert.equal((await reset()).stdout, 'nothing was promised\n');
        assert.equal(JSON.parse(readFileSync(formation, 'utf8')).stampMs, 7, 'later proposals stay later');

        rmSync(directory, { recursive: true });
        withStore(directory, () => {}, { fresh: { ...IDENTITY, clusterId: 'c1' } });
        assert.match((await reset()).stderr, /node1 belongs to group c1: there is no promise to take back/);
        withStore(directory, (store) => void store.write([aWrite({ removed: true })]));
        const { stdout } = await reset();
        assert.match(stdout, /^moved to .*removed-\d{14}: the node joins as a new one/);
        assert.equal(open(directory).created, true);
      }),
    ));
});

describe('a backup', () => {
  const HEAD = { takenMs: 5, node: 'a', clusterId: 'c1', generation: 1, index: 4, term: 2, stampMs: 3 };
  const ENTRIES = [command(5, 2), command(6, 3)];

  async function bytesOf(): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for await (const piece of backupBytes(HEAD, [someBytes(1_500_000, 3), someBytes(10, 4)], ENTRIES))
      pieces.push(piece);
    return Buffer.concat(pieces);
  }
  async function readAll(bytes: Buffer, width: number) {
    const found = { head: undefined as unknown, snapshot: [] as Uint8Array[], entries: [] as LogEntry[] };
    function* pieces() {
      for (let at = 0; at < bytes.length; at += width) yield bytes.subarray(at, at + width);
    }
    await readBackup(pieces(), {
      head: (head) => {
        found.head = head;
      },
      snapshot: (piece) => found.snapshot.push(piece),
      entry: (entry) => found.entries.push(entry),
    });
    return { ...found, snapshot: Buffer.concat(found.snapshot) };
  }

  it('comes out as it went in, however it is cut on the way', async () => {
    const bytes = await bytesOf();
    for (const width of [977, 65_536, bytes.length]) {
      const { head, snapshot, entries } = await readAll(bytes, width);
      assert.deepEqual(head, HEAD);
      assert.ok(snapshot.equals(Buffer.concat([someBytes(1_500_000, 3), someBytes(10, 4)])));
      assert.deepEqual(
        entries.map((entry) => entry.kind === 'command' && Buffer.from(entry.data).toString()),
        ['command 5', 'command 6'],
      );
    }
  });

  it('is refused when a bit is wrong, something is missing or too much, wherever that is', async () => {
    const bytes = await bytesOf();
    const places = [0, 20, 200, 1000, 1_400_000, bytes.length - 80, bytes.length - 40, bytes.length - 1];
    for (const at of places) {
      const changed = Buffer.from(bytes);
      changed[at] = changed[at]! ^ 1;
      await assert.rejects(readAll(changed, 65_536), { code: 'BAD_REQUEST' }, `bit ${at}`);
      await assert.rejects(readAll(bytes.subarray(0, at), 65_536), { code: 'BAD_REQUEST' }, `cut ${at}`);
    }
    await assert.rejects(readAll(Buffer.concat([bytes, Buffer.from('x')]), 65_536), { code: 'BAD_REQUEST' });
  });
});
