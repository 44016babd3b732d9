// What a group agreed on, in a real backend: what is there after a crash, after a snapshot, and while the file is held.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { AgreedStorage } from '../../../internal/app/group/agreed-storage.ts';
import { DigestWatch } from '../../../internal/app/group/digest-watch.ts';
import { GroupMachine } from '../../../internal/app/group/group-machine.ts';
import type { Storage } from '../../../internal/app/ports.ts';
import { Backend } from '../../../internal/backend/backend.ts';
import { type Command, encodeCommand } from '../../../internal/command/command.ts';
import { type LogEntry, NO_SNAPSHOT } from '../../../internal/raft/core/types.ts';
import type { RecoveryRecord } from '../../../internal/recovery/book.ts';
import type { Log } from '../../../internal/runtime/log.ts';
import type { InstanceKey } from '../../../internal/topology/instance-key.ts';
import { until } from '../../support/daemon.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const A = { hostname: 'db-a', port: 3306 };
const B = { hostname: 'db-b', port: 3307 };
const STAMP_MS = 1_700_000_000_000;
const downtimeOf = (key: InstanceKey): Command => ({
  op: 'begin-downtime',
  key,
  downtime: { owner: 'me', reason: 'test', beginMs: STAMP_MS, endMs: STAMP_MS + 60_000 },
});

const entry = (index: number, command?: Command): LogEntry => ({
  ...{ index, term: 2, stampMs: STAMP_MS + index * 1000 },
  ...(command === undefined ? { kind: 'noop' } : { kind: 'command', data: encodeCommand('node-7', command) }),
});

/** Writes outside of an entry would be of this node alone: none is expected here. */
const nothingAlone = new Proxy({} as Storage, {
  get: (_, name) => () => assert.fail(`${String(name)} was stored outside of the entry`),
  ownKeys: () => [],
});

class Node {
  readonly backend: Backend;
  readonly machine: GroupMachine;
  readonly digests: DigestWatch;
  readonly told: string[] = [];
  leads = false;
  readonly reloads: (readonly InstanceKey[])[] = [];
  readonly lines: string[] = [];
  servers: readonly InstanceKey[] = [];

  constructor(file: string, clusterId = 'c1') {
    const note = (_: object, text: string) => void this.lines.push(text);
    const log: Log = { error: note, warn: note, info: note, debug: note };
    const clock = new ManualClock();
    this.backend = Backend.openSqlite(file, { node: { hostname: 'here', token: 't' }, clock, log, flushMs: 1000 });
    const { agreed } = this.backend;
    const agreedStorage = new AgreedStorage(nothingAlone, agreed);
    this.digests = new DigestWatch({
      digest: () => agreed.digest(),
      leads: () => this.leads,
      decide: async ({ digest }) => void this.told.push(digest),
      everyEntries: 2,
      log,
    });
    this.machine = new GroupMachine({
      apply: (command) => {
        if (command.op === 'begin-downtime') return agreedStorage.storage.downtime(command.key, command.downtime);
        if (command.op === 'write-recovery-step')
          return agreedStorage.storage.note(command.uid, command.messages[0] ?? '');
        if (command.op === 'write-recovery')
          return command.claim.term === 2
            ? agreedStorage.storage.opened(command.record)
            : agreedStorage.storage.takenOver(command.record);
        return assert.fail(command.op);
      },
      ...{ agreedStorage, agreed },
      clusterId: () => clusterId,
      self: () => 'a/1',
      digests: this.digests,
      servers: () => this.servers,
      reload: async (servers) => void this.reloads.push(servers),
    });
  }

  async downtimes(): Promise<readonly string[]> {
    return (await this.backend.words.downtimes()).map(({ key }) => key.hostname);
  }
}

