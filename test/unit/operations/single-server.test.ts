import assert from 'node:assert/strict';
import { Operations, type OperationsDeps } from '../../../internal/operations/operations.ts';
import type { LogReader, OperatorSession, Servers } from '../../../internal/operations/ports.ts';
import type { OperationRequest } from '../../../internal/operations/requests.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import type { Instance, ThreadState } from '../../../internal/topology/instance.ts';
import { type InstanceKey, sameKey } from '../../../internal/topology/instance-key.ts';
import { aSnapshot } from '../../support/a-cluster.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { partial } from '../../support/partial.ts';
import { anInstance, aReplica, PRIMARY_KEY, uuid } from '../topology/builders.ts';

/** The operations on one server, which a session may find `now`; what that one was asked for is written down. It has `logs` one after the other; what is `unread` of others is not known yet. */
function operationsOn(
  instance: Instance,
  others: readonly Instance[] = [],
  now = instance,
  logs: readonly (readonly string[])[] = [],
  readers: readonly LogReader[] = [],
  unread: readonly Instance[] = [],
) {
  const asked: string[] = [];
  const clock = new FakeClock(0);
  let looks = 0;
  const audits: string[] = [];
  const session = new Proxy(partial<OperatorSession>({ statements: [] }), {
    get: (target, name: keyof OperatorSession) => {
      if (name === 'statements') return target.statements;
      if (name === 'read') return async () => ({ ...now, semiSyncPriority: 0 }); // what only probes ask for is missing
      if (name === 'binaryLogNames') return async () => logs[Math.min(looks++, logs.length - 1)] ?? [];
      if (name === 'logReaders') return async () => readers;
      return async (...values: readonly unknown[]) => {
        asked.push(`${name} ${values.join(' ')}`.trim());
        return true;
      };
    },
  });
  const operate: Servers['operate'] = (_key, _limitMs, _signal, work) => work(session);
  const deps = partial<OperationsDeps>({
    servers: { probe: async () => instance, operate },
    locks: { begin: async () => undefined, end: async () => undefined },
    clock,
    log: silentLog,
    settings: {
      operationTimeoutMs: 1_000,
      stepTimeoutMs: 100,
      probeTimeoutMs: 100,
      startLimitMs: 0,
      useSuperReadOnly: true,
    },
    snapshots: () => [aSnapshot([instance, ...others], [])],
    refresh: async (key: InstanceKey) =>
      [...unread, instance, ...others].find((one) => sameKey(one.key, key)) ?? assert.fail(),
    audit: (type: string, _key: unknown, message: string) => void audits.push(`${type}: ${message}`),
    tookSource: async () => undefined,
  });
  const run = (operation: OperationRequest['operation'], more: Partial<OperationRequest> = {}) =>
    new Operations(deps).run({ operation, target: instance.key, ...more }, new AbortController().signal);
  return { run, asked, audits, clock };
}

