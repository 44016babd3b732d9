import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeRecord } from '../../../internal/raft/forming/record.ts';
import { NO_RECORD } from '../../../internal/raft/forming/types.ts';
import { pathsIn } from '../../../internal/raft/store/directory.ts';
import { nodeFiles } from '../../../internal/raft/store/files.ts';
import { writeIdentity } from '../../../internal/raft/store/identity.ts';
import { until } from '../../support/daemon.ts';
import { type GroupMember, type MemberOptions, RealGroup } from '../../support/raft-group.ts';
import { aWrite, IDENTITY, open, withStore } from '../../support/raft-store.ts';

const WITH_ANOTHER = { self: 'n1', nodes: ['127.255.255.1:10008', 'n1'], founders: ['127.255.255.1:10008', 'n1'] };

interface Obstacle {
  readonly what: string;
  readonly code: string;
  readonly says: RegExp;
  prepare(member: GroupMember): void | Promise<void>;
  readonly options?: MemberOptions;
}

const OBSTACLES: readonly Obstacle[] = [
  {
    what: 'in a directory that another one uses',
    code: 'CONFLICT',
    says: /is in use by another process/,
    prepare: async (member) => void (await member.start()),
  },
  {
    what: 'on a damaged log',
    code: 'RAFT_STORE_DAMAGED',
    says: /identity\.json/,
    prepare: ({ directory }) => appendFileSync(join(directory, 'identity.json'), 'x'),
  },
  {
    what: 'with a backend that is ahead of the log',
    code: 'RAFT_STORE_DAMAGED',
    says: /ends at entry 1, but the backend has applied entry 7/,
    prepare: ({ notebook }) => {
      notebook.applied = 7;
    },
  },
  {
    what: 'where the log is gone',
    code: 'RAFT_STORE_DAMAGED',
    says: /the log of this node is missing/,
    prepare: ({ directory }) => {
      for (const suffix of ['', '-wal', '-shm']) rmSync(join(directory, `raft_store.db${suffix}`), { force: true });
    },
  },
  {
    what: 'without a group, once the time for it is over',
    code: 'RAFT_NOT_FORMED',
    says: /no group within RaftBootstrapTimeoutSeconds \(0\.3\): waits for 127\.255\.255\.1:10008 \(never seen\)/,
    prepare: ({ directory }) => rmSync(directory, { recursive: true }),
    options: { store: { fresh: IDENTITY }, forming: { ...WITH_ANOTHER, timeoutMs: 300 } },
  },
  {
    what: 'with a log that is of no group',
    code: 'RAFT_STORE_DAMAGED',
    says: /has a Raft log, but nothing says of which group/,
    prepare: ({ directory }) => {
      const { store, identity } = open(directory);
      store.close();
      writeIdentity(nodeFiles, pathsIn(directory).identity, { ...identity, clusterId: undefined });
    },
  },
  {
    what: 'that the group has removed',
    code: 'RAFT_REMOVED',
    says: /set that aside with raft-reset-formation/,
    prepare: ({ directory }) => withStore(directory, (store) => void store.write([aWrite({ removed: true })])),
  },
  {
    what: 'under another name than it has promised to found a group as',
    code: 'CONFIG_INVALID',
    says: /has promised to found a group as node1 and is n9 now/,
    prepare({ directory }) {
      rmSync(directory, { recursive: true });
      withStore(directory, () => {});
      const record = { ...NO_RECORD, stampMs: 1 };
      writeRecord(nodeFiles, pathsIn(directory).formation, IDENTITY.incarnation, record);
    },
    options: { forming: { self: 'n9', nodes: ['n9'], founders: ['n9'] } },
  },
];

describe('a node', () => {
  let group: RealGroup;

  beforeEach(() => {
    group = new RealGroup(1);
  });

  afterEach(() => group.end());

  for (const { what, code, says, prepare, options } of OBSTACLES) {
    it(`does not begin ${what}`, async () => {
      const [member] = group.members;
      assert.ok(member !== undefined);
      await prepare(member);
      await assert.rejects(member.start(options), { code, message: says });
    });
  }

  it('alone in its group leads, stops at once, and goes on later', async () => {
    const [member] = group.members;
    assert.ok(member !== undefined);
    await member.start();
    await group.say('one');
    await member.stop();
    await member.start();
    assert.equal(await group.say('two'), 2);
  });

  it('whose disk fails says so once, and answers nothing any more', async () => {
    const [member] = group.members;
    assert.ok(member !== undefined);
    const { group: own } = await member.start({ settings: { snapshotEntries: 3, trailingEntries: 0 } });
    rmSync(join(member.directory, 'snapshots'), { recursive: true });
    await until('it gives up', async () => {
      await own.propose(Buffer.from('x')).catch(() => undefined);
      return member.fatal.length > 0;
    });
    assert.match(String(member.fatal[0]), /beginning a snapshot in RaftDataDir .* failed: ENOENT/);
    assert.equal((member.fatal[0] as { code?: string }).code, 'RAFT_STORE_FAILED');
    assert.equal(own.mayAct, false);
    await assert.rejects(own.propose(Buffer.from('y')), { code: 'RAFT_STORE_FAILED' });
    await member.stop();
    assert.equal(member.fatal.length, 1);
  });

  it('whose state machine fails does not go on with a state that nobody else has', async () => {
    const [member] = group.members;
    assert.ok(member !== undefined);
    const { group: own } = await member.start();
    await group.say('one');
    const lost = once(own, 'lost');
    member.notebook.apply = () => ({ results: [1], durable: Promise.reject(new Error('the backend is gone')) });
    await own.propose(Buffer.from('two'));
    await until('it gives up', async () => member.fatal.length > 0);
    assert.match(String(member.fatal[0]), /the backend is gone/);
    await lost;
    assert.equal(own.mayAct, false);
    await assert.rejects(own.propose(Buffer.from('three')), { code: 'STOPPED' });
    await until('its thread has ended', () =>
      member.node.status().then(
        () => false,
        () => true,
      ),
    );
  });
});
