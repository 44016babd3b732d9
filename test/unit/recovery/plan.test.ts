import assert from 'node:assert/strict';
import { type FailoverRequest, planRecovery } from '../../../internal/recovery/plan.ts';
import { stepText } from '../../../internal/recovery/runner.ts';
import type { ClusterSnapshot } from '../../../internal/topology/cluster.ts';
import type { Instance, MysqlGtidState, ReplicationStatus } from '../../../internal/topology/instance.ts';
import type { InstanceKey } from '../../../internal/topology/instance-key.ts';
import { PLAN_OPTIONS } from '../../support/a-cluster.ts';
import { anInstance, aReplica, aReplication, mariadbGtid, mysqlGtid, PRIMARY_KEY, uuid } from '../topology/builders.ts';

const U1 = uuid(1);
const key = (hostname: string): InstanceKey => ({ hostname, port: 3306 });
const dead = anInstance(1, { key: PRIMARY_KEY, readOnly: false, gtid: mysqlGtid(`${U1}:1-9`) });

function request(
  members: readonly Instance[],
  more: Partial<FailoverRequest> & { readonly gone?: readonly string[] } = {},
): FailoverRequest {
  const { gone = ['primary'], ...rest } = more;
  const snapshot: ClusterSnapshot = {
    name: 'primary:3306',
    alias: '',
    domain: '',
    takenAtMs: 0,
    members: members.map((instance) => ({
      instance,
      lastCheckedMs: 0,
      lastAttemptedMs: 0,
      lastSeenMs: 0,
      valid: !gone.includes(instance.key.hostname),
      partialSuccess: true,
      lastError: '',
      errantGtid: '',
    })),
    downtimes: new Map(),
    maintenance: new Set(),
  };
  return { snapshot, failed: PRIMARY_KEY, primaryAnswers: false, fence: true, options: PLAN_OPTIONS, ...rest };
}

/** The plan in short words: its steps, then what is lost and why, or the reasons for none. */
function short(kind: 'primary' | 'coPrimary' | 'intermediatePrimary', asked: FailoverRequest): readonly string[] {
  const plan = planRecovery(kind, asked);
  if (plan.kind === 'none') return plan.reasons.map((reason) => `none: ${reason}`);
  return [
    ...plan.steps.map((step) => stepText(step).replaceAll(':3306', '')),
    ...plan.lost.map((lost) => `lost ${lost.key.hostname}: ${lost.reason}`),
    ...(plan.atRisk === '' ? [] : [`at risk ${plan.atRisk}`]),
  ];
}

const full = aReplica(2, `${U1}:1-9`);
const behind = aReplica(3, `${U1}:1-7`);

/** By file and position: it has read its source so far. */
const byPosition = (n: number, read: number, more: Partial<Instance> = {}, source = PRIMARY_KEY): Instance => {
  const at = { file: 'binlog.000001', position: read };
  const replication = aReplication({ source, gtid: 'none', read: at, executed: at, sourceUuid: '' });
  return anInstance(n, { gtid: mysqlGtid('', { mode: 'OFF' }), replication, ...more });
};
/** As servers tell that know whose log they read. */
const told = (instance: Instance, more: Partial<ReplicationStatus>): Instance => ({
  ...instance,
  replication: instance.replication && { ...instance.replication, sourceUuid: uuid(1), ...more },
});
const withoutGtids = { ...dead, gtid: mysqlGtid('', { mode: 'OFF' }) };
const withGtids = (instance: Instance, more: Partial<MysqlGtidState> = {}): Instance => ({
  ...instance,
  gtid: mysqlGtid(`${U1}:1-9`, more),
});
const MATCHES = { ...PLAN_OPTIONS, matches: true };
const notTheSame = (source: string) => `has not received the same as ${source}:3306, and goes by file and position`;
const noPlace = (n: number, source: string) =>
  `h${n}:3306 goes by file and position, and its place in the log of ${source}:3306 is not known`;