describe('an operation on one server', () => {
  const semiSync = anInstance(1, { semiSyncPriority: 1 });
  const plain = anInstance(1);
  const CASES: readonly (readonly [string, Instance, OperationRequest['operation'], readonly string[]])[] = [
    [
      'lets no write wait once it is read-only',
      semiSync,
      'setReadOnly',
      ['setReadOnly true true', 'setSemiSyncSource false'],
    ],
    [
      'lets writes wait before the first one',
      semiSync,
      'setWritable',
      ['setSemiSyncSource true', 'setReadOnly false false'],
    ],
    ['leaves semi-sync alone without a priority', plain, 'setReadOnly', ['setReadOnly true true']],
    ['the same the other way', plain, 'setWritable', ['setReadOnly false false']],
    [
      'empties the relay log before it stops',
      aReplica(2, '', ''),
      'stopReplicationNicely',
      ['drain 1000', 'stopReplication'],
    ],
  ];
  for (const [title, instance, operation, expected] of CASES)
    it(`${operation}: ${title}`, async () => {
      const { run, asked, audits } = operationsOn(instance);
      await run(operation);
      assert.deepEqual(asked, expected);
      assert.equal(audits.length, 1);
    });

  const at = (file: number, position = 4) => ({ file: `binlog.00000${file}`, position });
  const source = () => anInstance(1, { key: PRIMARY_KEY, ownCoordinates: at(3, 900) });
  const replica = (n: number, executed = at(3), read = executed, receiver: ThreadState = 'running') =>
    aReplica(n, '', '', { replication: { executed, read, receiver } });
  const PURGES: readonly (readonly [string, Instance, readonly Instance[], Partial<OperationRequest>, RegExp?])[] = [
    ['whom nobody follows', source(), [], {}],
    ['whose replicas have all of it', source(), [replica(2), replica(3)], {}],
    ['up to a file whose replicas have it', source(), [replica(2, at(2))], { file: 'binlog.000002' }],
    [
      'one replica of which has not executed it',
      source(),
      [replica(2), replica(3, at(2), at(3))],
      {},
      /h3:3306 has not exec/,
    ],
    [
      'one replica of which stands at its very beginning',
      source(),
      [replica(2, at(3, 0))],
      {},
      /h2:3306 has not executed past/,
    ],
    [
      'one replica of which would have to receive it again',
      source(),
      [replica(2, at(3), at(2))],
      {},
      /h2:3306 has not received/,
    ],
    [
      'a stopped replica of which needs it',
      source(),
      [replica(2, at(2), at(2), 'stopped')],
      {},
      /h2:3306 has not executed/,
    ],
    [
      'of whose replica nobody knows where it stands',
      source(),
      [replica(2, { file: '', position: 0 })],
      {},
      /h2:3306 has not/,
    ],
    [
      'which is not the name of one of its files',
      source(),
      [replica(2)],
      { file: 'nonsense' },
      /up to nonsense: h2:3306 has/,
    ],
    ['by force', source(), [replica(2, at(1))], { force: true }],
  ];
  for (const [title, instance, replicas, request, why] of PURGES)
    it(`purgeBinaryLogs: ${why === undefined ? 'deletes' : 'keeps'} the logs of a server ${title}`, async () => {
      const { run, asked } = operationsOn(instance, replicas);
      const done = run('purgeBinaryLogs', request);
      if (why !== undefined) await assert.rejects(done, { code: 'CONFLICT', message: why });
      else await done;
      assert.deepEqual(asked, why === undefined ? [`purgeBinaryLogs ${request.file ?? 'binlog.000003'}`] : []);
    });

  const reader = (uuidOf: number, serverId: number, host = 'elsewhere') => ({
    ...{ uuid: uuidOf > 0 ? uuid(uuidOf) : '', serverId, host },
  });
  const elsewhere = { source: replica(3).key, sourceUuid: uuid(3), receiver: 'running' } as const;
  const moved = aReplica(4, '', '', { replication: elsewhere });
  const back = aReplica(5, '', '', { replication: elsewhere });
  const alias = aReplica(6, '', '', { replication: { ...elsewhere, sourceUuid: uuid(1) } });
  const silent = aReplica(7, '', '', { replication: elsewhere });
  const READERS: readonly (readonly [string, readonly ReturnType<typeof reader>[], RegExp?])[] = [
    ['whose reader is a replica under another name', [reader(2, 2)]],
    ['whose reader tells its id alone', [reader(0, 3)]],
    ['whose reader receives from another server by now', [reader(0, 4)]],
    ['whose reader has come back since it was read last', [reader(5, 5)], /server id 5, 0{8}-.*5$/],
    ['whose reader knows it under the name of another one', [reader(6, 6)], /server id 6, 0{8}-.*6$/],
    ['whose reader does not receive', [reader(7, 7)], /server id 7, 0{8}-.*7$/],
    ['one of whose readers is nobody that is known', [reader(2, 2), reader(9, 9)], /reader elsewhere, server id 9, /],
    ['whose reader has the id of a replica, and is another one', [reader(9, 2)], /server id 2, 0{8}-.*9$/],
    ['whose reader tells nothing of itself', [reader(0, 0, '')], /reader an unnamed host$/],
  ];
  for (const [title, readers, why] of READERS)
    it(`purgeBinaryLogs: ${why === undefined ? 'deletes' : 'keeps'} the logs of a server ${title}`, async () => {
      const unread = [
        replica(5),
        { ...silent, replication: { ...silent.replication, receiver: 'stopped' } } as Instance,
      ];
      const others = [replica(2), replica(3), moved, back, alias, silent];
      const { run, asked } = operationsOn(source(), others, undefined, [], readers, unread);
      const done = run('purgeBinaryLogs');
      if (why === undefined) await done;
      else await assert.rejects(done, { code: 'CONFLICT', message: why });
      assert.equal(asked.length, why === undefined ? 1 : 0);
      await run('purgeBinaryLogs', { force: true });
    });

  it('purgeBinaryLogs: keeps a log that the server has begun since its replicas were asked', async () => {
    const instance = source();
    const { run, asked } = operationsOn(instance, [replica(2)], { ...instance, ownCoordinates: at(4) });
    await run('purgeBinaryLogs');
    assert.deepEqual(asked, ['purgeBinaryLogs binlog.000003']);
  });

  it('purgeBinaryLogs: asks again while the server keeps a log for itself, and says so where it goes on', async () => {
    const [all, rest] = [['binlog.000002', 'binlog.000003'], ['binlog.000003']];
    const soon = operationsOn(source(), [], source(), [all, all, rest]);
    const never = operationsOn(source(), [], source(), [all]);
    for (const { run, clock, asked, audits, words, times } of [
      { ...soon, words: /up to binlog\.000003$/, times: 3 },
      { ...never, words: /, but the server still uses binlog\.000002 itself$/, times: 11 },
    ]) {
      const done = run('purgeBinaryLogs');
      await clock.advance(600);
      assert.match((await done).text, words);
      assert.match(audits[0] ?? '', words);
      assert.equal(asked.length, times);
    }
  });

  it('changes nothing on a server that is no replica', async () => {
    for (const operation of ['startReplication', 'stopReplication', 'forgetSource', 'skipQuery', 'setLogin'] as const) {
      const { run, asked } = operationsOn(plain);
      await assert.rejects(run(operation), { code: 'CONFLICT' });
      assert.deepEqual(asked, []);
    }
  });
});
