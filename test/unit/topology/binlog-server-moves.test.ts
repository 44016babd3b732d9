import assert from 'node:assert/strict';
import type { Instance } from '../../../internal/topology/instance.ts';
import { type MovePlan, type NoMove, stepText } from '../../../internal/topology/move-steps.ts';
import { planRegroup } from '../../../internal/topology/regroup-plan.ts';
import { planMoveBelow, planMoveUp, planRelocation, planRepoint } from '../../../internal/topology/relocation-plan.ts';
import { whyCannotReplicateFrom } from '../../../internal/topology/replication-rules.ts';
import { planCoPrimary, planTakeSource } from '../../../internal/topology/role-plans.ts';
import { writerOf } from '../../../internal/topology/same-log.ts';
import { aSnapshot, PLAN_OPTIONS } from '../../support/a-cluster.ts';
import { anInstance, aReplication, mariadbGtid } from './builders.ts';

const key = (n: number) => ({ hostname: `h${n}`, port: 3306 });
const at = (file: number, position: number) => ({ file: `bin.${String(file).padStart(6, '0')}`, position });

function server(n: number, above: number | undefined, more: Partial<Instance> = {}): Instance {
  const replication = aReplication({
    source: key(above ?? 0),
    receiver: 'running',
    gtid: 'none',
    executed: at(1, 500),
  });
  return anInstance(n, { replication: above === undefined ? undefined : replication, ...more });
}

const RELAY: Partial<Instance> = { version: '23.8.1-maxscale', binlogFormat: 'INHERIT', serverId: 0, serverUuid: '' };
const relay = (n: number, above: number | undefined, more: Partial<Instance> = {}) =>
  server(n, above, { ...RELAY, ...more });

/** 1 leads the binlog servers 2 and 3, and 4; 2 leads the binlog server 5 and the replica 6; 3 leads 7; 4 leads 8. */
const TREE = [
  server(1, undefined, { readOnly: false }),
  relay(2, 1),
  relay(3, 1),
  server(4, 1),
  relay(5, 2),
  server(6, 2),
  server(7, 3),
  server(8, 4),
];

const of = (members: readonly Instance[], n: number) =>
  members.find((one) => one.key.hostname === `h${n}`) ?? assert.fail(`no server ${n}`);

function request(replica: number, below: number, members = TREE) {
  return {
    ...{ snapshot: aSnapshot(members, []), options: PLAN_OPTIONS },
    ...{ replica: of(members, replica), below: of(members, below) },
  };
}

const with_ = (n: number, more: (one: Instance) => Partial<Instance>) =>
  TREE.map((one) => (one.key.hostname === `h${n}` ? { ...one, ...more(one) } : one));

function shown(plan: MovePlan | NoMove): readonly string[] {
  const lines =
    plan.kind === 'refused' ? [`refused: ${plan.reason}`] : [`by ${plan.method}`, ...plan.steps.map(stepText)];
  return lines.map((text) => text.replaceAll(':3306', ''));
}

const samePlace = (replica: number, below: number, waits: boolean) => [
  `let h${replica} apply what it has received`,
  ...(waits ? [`wait until h${below} has what h${replica} has`] : []),
  `point h${replica} to h${below} at the position that h${replica} has applied`,
  `start replication on h${replica}`,
];
const holdsNoData = (n: number) =>
  `refused: h${n} is a binlog server: it goes below servers only that hand on the log that it stores`;

