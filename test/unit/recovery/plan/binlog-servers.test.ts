import assert from 'node:assert/strict';
import { type FailoverRequest, planRecovery } from '../../../../internal/recovery/plan.ts';
import { stepText } from '../../../../internal/recovery/runner.ts';
import type { Instance, ReplicationStatus } from '../../../../internal/topology/instance.ts';
import { aSnapshot, PLAN_OPTIONS } from '../../../support/a-cluster.ts';
import { behind, deadPrimary, END, place, relay } from '../../../support/behind-binlog-servers.ts';
import { PRIMARY_KEY } from '../../topology/builders.ts';

const key = (n: number) => ({ hostname: `h${n}`, port: 3306 });

function short(
  members: readonly Instance[],
  gone: readonly number[] = [],
  more: Partial<FailoverRequest> = {},
): readonly string[] {
  const snapshot = aSnapshot(
    [deadPrimary, ...members],
    [PRIMARY_KEY, ...members.filter((one) => gone.some((n) => one.key.hostname === `h${n}`)).map((one) => one.key)],
  );
  const plan = planRecovery('primary', {
    snapshot,
    failed: PRIMARY_KEY,
    primaryAnswers: false,
    fence: true,
    options: PLAN_OPTIONS,
    ...more,
  });
  const lines =
    plan.kind === 'none'
      ? plan.reasons.map((reason) => `none: ${reason}`)
      : [...plan.steps.map(stepText), ...plan.lost.map((lost) => `lost ${lost.key.hostname}: ${lost.reason}`)];
  return lines.map((line) => line.replaceAll(':3306', ''));
}

const led = (n: number, file = END) => [
  'fence primary',
  `receive h${n} up to ${file.file}:${file.position}`,
  `drain h${n}`,
  `align h${n} with ${place(Number(/\d+$/.exec(file.file)?.[0]) + 1, 4).file}`,
  `promote h${n}`,
  `forget h${n}`,
];
const alone = (n: number) => [
  'fence primary',
  `receive h${n} up to bin.000007:900`,
  `drain h${n}`,
  `promote h${n}`,
  `forget h${n}`,
];
const replicating = (one: Instance, more: Partial<ReplicationStatus>): Instance => ({
  ...one,
  replication: one.replication && { ...one.replication, ...more },
});

