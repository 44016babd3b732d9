import assert from 'node:assert/strict';
import type { Instance } from '../../../internal/topology/instance.ts';
import { keyText } from '../../../internal/topology/instance-key.ts';
import { stepText } from '../../../internal/topology/move-steps.ts';
import { planRegroup, type RegroupRequest } from '../../../internal/topology/regroup-plan.ts';
import { aSnapshot, PLAN_OPTIONS } from '../../support/a-cluster.ts';
import { anInstance, aReplication, mysqlGtid, uuid } from './builders.ts';

const key = (n: number) => ({ hostname: `h${n}`, port: 3306 });
const at = (position: number) => ({ file: 'binlog.000001', position });

function byGtid(n: number, received: number, more: Partial<Instance> = {}): Instance {
  const executed = `${uuid(1)}:1-${received}`;
  const replication = aReplication({ source: key(1), receiver: 'running', received: executed });
  return anInstance(n, { gtid: mysqlGtid(executed), replication, ...more });
}

function byPosition(n: number, received: number, more: Partial<Instance> = {}): Instance {
  const gtid = mysqlGtid('', { mode: 'OFF' });
  const replication = aReplication({ source: key(1), receiver: 'other', gtid: 'none', read: at(received) });
  return anInstance(n, { gtid, replication: { ...replication, executed: at(received) }, ...more });
}

const relay = (n: number, executed: number): Instance => byPosition(n, executed, { versionComment: 'MaxScale' });

function planned(replicas: readonly Instance[], more: Partial<RegroupRequest> = {}): readonly string[] {
  const source = anInstance(1, { readOnly: false, gtid: mysqlGtid(`${uuid(1)}:1-9`) });
  const plan = planRegroup({
    snapshot: aSnapshot([source, ...replicas], [], 'h1:3306'),
    ...{ source, replicas, sourceAnswers: false, silent: [], way: 'any', matches: true, options: PLAN_OPTIONS },
    ...more,
  });
  const lines =
    plan.kind === 'refused'
      ? [`refused: ${plan.reason}`]
      : [
          `leads: ${keyText(plan.candidate)}`,
          ...(plan.prepare?.steps.map(stepText) ?? []),
          ...plan.moves.map((one) => `${one.equal ? 'equal' : 'behind'}: ${keyText(one.key)} by ${one.plan.method}`),
          ...plan.lost.map((one) => `lost: ${keyText(one.key)} ${one.reason}`),
        ];
  return lines.map((line) => line.replaceAll(':3306', ''));
}

const CASES: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['nobody is there', planned([]), ['refused: h1 has no replicas']],
  ['the only one leads nobody, and is not stopped', planned([byGtid(2, 5)]), ['leads: h2']],
  ['who cannot be read is named', planned([byGtid(2, 5)], { silent: [key(3)] }), ['leads: h2', 'lost: h3 unreachable']],
  [
    'who received more feeds the one that is wanted, below the dead source again afterwards',
    planned([byGtid(2, 7, { promotionRule: 'must_not' }), byGtid(3, 5)]),
    [
      'leads: h3',
      'let h3 apply what it has received',
      'let h2 apply what it has received',
      'point h3 to h2 by GTID',
      'start replication on h3',
      'wait until h3 has what h2 has',
      'let h3 apply what it has received',
      'point h3 to h1 by GTID',
      'start replication on h2',
      'start replication on h3',
      'behind: h2 by GTID',
    ],
  ],
  [
    'what only one of them received by position is never left behind: it leads itself',
    planned([byPosition(2, 700), byPosition(3, 500, { promotionRule: 'prefer' }), byPosition(4, 700)]),
    [
      'leads: h2',
      'equal: h4 by file and position',
      'lost: h3 has not received the same as h2, and goes by file and position: match it by Pseudo-GTID',
    ],
  ],
  [
    'who received the same as one that takes writes is not put behind what that one wrote itself',
    planned([byPosition(2, 700, { readOnly: false, promotionRule: 'prefer' }), byPosition(3, 700)]),
    [
      'leads: h2',
      'lost: h3 goes by file and position, and h2 was not read-only: what it wrote itself is not known: match it by Pseudo-GTID',
    ],
  ],
  [
    'who received less is found its place by comparing logs, where markers are written',
    planned([700, 500, 700].map((received, at) => byPosition(at + 2, received, { usesPseudoGtid: true }))),
    [
      'leads: h2',
      'let h2 apply what it has received',
      'start replication on h2',
      'behind: h3 by Pseudo-GTID',
      'equal: h4 by file and position',
    ],
  ],
  [
    'only by comparing logs where that is asked for, though nothing is said of markers, and by GTID who goes by it',
    planned([byPosition(2, 700), byPosition(3, 500)], { way: 'pseudo-gtid', sourceAnswers: true }),
    ['leads: h2', 'let h2 apply what it has received', 'start replication on h2', 'behind: h3 by Pseudo-GTID'],
  ],
  [
    'nobody by comparing logs where no marker is known',
    planned([byPosition(2, 700, { usesPseudoGtid: true }), byPosition(3, 500, { usesPseudoGtid: true })], {
      matches: false,
    }),
    ['leads: h2', 'lost: h3 has not received the same as h2, and goes by file and position: match it by Pseudo-GTID'],
  ],
  [
    'only those that go by GTID where only those are meant',
    planned([byGtid(2, 5), byGtid(3, 5), byPosition(4, 5)], { way: 'gtid', sourceAnswers: true }),
    [
      'leads: h2',
      'let h2 apply what it has received',
      'start replication on h2',
      'equal: h3 by GTID',
      'lost: h4 h4 does not replicate by GTID',
    ],
  ],
  [
    'of binlog servers the one that is furthest takes the others',
    planned([relay(2, 300), relay(3, 500), byGtid(4, 9)], { way: 'binlog servers' }),
    ['leads: h3', 'behind: h2 by binlog server'],
  ],
  [
    'a best one that cannot apply what it received stops everything',
    planned([
      byGtid(2, 5, { replication: aReplication({ source: key(1), applierErrno: 1062, applier: 'stopped' }) }),
      byGtid(3, 4, { replication: aReplication({ source: key(1), applierErrno: 1062, applier: 'stopped' }) }),
    ]),
    ['refused: h2, the best of them, cannot apply what it received'],
  ],
];

describe('a plan to regroup', () => {
  for (const [title, found, expected] of CASES) it(title, () => assert.deepEqual(found, expected));

  it('leaves a co-primary that still takes writes at the head', () => {
    const pair = anInstance(1, { replication: aReplication({ source: key(3) }) });
    const plan = planned([byGtid(2, 9, { promotionRule: 'prefer' }), byGtid(3, 5, { readOnly: false })], {
      source: pair,
    });
    assert.equal(plan[0], 'leads: h3');
  });
});