describe('plan for a dead primary', () => {
  const onlyHere = aReplica(2, `${U1}:1-5:7`, '', { serverUuid: uuid(2) });
  const onlyThere = aReplica(3, `${U1}:1-6`);
  for (const [title, asked, expected] of [
    [
      'one replica holds more',
      request([dead, full, behind]),
      ['fence primary', 'drain h2', 'promote h2', 'forget h2', 'attach h3 to h2'],
    ],
    [
      'the one that holds more must not lead',
      request([dead, aReplica(2, `${U1}:1-9`, '', { promotionRule: 'must_not' }), behind]),
      ['fence primary', 'drain h2', 'feed h3 from h2', 'drain h3', 'promote h3', 'forget h3', 'attach h2 to h3'],
    ],
    [
      'by file and position, who received the same goes on where the log of the new primary stood, and who did not is set aside',
      request([dead, byPosition(2, 900), byPosition(3, 900), byPosition(4, 700)]),
      [
        'fence primary',
        'drain h2',
        'locate h2',
        'promote h2',
        'forget h2',
        'attach h3 to h2 by position',
        'detach h4',
        `lost h4: ${notTheSame('h2')}; PseudoGTIDPattern is not set`,
      ],
    ],
    [
      'who did not is matched, last of all, where markers are written',
      request([dead, byPosition(2, 900), byPosition(3, 700), byPosition(4, 900)], { options: MATCHES }),
      [
        'fence primary',
        'drain h2',
        'locate h2',
        'promote h2',
        'forget h2',
        'attach h4 to h2 by position or Pseudo-GTID',
        'attach h3 to h2 by Pseudo-GTID',
      ],
    ],
    [
      'nobody goes on at the place of one that was not read-only: what it wrote itself would be missing',
      request([dead, byPosition(2, 900, { readOnly: false, promotionRule: 'prefer' }), byPosition(3, 900)]),
      [
        'fence primary',
        'drain h2',
        'promote h2',
        'forget h2',
        'detach h3',
        'lost h3: goes by file and position, and h2:3306 was not read-only: what it wrote itself is not known; PseudoGTIDPattern is not set',
      ],
    ],
    [
      'nor one that read another log under the same address, cannot apply, or is delayed',
      request([
        dead,
        told(byPosition(2, 900, { promotionRule: 'prefer' }), {}),
        told(byPosition(3, 900), { sourceUuid: uuid(8) }),
        told(byPosition(4, 900), { applierErrno: 1062 }),
        told(byPosition(5, 900), { delaySeconds: 60, executed: { file: 'binlog.000001', position: 4 } }),
        told(byPosition(6, 900), { delaySeconds: 60 }),
      ]),
      [
        'fence primary',
        'drain h2',
        'locate h2',
        'promote h2',
        'forget h2',
        'attach h6 to h2 by position',
        ...['detach h3', 'detach h4', 'detach h5'],
        'lost h3: has not read the same log as h2:3306, and goes by file and position; PseudoGTIDPattern is not set',
        'lost h4: cannot apply what it has received; PseudoGTIDPattern is not set',
        'lost h5: is delayed on purpose and has not applied what it received; PseudoGTIDPattern is not set',
      ],
    ],
    [
      'who has GTIDs and did not go by them does so now, where the new primary has them, too',
      request([dead, ...[900, 700, 900].map((read, index) => withGtids(byPosition(index + 2, read)))]),
      [
        'fence primary',
        'drain h2',
        'locate h2',
        'promote h2',
        'forget h2',
        'attach h3 to h2 by GTID',
        'attach h4 to h2 by position or GTID',
      ],
    ],
    [
      'unless what it lacks is purged there',
      request([
        dead,
        withGtids(byPosition(2, 900), { purged: `${U1}:1-9` }),
        { ...byPosition(3, 700), gtid: mysqlGtid(`${U1}:1-8`) },
      ]),
      [
        ...['fence primary', 'drain h2', 'promote h2', 'forget h2', 'detach h3'],
        `lost h3: ${notTheSame('h2')}; PseudoGTIDPattern is not set`,
      ],
    ],
    [
      'and what is received is not there for one that is delayed: it would be thrown away',
      request([
        dead,
        withGtids(byPosition(2, 900), { purged: `${U1}:1-8` }),
        ...[60, 0].map((delaySeconds, index) =>
          told(
            { ...byPosition(3 + index, 700), gtid: mysqlGtid(`${U1}:1-5`) },
            { delaySeconds, received: `${U1}:1-8` },
          ),
        ),
      ]),
      [
        ...['fence primary', 'drain h2', 'promote h2', 'forget h2', 'attach h4 to h2 by GTID', 'detach h3'],
        `lost h3: ${notTheSame('h2')}; PseudoGTIDPattern is not set`,
      ],
    ],
    [
      'a new primary with filters is no pattern for others',
      request([dead, told(byPosition(2, 900), { hasFilters: true }), byPosition(3, 700)], { options: MATCHES }),
      [
        'fence primary',
        'drain h2',
        'promote h2',
        'forget h2',
        'detach h3',
        `lost h3: ${notTheSame('h2')}; h2:3306 has replication filters: its log lacks what they leave out`,
      ],
    ],
    [
      'a planned change: the old primary follows from there, too',
      request([withoutGtids, byPosition(2, 900), byPosition(3, 900)], { gone: [], demote: { start: true } }),
      [
        'fence primary',
        'drain h2',
        'locate h2',
        'promote h2',
        'demote primary below h2',
        'forget h2',
        'attach h3 to h2 by position',
      ],
    ],
    [
      'the one that holds more leads itself where it cannot feed another one',
      request([dead, byPosition(2, 900, { promotionRule: 'prefer_not' }), byPosition(3, 700)]),
      [
        'fence primary',
        'drain h2',
        'promote h2',
        'forget h2',
        'detach h3',
        `lost h3: ${notTheSame('h2')}; PseudoGTIDPattern is not set`,
      ],
    ],
    [
      'nobody where the one that was named cannot be fed',
      request([dead, byPosition(2, 900), byPosition(3, 700)], { designated: key('h3') }),
      [`none: ${noPlace(3, 'h2')}`],
    ],
    [
      'two that each hold what the other lacks',
      request([dead, onlyHere, onlyThere]),
      [
        'fence primary',
        'drain h2',
        'promote h2',
        'forget h2',
        'detach h3',
        `lost h3: holds transactions that h2:3306 does not: ${U1}:6`,
        `at risk h3:3306: ${U1}:6`,
      ],
    ],
    [
      'a replica with writes of its own goes on as a replica',
      request([dead, full, aReplica(3, `${U1}:1-9,${uuid(3)}:1`)]),
      ['fence primary', 'drain h2', 'promote h2', 'forget h2', 'attach h3 to h2'],
    ],
    [
      'a replica follows others too: it is neither chosen nor changed',
      request([dead, { ...full, otherChannels: [aReplication({ channel: 'x' })] }, behind]),
      ['fence primary', 'drain h3', 'promote h3', 'forget h3', 'lost h2: h2:3306 replicates from several sources'],
    ],
    [
      'a replica is gone as well',
      request([dead, full, behind], { gone: ['primary', 'h3'] }),
      ['fence primary', 'drain h2', 'promote h2', 'forget h2', 'lost h3: unreachable'],
    ],
    [
      'a replica cannot follow',
      request([dead, full, aReplica(3, `${U1}:1-7`, '', { version: '8.0.30' })]),
      [
        'fence primary',
        'drain h2',
        'promote h2',
        'forget h2',
        'detach h3',
        'lost h3: h3:3306 has version 8.0, lower than 8.4 of h2:3306',
      ],
    ],
    [
      'lost replicas are not to be detached',
      request([dead, onlyHere, onlyThere], { options: { ...PLAN_OPTIONS, detachLost: false } }),
      [
        'fence primary',
        'drain h2',
        'promote h2',
        'forget h2',
        `lost h3: holds transactions that h2:3306 does not: ${U1}:6`,
        `at risk h3:3306: ${U1}:6`,
      ],
    ],
    [
      'a replica gone as well, whose own replica holds most',
      request(
        [
          dead,
          behind,
          { ...full, key: key('h4') },
          aReplica(5, `${U1}:1-8`, '', { replication: { source: key('h4'), receiver: 'other' } }),
          aReplica(6, `${U1}:1-8`, '', { replication: { source: key('h5'), receiver: 'running' } }),
        ],
        { gone: ['primary', 'h4'] },
      ),
      ['fence primary', 'drain h5', 'promote h5', 'forget h5', 'attach h3 to h5', 'lost h4: unreachable'],
    ],
    ['nobody is reachable', request([dead, full], { gone: ['primary', 'h2'] }), ['none: no reachable replica']],
    [
      'nobody may lead',
      request([dead, full], { options: { ...PLAN_OPTIONS, isBanned: () => true } }),
      ['none: no replica may lead', 'none: h2:3306: banned from promotion'],
    ],
    [
      'a named server that may not lead',
      request([dead, full, aReplica(3, `${U1}:1-9`, '', { logReplicaUpdates: false })], { designated: key('h3') }),
      [
        'none: designated server h3:3306 cannot be promoted: does not log what it replicates',
        'none: h3:3306: does not log what it replicates',
      ],
    ],
    [
      'received but not applied, which is to be refused',
      request([dead, aReplica(2, `${U1}:1-8`, `${U1}:1-9`)], { options: { ...PLAN_OPTIONS, failIfNotApplied: true } }),
      ['none: h2:3306 received transactions that it has not applied'],
    ],
    ['no fencing wanted', request([dead, full], { fence: false }), ['drain h2', 'promote h2', 'forget h2']],
    [
      'the primary still lives and is ahead: what would go down with it',
      request([dead, behind], { gone: [] }),
      ['fence primary', 'drain h3', 'promote h3', 'forget h3', `at risk primary:3306, at the last reads: ${U1}:8-9`],
    ],
    [
      'the replicas as read last, not as the snapshot has them',
      request([dead, full, behind], {
        replicas: request([
          { ...behind, key: key('h2') },
          { ...full, key: key('h3') },
        ]).snapshot.members,
      }),
      ['fence primary', 'drain h3', 'promote h3', 'forget h3', 'attach h2 to h3'],
    ],
  ] as readonly (readonly [string, FailoverRequest, readonly string[]])[]) {
    it(title, () => assert.deepEqual(short('primary', asked), expected));
  }
});

