import assert from 'node:assert/strict';
import { drawStatus, drawTabulated, drawTopology } from '../../../internal/http/ascii-topology.ts';
import type { ClusterSnapshot } from '../../../internal/topology/cluster.ts';
import type { Instance, ReplicationStatus, WatchedInstance } from '../../../internal/topology/instance.ts';
import { anInstance, aReplica, mysqlGtid } from '../topology/builders.ts';

const NOW_MS = 1_000_000;
const OPTIONS = { nowMs: NOW_MS, pollSeconds: 5, maintenanceLagSeconds: 20 };

const at = (port: number) => ({ hostname: 'testhost', port });

function watched(instance: Instance, more: Partial<WatchedInstance> = {}): WatchedInstance {
  return {
    instance,
    lastCheckedMs: NOW_MS,
    lastAttemptedMs: NOW_MS,
    lastSeenMs: NOW_MS,
    valid: true,
    partialSuccess: true,
    lastError: '',
    errantGtid: '',
    ...more,
  };
}

const primary = (port: number, more: Partial<Instance> = {}, state: Partial<WatchedInstance> = {}) =>
  watched(anInstance(port, { key: at(port), version: '8.0.36', readOnly: false, ...more }), state);

function replica(
  port: number,
  source: number,
  replication: Partial<ReplicationStatus> = {},
  state: Partial<WatchedInstance> = {},
  more: Pick<Partial<Instance>, 'instanceAlias' | 'readOnly' | 'usesPseudoGtid' | 'semiSync' | 'binlogEnabled'> = {},
): WatchedInstance {
  const instance = aReplica(port, '', '', {
    key: at(port),
    version: '8.0.36',
    gtid: mysqlGtid(''),
    ...more,
    replication: { source: at(source), receiver: 'running', ...replication },
  });
  return watched(instance, state);
}

function cluster(...members: readonly WatchedInstance[]): ClusterSnapshot {
  return {
    name: '',
    alias: '',
    domain: '',
    takenAtMs: NOW_MS,
    members,
    downtimes: new Map([['testhost:9', { owner: '', reason: '', beginMs: NOW_MS, endMs: NOW_MS + 1 }]]),
    maintenance: new Set(),
  };
}

const stopped = { receiver: 'stopped', applier: 'stopped', lagSeconds: undefined } as const;