describe('the state machine of a group on a backend', () => {
  let directory: string;
  let node: Node;
  const restarted = async () => {
    await node.backend.close();
    node = new Node(join(directory, 'a.db'));
    return node;
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'group-machine-'));
    node = new Node(join(directory, 'a.db'));
  });

  afterEach(async () => {
    await node.backend.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('knows after a restart up to where it has followed', async () => {
    assert.equal(await node.backend.agreed.position(), undefined);
    const { durable } = node.machine.apply([entry(1), entry(2, downtimeOf(A)), entry(3)]);
    await durable;
    const { backend } = await restarted();
    assert.deepEqual(await backend.agreed.position(), { index: 3, term: 2, clusterId: 'c1', nodeId: 'a' });
    assert.deepEqual(await node.downtimes(), ['db-a']);
  });

  it('writes the time of the entry and the name of whoever wished for it', async () => {
    await node.machine.apply([entry(1, { op: 'write-recovery-step', id: '1', uid: 'u1', messages: ['promoted'] })])
      .durable;
    assert.deepEqual(await node.backend.journal.steps('u1'), [
      { id: 1, at: '2023-11-14 22:13:21', message: 'promoted' },
    ]);
  });

  it('remembers who runs a recovery, and who has taken it over', async () => {
    const record: RecoveryRecord = {
      ...{ uid: 'u1', kind: 'primary', code: 'DeadMaster', failed: A, cluster: 'c', alias: '', startedMs: STAMP_MS },
      ...{ successful: false, lost: [], participants: [], errors: [], harmless: false },
    };
    const claim = (term: number) =>
      ({ op: 'write-recovery', record, claim: { term, automatic: true, blockMs: 1 } }) as const;
    const holders = async () => (await node.backend.recoveries.load(10)).map(({ holder }) => holder);
    await node.machine.apply([entry(1, claim(2))]).durable;
    assert.deepEqual(await holders(), [{ node: 'node-7', term: 2 }]);
    await node.machine.apply([{ ...entry(2, claim(5)), term: 5 }]).durable;
    await restarted();
    assert.deepEqual(await holders(), [{ node: 'node-7', term: 5 }]);
  });

  it('never holds half of an entry, nor its index without it', async () => {
    await node.machine.apply([entry(1)]).durable;
    const other = new BetterSqlite(join(directory, 'a.db'));
    other.exec('BEGIN IMMEDIATE');
    let written = false;
    const { durable } = node.machine.apply([entry(2, downtimeOf(A))]);
    durable.then(() => {
      written = true;
    });
    await until('the backend was found busy', async () => !node.backend.health().ok);
    assert.deepEqual(
      [written, await node.backend.agreed.position()],
      [false, { index: 1, term: 2, clusterId: 'c1', nodeId: 'a' }],
    );
    other.exec('COMMIT');
    other.close();
    await node.backend.settle(5_000);
    await durable;
    assert.equal((await node.backend.agreed.position())?.index, 2);
  });

  it('goes on behind a change that the database refuses, and tells of it', async () => {
    const broken = { ...downtimeOf(A), key: { hostname: null as unknown as string, port: 1 } } as Command;
    await node.machine.apply([entry(1, broken), entry(2, downtimeOf(B))]).durable;
    assert.deepEqual([(await node.backend.agreed.position())?.index, await node.downtimes()], [2, ['db-b']]);
    assert.ok(node.lines.includes('the backend did not take this'));
  });

  it('hands its state over as it was when it was asked for', async () => {
    node.servers = [A, B];
    await node.machine.apply([entry(1, downtimeOf(A))]).durable;
    const bytes = node.machine.snapshot();
    await node.machine.apply([entry(2, downtimeOf(B))]).durable;
    const other = new Node(join(directory, 'b.db'));
    await other.machine.apply([entry(1, downtimeOf(B))]).durable;
    await other.machine.restore({ ...NO_SNAPSHOT, index: 1, term: 2 }, bytes);
    assert.deepEqual(await other.downtimes(), ['db-a']);
    assert.deepEqual(other.reloads, [[A, B]]);
    assert.equal((await other.backend.agreed.position())?.index, 1);
    await other.backend.close();
  });

  it('finds out, by what its leader says, that it holds something else', async () => {
    const other = new Node(join(directory, 'b.db'));
    other.leads = true;
    for (const one of [node, other]) await one.machine.apply([entry(1, downtimeOf(A)), entry(2)]).durable;
    const [digest = ''] = await until('the leader tells', async () => (other.told.length > 0 ? other.told : undefined));
    await node.digests.heard({ op: 'state-digest', index: 2, digest });
    assert.equal(node.digests.differsSince, undefined);
    await node.backend.words.downtime(B, { owner: '', reason: '', beginMs: 0, endMs: 1 }); // behind the back of the group
    for (const one of [node, other]) await one.machine.apply([entry(3), entry(4)]).durable;
    const [, second = ''] = await until('it tells again', async () => (other.told.length > 1 ? other.told : undefined));
    await node.digests.heard({ op: 'state-digest', index: 4, digest: second });
    assert.equal(node.digests.differsSince, 4);
    await other.backend.close();
  });
});
