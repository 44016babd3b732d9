import assert from 'node:assert/strict';
import { planRecovery } from '../../../../internal/recovery/plan.ts';
import { stepText } from '../../../../internal/recovery/runner.ts';
import type { Instance } from '../../../../internal/topology/instance.ts';
import { aSnapshot, PLAN_OPTIONS } from '../../../support/a-cluster.ts';
import { anInstance, aReplica, aReplication, PRIMARY_KEY } from '../../topology/builders.ts';

const primary = anInstance(1, { key: PRIMARY_KEY });
const follower = aReplica(2, '', '', { replication: { receiver: 'running' } });
const another = (more: Partial<Instance>) => ({ ...aReplica(3, ''), ...more });

describe('plan for a primary that is read-only', () => {
  for (const [title, members, expected] of [
    ['it is made writable', [primary, follower], 'open primary:3306'],
    [
      'another server of the cluster takes writes',
      [primary, follower, another({ readOnly: false })],
      'h3:3306 takes writes',
    ],
    [
      'one that took writes when it was read last does not answer',
      [primary, follower, another({ readOnly: false, key: { hostname: 'silent', port: 3306 } })],
      'silent:3306 takes writes',
    ],
    [
      'one that was read-only when it was read last does not answer',
      [primary, follower, another({ key: { hostname: 'silent', port: 3306 } })],
      'silent:3306 does not answer and may take writes: set it in downtime to go on without it',
    ],
    ['it takes writes by now', [{ ...primary, readOnly: false }, follower], 'primary:3306 takes writes'],
    ['nobody follows it', [primary, another({})], 'no replica follows it'],
    [
      'it is a replica that was detached',
      [{ ...primary, replication: aReplication({ source: { hostname: '//old', port: 3306 } }) }, follower],
      'primary:3306 is a replica',
    ],
  ] as readonly (readonly [string, readonly Instance[], string])[]) {
    it(title, () => {
      const silent = members.filter(({ key }) => key.hostname === 'silent').map(({ key }) => key);
      const plan = planRecovery('readOnlyPrimary', {
        ...{ snapshot: aSnapshot(members, silent), failed: PRIMARY_KEY, primaryAnswers: false, fence: true },
        options: PLAN_OPTIONS,
      });
      assert.equal((plan.kind === 'none' ? plan.reasons : plan.steps.map(stepText)).join(), expected);
    });
  }

  it('goes on without a silent one that is in downtime', () => {
    const gone = another({ key: { hostname: 'silent', port: 3306 } });
    const snapshot = aSnapshot([primary, follower, gone], [gone.key]);
    const downtimes = new Map([['silent:3306', { owner: 'dba', reason: 'broken', beginMs: 0, endMs: 1 }]]);
    const plan = planRecovery('readOnlyPrimary', {
      ...{ snapshot: { ...snapshot, downtimes }, failed: PRIMARY_KEY, primaryAnswers: false, fence: true },
      options: PLAN_OPTIONS,
    });
    assert.equal(plan.kind, 'promote');
  });
});
