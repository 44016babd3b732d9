import assert from 'node:assert/strict';
import { planRecovery } from '../../../../internal/recovery/plan.ts';
import { stepText } from '../../../../internal/recovery/runner.ts';
import type { Instance } from '../../../../internal/topology/instance.ts';
import { aSnapshot, PLAN_OPTIONS } from '../../../support/a-cluster.ts';
import { anInstance, aReplica, mysqlGtid, PRIMARY_KEY } from '../../topology/builders.ts';

const key = (hostname: string) => ({ hostname, port: 3306 });
const GROUP = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa';

function member(n: number, more: Partial<Instance> = {}, state = 'ONLINE'): Instance {
  const group = { name: GROUP, state, role: 'SECONDARY', members: [], primary: key('h2') };
  return anInstance(n, { group, gtid: mysqlGtid(`${GROUP}:1-9`), ...more });
}
const dead = member(1, { key: PRIMARY_KEY });
const orphan = (n: number, executed = '1-9') => aReplica(n, `${GROUP}:${executed}`);
const served = (n: number, by: string) =>
  aReplica(n, `${GROUP}:1-9`, '', { replication: { source: key(by), receiver: 'running' } });

function short(members: readonly Instance[], kind: 'groupMember' | 'primary' = 'groupMember'): string {
  const silent = members
    .filter(({ key: { hostname } }) => hostname === 'primary' || hostname === 'gone')
    .map((one) => one.key);
  const plan = planRecovery(kind, {
    ...{ snapshot: aSnapshot(members, silent), failed: PRIMARY_KEY, primaryAnswers: false, fence: true },
    options: { ...PLAN_OPTIONS, isBanned: ({ hostname }) => hostname === 'banned' },
  });
  return (plan.kind === 'none' ? plan.reasons : plan.steps.map(stepText)).join(', ').replaceAll(':3306', '');
}

describe('plan for a dead member of a replication group', () => {
  for (const [title, members, expected] of [
    [
      'its replicas go below another member',
      [dead, member(2), orphan(5), orphan(6)],
      'attach h5 to h2, attach h6 to h2',
    ],
    [
      'one of the same data centre first',
      [dead, member(2, { dataCenter: 'far' }), member(3), orphan(5)],
      'attach h5 to h3',
    ],
    ['then one with fewer replicas', [dead, member(2), member(3), served(4, 'h2'), orphan(5)], 'attach h5 to h3'],
    [
      'one that is still recovering is passed over',
      [dead, member(2, {}, 'RECOVERING'), member(3), orphan(5)],
      'attach h5 to h3',
    ],
    [
      'one that may not serve, or does not answer, too',
      [dead, member(2, { key: key('banned') }), member(3, { key: key('gone') }), member(4), orphan(5)],
      'attach h5 to h4',
    ],
    [
      'one that lacks what the replica received gets it first',
      [dead, member(2), orphan(5, '1-10')],
      'catch up h2 with h5, attach h5 to h2',
    ],
    ['nobody else is there', [dead, orphan(5)], 'no other member of the group is online'],
  ] as readonly (readonly [string, readonly Instance[], string])[])
    it(title, () => assert.equal(short(members), expected));

  it('is never about who leads the group', () => {
    assert.match(short([dead, member(2), orphan(5)], 'primary'), /which chooses its primary by itself$/);
  });
});