describe('plan for a dead co-primary', () => {
  const ring = { ...dead, replication: aReplication({ source: key('h3') }) };
  const partner = { ...behind, readOnly: false };
  it('promotes the other one, fed by whoever holds more', () => {
    assert.deepEqual(short('coPrimary', request([ring, full, behind])), [
      'fence primary',
      'drain h2',
      'feed h3 from h2',
      'drain h3',
      'promote h3',
      'forget h3',
      'attach h2 to h3',
    ]);
  });
  const free = { ...PLAN_OPTIONS, mustPromoteOtherCoPrimary: false };
  it('promotes the best one where the other one need not lead', () => {
    assert.equal(short('coPrimary', request([ring, full, behind], { options: free }))[2], 'promote h2', 'forget h2');
  });
  it('has nobody go on at the place of the other one, whose own writes may not have gone round', () => {
    const pair = { ...withoutGtids, replication: aReplication({ source: key('h3') }) };
    const why = 'goes by file and position, and what the co-primary h3:3306 wrote itself may not have gone round';
    const steps = ['fence primary', 'drain h3', 'promote h3', 'forget h3', 'detach h2'];
    const three = [pair, byPosition(2, 900), byPosition(3, 900)];
    assert.deepEqual(short('coPrimary', request(three)), [...steps, `lost h2: ${why}; PseudoGTIDPattern is not set`]);
    assert.equal(short('coPrimary', request(three, { options: MATCHES })).at(-1), 'attach h2 to h3 by Pseudo-GTID');
  });
  it('promotes whom the operator named', () => {
    assert.ok(short('coPrimary', request([ring, full, behind], { designated: full.key })).includes('promote h2'));
  });
  it('promotes the other one all the same when it takes writes', () => {
    assert.equal(short('coPrimary', request([ring, full, partner], { options: free }))[4], 'promote h3', 'forget h3');
  });
});