describe('drawings of a topology', () => {
  const chain = cluster(replica(22295, 22294, stopped, { errantGtid: 'a:1' }), primary(22293), replica(22294, 22293));

  it('show the tree, the brackets in one column', () => {
    assert.deepEqual(drawTopology(chain, OPTIONS).split('\n'), [
      'testhost:22293     [0s,ok,8.0.36,rw,ROW,>>,GTID]',
      '+ testhost:22294   [0s,ok,8.0.36,ro,ROW,>>,GTID]',
      '  - testhost:22295 [null,nonreplicating,8.0.36,ro,ROW,>>,GTID:errant]',
    ]);
  });

  it('show the same in columns', () => {
    assert.deepEqual(drawTabulated(chain, OPTIONS).split('\n'), [
      'testhost:22293    |  0s|ok            |8.0.36|rw|ROW|>>,GTID       ',
      '+ testhost:22294  |  0s|ok            |8.0.36|ro|ROW|>>,GTID       ',
      '  - testhost:22295|null|nonreplicating|8.0.36|ro|ROW|>>,GTID:errant',
    ]);
  });

  for (const [title, member, line] of [
    ['a primary that does not answer', primary(1, {}, { valid: false }), '[unknown,invalid,8.0.36,rw,ROW,>>,GTID]'],
    ['one not read for long', primary(1, {}, { lastCheckedMs: 1 }), '[unknown,unchecked,8.0.36,rw,ROW,>>,GTID]'],
    ['a replica without known lag', replica(1, 2, { lagSeconds: undefined }), '[null,ok,8.0.36,ro,ROW,>>,GTID]'],
    ['a lagging one', replica(1, 2, { lagSeconds: 21 }), '[21s,lag,8.0.36,ro,ROW,>>,GTID]'],
    ['a delayed one', replica(1, 2, { lagSeconds: 3600, delaySeconds: 3590 }), '[3600s,ok,8.0.36,ro,ROW,>>,GTID]'],
    [
      'a detached one',
      replica(1, 2, { ...stopped, source: { hostname: '//testhost', port: 2 } }),
      '[detached,nonreplicating,8.0.36,ro,ROW,>>,GTID]',
    ],
    ['one without a binary log', replica(1, 2, {}, {}, { binlogEnabled: false }), '[0s,ok,8.0.36,ro,nobinlog,GTID]'],
    [
      'one of a cluster with Pseudo-GTID markers',
      replica(1, 2, {}, {}, { usesPseudoGtid: true }),
      '[0s,ok,8.0.36,ro,ROW,>>,GTID,P-GTID]',
    ],
    ['one in downtime', replica(9, 2), '[0s,ok,8.0.36,ro,ROW,>>,GTID,downtimed]'],
  ] as const) {
    it(`describe ${title}`, () => assert.equal(drawStatus(cluster(member), member, OPTIONS), line));
  }

  /** What stands before the brackets. */
  const heads = (snapshot: ClusterSnapshot) =>
    drawTopology(snapshot, OPTIONS)
      .split('\n')
      .map((line) => line.replace(/ +\[.*/, ''));

  it('name the alias, and order siblings by host and port', () => {
    const named = replica(100, 3, {}, {}, { instanceAlias: 'spare' });
    assert.deepEqual(heads(cluster(named, replica(20, 3), primary(3))), [
      'testhost:3',
      '+ testhost:20',
      '+ testhost:100 (spare)',
    ]);
  });

  it('show the last of several trees only', () => {
    assert.deepEqual(heads(cluster(primary(1), replica(2, 1), primary(3), replica(4, 3))), [
      'testhost:3',
      '+ testhost:4',
    ]);
  });

  it('show co-primaries side by side, each with its own replicas, whatever the order of names', () => {
    const ring = cluster(replica(1, 3), replica(2, 3), replica(3, 2), replica(4, 2), replica(5, 1));
    assert.deepEqual(heads(ring), [
      '+ testhost:2',
      '  + testhost:4',
      '+ testhost:3',
      '  + testhost:1',
      '    + testhost:5',
    ]);
  });

  it('show a ring of three likewise', () => {
    assert.deepEqual(heads(cluster(replica(1, 3), replica(2, 1), replica(3, 2), replica(4, 2))), [
      '+ testhost:1',
      '+ testhost:2',
      '  + testhost:4',
      '+ testhost:3',
    ]);
  });

  it('have a sign of its own for who follows the primary of a replication group, whatever its state; columns are counted in bytes', () => {
    const member = (port: number, role: string, state: string, more: Partial<Instance> = {}) => {
      const group = { name: 'g', state, role, members: [], primary: at(1) };
      return primary(port, { group, readOnly: role === 'SECONDARY', ...more });
    };
    const group = cluster(
      member(1, 'PRIMARY', 'ONLINE'),
      member(2, 'SECONDARY', 'ONLINE'),
      member(3, 'SECONDARY', 'RECOVERING'),
      replica(4, 1),
    );
    assert.deepEqual(drawTopology(group, OPTIONS).split('\n'), [
      'testhost:1     [0s,ok,8.0.36,rw,ROW,>>,GTID]',
      '‡ testhost:2 [0s,ok,8.0.36,ro,ROW,>>,GTID]',
      '‡ testhost:3 [0s,ok,8.0.36,ro,ROW,>>,GTID]',
      '+ testhost:4   [0s,ok,8.0.36,ro,ROW,>>,GTID]',
    ]);
  });
});
