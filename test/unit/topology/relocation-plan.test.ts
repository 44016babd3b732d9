import assert from 'node:assert/strict';
import type { Instance } from '../../../internal/topology/instance.ts';
import { type MovePlan, type NoMove, stepText } from '../../../internal/topology/move-steps.ts';
import {
  planMoveBelow,
  planMoveEquivalent,
  planMoveUp,
  planRelocation,
  planRepoint,
} from '../../../internal/topology/relocation-plan.ts';
import { restartStatements } from '../../../internal/topology/restart-statements.ts';
import {
  planCoPrimary,
  planDetach,
  planGtidSwitch,
  planReattach,
  planTakeSource,
} from '../../../internal/topology/role-plans.ts';
import { aSnapshot, PLAN_OPTIONS } from '../../support/a-cluster.ts';
import { anInstance, aReplication, mariadbGtid } from './builders.ts';

type Way = 'mysql' | 'mariadb' | 'none';

const key = (n: number) => ({ hostname: `h${n}`, port: 3306 });

function server(n: number, above: number | undefined, way: Way = 'none', more: Partial<Instance> = {}): Instance {
  return anInstance(n, {
    ...(way === 'mariadb' ? { family: 'mariadb', version: '10.11.6-MariaDB', gtid: mariadbGtid('0-1-5') } : {}),
    replication: above === undefined ? undefined : aReplication({ source: key(above), receiver: 'running', gtid: way }),
    ...more,
  });
}

/** 1 leads 2 and 3; 2 leads 4. */
const tree = (way: Way = 'none') => [
  server(1, undefined, way, { readOnly: false }),
  server(2, 1, way),
  server(3, 1, way),
  server(4, 2, way),
];

function request(members: readonly Instance[], replica: number, below: number) {
  const of = (n: number) => members.find(({ serverId }) => serverId === n) ?? assert.fail(`no server ${n}`);
  return { snapshot: aSnapshot(members, []), replica: of(replica), below: of(below), options: PLAN_OPTIONS };
}

function shown(plan: MovePlan | NoMove): readonly string[] {
  return plan.kind === 'refused'
    ? [`refused: ${plan.reason}`]
    : plan.steps.map(stepText).map((text) => text.replaceAll(':3306', ''));
}