describe('plan where replicas can wait', () => {
  const slow = (n: number, replication: Partial<ReplicationStatus>) => aReplica(n, `${U1}:1-9`, '', { replication });
  const members = [
    dead,
    full,
    slow(3, { delaySeconds: 3601 }),
    slow(4, { lagSeconds: 3601 }),
    slow(5, { lagSeconds: 3600 }),
  ];
  for (const [title, more, expected] of [
    ['those far behind come last', { postponeLagSeconds: 3600 }, 'attach h5 to h2, attach h3 to h2, attach h4 to h2'],
    ['unless nobody asked for it', {}, 'attach h3 to h2, attach h4 to h2, attach h5 to h2'],
  ] as const)
    it(title, () => {
      const steps = short('primary', request(members, { options: { ...PLAN_OPTIONS, ...more } }));
      assert.equal(steps.filter((step) => step.startsWith('attach')).join(', '), expected);
    });
});

describe('plan for a promotion that scripts see to', () => {
  const options = { ...PLAN_OPTIONS, applyPromotion: false };
  it('leaves the chosen one as it is', () => {
    assert.deepEqual(short('primary', request([dead, full], { options })), ['fence primary', 'drain h2']);
  });
  it('cuts it off from the dead one where that was asked for', () => {
    const detaching = { ...options, detachPromoted: true };
    assert.deepEqual(short('primary', request([dead, full], { options: detaching })), [
      'fence primary',
      'drain h2',
      'detach h2',
    ]);
  });
});