describe('plan for a dead primary whose replicas are binlog servers', () => {
  for (const [title, found, expected] of [
    [
      'a server behind the only one leads, and the binlog server goes on with its first log',
      short([relay(2), behind(3, 2), behind(4, 2, place(7, 100), { promotionRule: 'prefer_not' })]),
      [...led(3), 'enter h2 into bin.000008 of h3'],
    ],
    [
      'the rule of the operator counts, not how much was received by now: it receives the rest',
      short([relay(2), behind(3, 2), behind(4, 2, place(7, 100), { promotionRule: 'prefer' })]),
      [...led(4), 'enter h2 into bin.000008 of h4'],
    ],
    [
      'one that has less takes it from the furthest, and comes below the new primary, as three do',
      short([
        relay(2, place(6, 100)),
        relay(3),
        relay(4, place(7, 1)),
        relay(5, place(7, 2)),
        relay(6, place(7, 3)),
        behind(7, 3),
      ]),
      [
        ...led(7),
        'enter h3 into bin.000008 of h7',
        ...[6, 5, 4, 2].map((n) => `gather h${n} below h3`),
        ...[6, 5, 4].map((n) => `enter h${n} into bin.000008 of h7`),
      ],
    ],
    [
      'whoever is behind one that has less gets it first',
      short([relay(2, place(7, 1)), relay(3), behind(4, 2, place(7, 1))]),
      [
        'fence primary',
        'gather h2 below h3',
        ...led(4).slice(1),
        'enter h3 into bin.000008 of h4',
        'enter h2 into bin.000008 of h4',
      ],
    ],
    [
      'one behind two of them leads',
      short([relay(2), relay(3, END, 2), behind(4, 3)]),
      [...led(4), 'enter h2 into bin.000008 of h4'],
    ],
    ['nobody is behind them', short([relay(2)]), ['none: no replica']],
    [
      'nobody who may lead is behind them',
      short([relay(2), behind(3, 2, END, { promotionRule: 'must_not' })]),
      ['none: no replica may lead', 'none: h3: promotion rule is must_not'],
    ],
    [
      'none has stored anything',
      short([relay(2, { file: '', position: 0 }), behind(3, 2)]),
      ['none: no binlog server that answers has stored anything'],
    ],
    [
      'the only one logs what it replicates: it leads, and they are lost',
      short([
        relay(2),
        behind(3, 2, END, { logReplicaUpdates: true }),
        behind(4, 2, END, { promotionRule: 'must_not' }),
      ]),
      [
        ...alone(3),
        'lost h2: h3 logs what it replicates, and whoever reads that log would lose it',
        'lost h4: is behind h2, which gets nothing more',
      ],
    ],
    [
      'its logs have a number too high, so that the next of theirs cannot be its first',
      short([relay(2), behind(3, 2, END, { ownCoordinates: place(9, 4) })]),
      [...alone(3), 'lost h2: h3 is at bin.000009, and bin.000008 would come next'],
    ],
    [
      'its logs are called otherwise',
      short([relay(2), behind(3, 2, END, { ownCoordinates: { file: 'mysql-bin.000001', position: 4 } })]),
      [...alone(3), 'lost h2: the logs of h3 are not called bin.000007 or alike'],
    ],
    [
      'its logs are too far behind',
      short([relay(2, place(90_000, 4)), behind(3, 2, place(90_000, 4))]),
      [
        ...['fence primary', 'receive h3 up to bin.090000:4', 'drain h3', 'promote h3', 'forget h3'],
        'lost h2: h3 is 89999 logs short of bin.090001',
      ],
    ],
    [
      'rather one that can be followed by them',
      short([relay(2), behind(3, 2, END, { logReplicaUpdates: true, promotionRule: 'prefer' }), behind(4, 2)]),
      [...led(4), 'enter h2 into bin.000008 of h4'],
    ],
    [
      'one that received more than any of them that answers leads before all: nothing received is lost',
      short([relay(2), relay(3, place(7, 950)), behind(4, 3, place(7, 950)), behind(5, 2)], [3]),
      [
        ...['fence primary', 'receive h4 up to bin.000007:950', 'drain h4', 'promote h4', 'forget h4'],
        ...['lost h3: unreachable', 'lost h2: has not stored all that h4 has received'],
        'lost h5: is behind h2, which gets nothing more',
      ],
    ],
    [
      'one that has lost its binlog server, and did not receive more, gets nothing more',
      short([relay(2), relay(3), behind(4, 3, place(7, 100)), behind(5, 2)], [3]),
      [
        ...led(5),
        'enter h2 into bin.000008 of h5',
        'lost h3: unreachable',
        'lost h4: is behind h3, which cannot be reached',
      ],
    ],
    [
      'the same below a binlog server that answers, and has been left behind by it',
      short([relay(2), behind(3, 2, place(7, 950)), behind(4, 2)]),
      [
        ...['fence primary', 'receive h3 up to bin.000007:950', 'drain h3', 'promote h3', 'forget h3'],
        'lost h2: has not stored all that h3 has received',
        'lost h4: is behind h2, which gets nothing more',
      ],
    ],
    [
      'one that stores another log is left alone',
      short([relay(2), relay(3, { file: 'other.000001', position: 4 }), behind(4, 2)]),
      [...led(4), 'enter h2 into bin.000008 of h4', 'lost h3: has stored another log: other.000001:4'],
    ],
    [
      'who stands still for want of the rest of it must not lead where that is asked for',
      short([relay(2), replicating(behind(3, 2), { executed: place(7, 100) })], [], {
        options: { ...PLAN_OPTIONS, failIfNotApplied: true },
      }),
      ['none: h3 received transactions that it has not applied'],
    ],
    [
      'the named one leads, or nobody does',
      short([relay(2), behind(3, 2), behind(4, 2, END, { promotionRule: 'must_not' })], [], { designated: key(4) }),
      [
        'none: designated server h4 cannot be promoted: promotion rule is must_not',
        'none: h4: promotion rule is must_not',
      ],
    ],
    [
      'nobody is promoted where scripts do that',
      short([relay(2), behind(3, 2)], [], { options: { ...PLAN_OPTIONS, applyPromotion: false } }),
      ['none: behind binlog servers nobody leads without ApplyMySQLPromotionAfterMasterFailover'],
    ],
    [
      'a primary that answers is not replaced in this way',
      short([relay(2), behind(3, 2)], [], { primaryAnswers: true }),
      ['none: no replica may lead', 'none: h2: is a binlog server'],
    ],
  ] as const)
    it(title, () => assert.deepEqual(found, expected));
});