describe('plans of moves', () => {
  const CASES: readonly (readonly [string, MovePlan | NoMove, readonly string[]])[] = [
    [
      'by GTID on MySQL only the receiver stops',
      planRelocation(request(tree('mysql'), 4, 3)),
      ['point h4 to h3 by GTID', 'start replication on h4'],
    ],
    [
      'by GTID on MariaDB everything received is applied first, and the new source has it',
      planRelocation(request(tree('mariadb'), 4, 3)),
      [
        'let h4 apply what it has received',
        'wait until h3 has what h4 has',
        'point h4 to h3 by GTID',
        'start replication on h4',
      ],
    ],
    [
      'to a position that is known to be the one where it stands, all received applied first',
      planMoveEquivalent({ ...request(tree(), 4, 1), equivalent: { file: 'binlog.000001', position: 4 } }),
      [
        'let h4 apply what it has received',
        'stop replication on h4',
        'point h4 to h1 at the equal position binlog.000001:4',
        'start replication on h4',
      ],
    ],
    [
      'to no such position where none is known',
      planMoveEquivalent(request(tree(), 4, 1)),
      ['refused: no position of h1:3306 is known to be the one of h4:3306'],
    ],
    [
      'to none that the other server has not written yet: its log is another one',
      planMoveEquivalent({ ...request(tree(), 4, 1), equivalent: { file: 'binlog.000001', position: 5 } }),
      ['refused: h1:3306 does not have the position binlog.000001:5: it has another log'],
    ],
    [
      'to such a position where positions alone do not lead there: a source on the way is gone',
      planRelocation({
        ...request(
          [
            ...tree().slice(0, 3),
            server(4, 2, 'none', { replication: aReplication({ source: key(2), gtid: 'none' }) }),
          ],
          4,
          3,
        ),
        equivalent: { file: 'binlog.000001', position: 4 },
      }),
      [
        'let h4 apply what it has received',
        'stop replication on h4',
        'point h4 to h3 at the equal position binlog.000001:4',
        'start replication on h4',
      ],
    ],
    [
      'by position one level up, from where both stand',
      planMoveUp(request(tree(), 4, 1)),
      [
        'stop replication on h2',
        'stop replication on h4',
        'let h4 apply up to the end of the binary log of h2',
        'point h4 to h1 at the position that h2 has applied',
        'start replication on h4',
        'start replication on h2',
      ],
    ],
    [
      'by position below a sibling, from where both stand',
      planMoveBelow(request(tree(), 2, 3)),
      [
        'stop replication on h2',
        'stop replication on h3',
        'bring h2 and h3 to the same position',
        'point h2 to h3 at the end of the binary log of h3',
        'start replication on h2',
        'start replication on h3',
      ],
    ],
    [
      'the same source again',
      planRepoint(request(tree(), 4, 2)),
      [
        'let h4 apply what it has received',
        'point h4 to h2 at the position that h4 has applied',
        'start replication on h4',
      ],
    ],
    ['not below its own replica', planRelocation(request(tree(), 2, 4)), ['refused: h4:3306 replicates from h2:3306']],
    [
      'not below no sibling',
      planMoveBelow(request(tree(), 4, 3)),
      ['refused: h4:3306 and h3:3306 do not replicate from the same source'],
    ],
    [
      'not above the top',
      planMoveUp(request(tree(), 2, 1)),
      ['refused: h1:3306 is no replica: h2:3306 is at the top already'],
    ],
    [
      'not by position while it lags',
      planRelocation(
        request(
          tree().map((one) => (one.serverId === 4 ? { ...one, measuredLagSeconds: 100 } : one)),
          4,
          3,
        ),
      ),
      ['refused: h4:3306 lags by 100 s, more than 20 s'],
    ],
    [
      'a delayed replica keeps its delay: it is stopped where it is',
      planRepoint(
        request(
          tree().map((one) =>
            one.serverId === 4 && one.replication
              ? { ...one, replication: { ...one.replication, delaySeconds: 60 } }
              : one,
          ),
          4,
          2,
        ),
      ),
      ['stop replication on h4', 'point h4 to h2 at the position that h4 has applied', 'start replication on h4'],
    ],
    [
      'places are swapped from one moment at which all stand still',
      planTakeSource(request(tree('mysql'), 4, 2)),
      [
        'stop replication on h2',
        'stop replication on h4',
        'let h4 apply up to the end of the binary log of h2',
        'point h4 to h1 by GTID',
        'point h2 to h4 by GTID',
        'start replication on h4',
        'start replication on h2',
      ],
    ],
    [
      'a writable source is not swapped with',
      planTakeSource(request(tree(), 2, 1)),
      ['refused: h1:3306 is no replica: use a graceful takeover'],
    ],
    ['a pair', planCoPrimary(request(tree('mysql'), 2, 1)), ['point h1 to h2 by GTID', 'start replication on h1']],
    [
      'a pair by position in place of another one: the source stands still before it is given a position',
      planCoPrimary(request([server(1, 3, 'none', { readOnly: false }), server(2, 1), server(3, 1)], 2, 1)),
      [
        'let h1 apply what it has received',
        'stop replication on h1',
        'point h1 to h2 at the end of the binary log of h2',
        'start replication on h1',
      ],
    ],
    [
      'no pair with a writable one',
      planCoPrimary(
        request(
          tree().map((one) => ({ ...one, readOnly: false })),
          2,
          1,
        ),
      ),
      ['refused: h2:3306 is not read-only: only a read-only server becomes a co-primary'],
    ],
    [
      'by GTID from now on',
      planGtidSwitch(server(4, 2), true),
      ['let h4 apply what it has received', 'point h4 to h2 by GTID', 'start replication on h4'],
    ],
    [
      'no longer by GTID',
      planGtidSwitch(server(4, 2, 'mysql'), false),
      [
        'let h4 apply what it has received',
        'point h4 to h2 at the position that h4 has applied',
        'start replication on h4',
      ],
    ],
    ['already by GTID', planGtidSwitch(server(4, 2, 'mysql'), true), ['refused: h4:3306 uses GTID already']],
    [
      'detached',
      planDetach(server(4, 2, 'mysql')),
      ['let h4 apply what it has received', 'point h4 to //h2 by GTID', 'start replication on h4'],
    ],
    ['attached when it is not detached', planReattach(server(4, 2)), ['refused: instance is not detached: h4:3306']],
    [
      'attached again',
      planReattach(server(4, 2, 'mysql', { replication: aReplication({ source: { hostname: '//h2', port: 3306 } }) })),
      ['point h4 to h2 by GTID', 'start replication on h4'],
    ],
  ];
  for (const [title, plan, expected] of CASES) it(title, () => assert.deepEqual(shown(plan), expected));

  it('lock every server that they change', () => {
    const plan = planRelocation(request(tree(), 4, 3));
    assert.ok(plan.kind === 'move');
    const locked = new Set(plan.locks.map(({ hostname }) => hostname));
    for (const { target } of plan.steps) assert.ok(locked.has(target.hostname), target.hostname);
  });
});

describe('statements around a restart of replication', () => {
  it('stop and start what runs, in the words of the server', () => {
    assert.deepEqual(restartStatements(server(4, 2), 'select 1;'), [
      'stop replica io_thread;',
      'stop replica sql_thread;',
      'select 1;',
      'start replica sql_thread;',
      'start replica io_thread;',
    ]);
    const { replication, ...rest } = server(4, 2, 'mariadb');
    assert.ok(replication);
    const half: Instance = { ...rest, replication: { ...replication, receiver: 'stopped' } };
    assert.deepEqual(restartStatements(half, 'select 1'), [
      'stop slave sql_thread;',
      'select 1;',
      'start slave sql_thread;',
    ]);
    assert.deepEqual(restartStatements(server(1, undefined), 'select 1'), ['select 1;']);
  });
});