describe('plan for a dead intermediate primary', () => {
  const top = anInstance(1, { key: key('top'), readOnly: false, gtid: mysqlGtid(`${U1}:1-9`) });
  const below = (n: number, executed: string, source: string, more: Partial<Instance> = {}) => {
    const replica = aReplica(n, executed, '', {
      replication: { source: key(source), receiver: 'running', applier: 'running' },
    });
    return { ...replica, ...more };
  };
  const middle = { ...below(5, `${U1}:1-9`, 'top'), key: PRIMARY_KEY };
  const orphan = below(6, `${U1}:1-9`, 'primary');
  const sibling = below(7, `${U1}:1-9`, 'top');

  for (const [title, asked, expected] of [
    ['below a sibling', request([top, middle, orphan, sibling]), ['attach h6 to h7']],
    ['below the source above where there is no sibling', request([top, middle, orphan]), ['attach h6 to top']],
    [
      'nowhere, where its place is not known',
      request([{ ...top, gtid: mysqlGtid('', { mode: 'OFF' }) }, middle, byPosition(6, 900)]),
      [`none: ${noPlace(6, 'top')}; PseudoGTIDPattern is not set`],
    ],
    [
      'by comparing logs, where markers are written',
      request([{ ...top, gtid: mysqlGtid('', { mode: 'OFF' }) }, middle, byPosition(6, 900)], { options: MATCHES }),
      ['attach h6 to top by Pseudo-GTID'],
    ],
    [
      'a preferred sibling first',
      request([top, middle, orphan, sibling, below(8, `${U1}:1-9`, 'top', { promotionRule: 'prefer' })]),
      ['attach h6 to h8'],
    ],
    [
      'a sibling that is behind catches up first',
      request([top, middle, orphan, below(7, `${U1}:1-8`, 'top')]),
      ['catch up h7 with h6', 'attach h6 to h7'],
    ],
    [
      'each to the target it can follow',
      request([top, { ...middle }, orphan, below(9, `${U1}:1-9`, 'primary', { version: '8.0.30' }), { ...sibling }]),
      [
        'attach h6 to h7',
        'lost h9: h9:3306 has version 8.0, lower than 8.4 of h7:3306; h9:3306 has version 8.0, lower than 8.4 of top:3306',
      ],
    ],
    [
      'below the source above, which waits for nothing that could come to it',
      request([
        anInstance(1, { key: key('top'), readOnly: false, family: 'mariadb', gtid: mariadbGtid('0-1-9') }),
        { ...middle, family: 'mariadb', gtid: mariadbGtid('0-1-9') },
        { ...byPosition(6, 900), family: 'mariadb', gtid: mariadbGtid('0-1-9') },
      ]),
      ['attach h6 to top'],
    ],
    [
      'where it stands, below who wrote the log that a binlog server handed on',
      request([
        { ...top, gtid: mysqlGtid('', { mode: 'OFF' }) },
        { ...middle, version: '23.8.1-maxscale' },
        byPosition(6, 900),
      ]),
      ['attach h6 to top by the same position'],
    ],
    [
      'below whoever replaced the source above',
      request([top, middle, orphan], { gone: ['primary', 'top'], heir: request([sibling]).snapshot.members[0] }),
      ['attach h6 to h7'],
    ],
    [
      'nobody above or beside can be reached',
      request([top, middle, orphan, sibling], { gone: ['primary', 'top', 'h7'] }),
      ['none: neither a sibling nor the source above can be reached'],
    ],
  ] as readonly (readonly [string, FailoverRequest, readonly string[]])[]) {
    it(title, () => assert.deepEqual(short('intermediatePrimary', asked), expected));
  }
});