describe('plans of moves around binlog servers', () => {
  const CASES: readonly (readonly [string, MovePlan | NoMove, readonly string[]])[] = [
    [
      'below a sibling, once that has stored as much',
      planRelocation(request(4, 2)),
      ['by binlog server', ...samePlace(4, 2, true)],
    ],
    [
      'the same when it is asked for by name',
      planMoveBelow(request(4, 2)),
      ['by binlog server', ...samePlace(4, 2, true)],
    ],
    [
      'below a binlog server of that sibling, which hands on the same log',
      planRelocation(request(4, 5)),
      ['by binlog server', ...samePlace(4, 5, true)],
    ],
    ['up to where the log is written', planRelocation(request(6, 1)), ['by binlog server', ...samePlace(6, 1, false)]],
    ['up when it is asked for by name', planMoveUp(request(6, 1)), ['by binlog server', ...samePlace(6, 1, false)]],
    [
      'from one to another of the same log',
      planRelocation(request(6, 3)),
      ['by binlog server', ...samePlace(6, 3, true)],
    ],
    [
      'a binlog server below another one: it is stopped, and keeps what it stored',
      planRelocation(request(3, 2)),
      [
        'by binlog server',
        'stop replication on h3',
        'wait until h2 has what h3 has',
        'point h3 to h2 at the position that h3 has applied',
        'start replication on h3',
      ],
    ],
    [
      'a binlog server up from below another one',
      planRelocation(request(5, 1)),
      [
        'by binlog server',
        'stop replication on h5',
        'point h5 to h1 at the position that h5 has applied',
        'start replication on h5',
      ],
    ],
    [
      'a binlog server to its source again',
      planRepoint(request(2, 1)),
      [
        'by repoint',
        'stop replication on h2',
        'point h2 to h1 at the position that h2 has applied',
        'start replication on h2',
      ],
    ],
    ['no binlog server below a server with data of its own', planRelocation(request(2, 4)), [holdsNoData(2)]],
    ['nor by name', planMoveBelow(request(2, 4)), [holdsNoData(2)]],
    [
      'nor where replicas of another log go',
      planMoveUp(
        request(
          5,
          2,
          with_(2, () => ({ version: '8.4.3', serverId: 2 })),
        ),
      ),
      [holdsNoData(5)],
    ],
    [
      'from another log, first below who writes that of the binlog server',
      planRelocation(request(8, 2)),
      [
        'by file and position',
        'stop replication on h4',
        'stop replication on h8',
        'let h8 apply up to the end of the binary log of h4',
        'point h8 to h1 at the position that h4 has applied',
        'start replication on h8',
        'start replication on h4',
        ...samePlace(8, 2, true),
      ],
    ],
    [
      'not in one go by GTID, after which nobody tells the place in that log',
      planRelocation(
        request(
          8,
          2,
          with_(8, ({ replication }) => ({ replication: replication && { ...replication, gtid: 'mysql' } })).map(
            (one) =>
              one.key.hostname === 'h1' ? { ...one, gtid: { ...one.gtid, mode: 'ON' } as Instance['gtid'] } : one,
          ),
        ),
      ),
      ['refused: move h8 below h1 first'],
    ],
    [
      'out of a binlog server and further: no binlog server is stopped for it',
      planRelocation(request(6, 4)),
      [
        'by file and position',
        ...samePlace(6, 1, false),
        'stop replication on h6',
        'stop replication on h4',
        'bring h6 and h4 to the same position',
        'point h6 to h4 at the end of the binary log of h4',
        'start replication on h6',
        'start replication on h4',
      ],
    ],
    [
      'who goes by GTID does so above as well',
      planRelocation(
        request(
          6,
          1,
          with_(6, ({ replication }) => ({ replication: replication && { ...replication, gtid: 'mysql' } })),
        ),
      ),
      ['by GTID', 'point h6 to h1 by GTID', 'start replication on h6'],
    ],
    [
      'a delayed replica is stopped where it is',
      planRelocation(
        request(
          6,
          3,
          with_(6, ({ replication }) => ({ replication: replication && { ...replication, delaySeconds: 60 } })),
        ),
      ),
      [
        'by binlog server',
        'stop replication on h6',
        'wait until h3 has what h6 has',
        'point h6 to h3 at the position that h6 has applied',
        'start replication on h6',
      ],
    ],
    [
      'not below one of whose log nothing is known',
      planRelocation(
        request(
          8,
          2,
          with_(2, () => ({ replication: undefined })),
        ),
      ),
      ['refused: whose log h2 hands on is not known'],
    ],
    [
      'no places are swapped with one',
      planTakeSource(request(6, 2)),
      ['refused: h2 is a binlog server: it holds no data'],
    ],
    ['no pair is made with one', planCoPrimary(request(2, 1)), ['refused: h2 is a binlog server: it holds no data']],
  ];
  for (const [title, plan, expected] of CASES) it(title, () => assert.deepEqual(shown(plan), expected));

  it('find whose log is handed on, and end in a ring', () => {
    const snapshot = aSnapshot(TREE, []);
    assert.deepEqual(
      [1, 2, 5, 4].map((n) => writerOf(snapshot, of(TREE, n))?.hostname),
      ['h1', 'h1', 'h1', 'h4'],
    );
    const ring = [relay(2, 3), relay(3, 2)];
    assert.equal(writerOf(aSnapshot(ring, []), of(ring, 2)), undefined);
    const strange = [relay(2, 9)];
    assert.equal(writerOf(aSnapshot(strange, []), of(strange, 2))?.hostname, 'h9');
  });
});

describe('a binlog server as a source and as a replica', () => {
  const mariadb = (n: number, above?: number) =>
    server(n, above, {
      family: 'mariadb',
      version: '10.11.6-MariaDB',
      gtid: mariadbGtid('0-1-5'),
      binlogFormat: 'MIXED',
    });
  for (const [title, replica, source] of [
    ['takes replicas of the other family, of any version and format', mariadb(4, 1), relay(2, 1)],
    ['follows a source of the other family', relay(2, 1), mariadb(1)],
    ['takes a replica of a version lower than its own', server(4, 1, { version: '8.0.36' }), relay(2, 1)],
  ] as const)
    it(title, () => assert.equal(whyCannotReplicateFrom(replica, source, PLAN_OPTIONS), undefined));
});

describe('a plan to regroup binlog servers', () => {
  const stored = (n: number, file: number, position: number) =>
    relay(n, 1, { replication: aReplication({ source: key(1), gtid: 'none', executed: at(file, position) }) });

  function planned(replicas: readonly Instance[]): readonly string[] {
    const source = server(1, undefined, { readOnly: false });
    const plan = planRegroup({
      snapshot: aSnapshot([source, ...replicas], [key(1)], 'h1:3306'),
      ...{ source, replicas, sourceAnswers: false, silent: [], way: 'any', matches: false, options: PLAN_OPTIONS },
    });
    if (plan.kind === 'refused') return [`refused: ${plan.reason}`.replaceAll(':3306', '')];
    const moves = plan.moves.map((one) => `${one.key.hostname} by ${one.plan.method}`);
    const lost = plan.lost.map((one) => `lost: ${one.key.hostname} ${one.reason}`.replaceAll(':3306', ''));
    return [`leads: ${plan.candidate.hostname}`, ...moves, ...lost];
  }

  for (const [title, found, expected] of [
    [
      'who stored the most leads, by the number of its file',
      planned([stored(2, 999_999, 900), stored(3, 1_000_000, 4)]),
      ['leads: h3', 'h2 by binlog server'],
    ],
    ['of equals the first', planned([stored(3, 1, 9), stored(2, 1, 9)]), ['leads: h2', 'h3 by binlog server']],
    [
      'one that has no source is lost',
      planned([stored(2, 1, 9), relay(3, 1, { replication: undefined })]),
      ['leads: h2', 'lost: h3 h3 is not a replica'],
    ],
  ] as const)
    it(title, () => assert.deepEqual(found, expected));
});
