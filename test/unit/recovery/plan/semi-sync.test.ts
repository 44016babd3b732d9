import assert from 'node:assert/strict';
import type { SemiSyncRecovery } from '../../../../internal/recovery/plan/semi-sync.ts';
import { type FailoverRequest, planRecovery } from '../../../../internal/recovery/plan.ts';
import { stepText } from '../../../../internal/recovery/runner.ts';
import type { Instance, SemiSync } from '../../../../internal/topology/instance.ts';
import { aSnapshot, PLAN_OPTIONS } from '../../../support/a-cluster.ts';
import { anInstance, aReplica, aReplication, PRIMARY_KEY } from '../../topology/builders.ts';

const SET: SemiSync = { ...anInstance(1).semiSync, available: true };
const lockedBy = (waitForReplicaCount: number, sourceClients: number): Instance =>
  anInstance(1, {
    ...{ key: PRIMARY_KEY, readOnly: false },
    semiSync: { ...SET, sourceEnabled: true, sourceActive: true, waitForReplicaCount, sourceClients },
  });

interface Like {
  readonly on?: boolean;
  readonly half?: boolean;
  readonly priority?: number;
  readonly stopped?: boolean;
  readonly source?: boolean;
  readonly more?: Partial<Instance>;
}

function replica(n: number, { on = false, half, priority = 1, stopped, source = false, more }: Like = {}): Instance {
  const semiSync = { ...SET, replicaEnabled: on, replicaActive: half ? !on : on, sourceEnabled: source };
  const receiver = stopped ? 'stopped' : 'running';
  return { ...aReplica(n, '', '', { replication: { receiver } }), semiSync, semiSyncPriority: priority, ...more };
}

/** The plan in short words, or why there is none. */
function short(mode: SemiSyncRecovery, members: readonly Instance[], silent: readonly number[] = []): string {
  const keys = members.filter((_, index) => silent.includes(index)).map(({ key }) => key);
  const request: FailoverRequest = {
    snapshot: aSnapshot(members, keys),
    ...{ failed: PRIMARY_KEY, primaryAnswers: false, fence: true },
    options: { ...PLAN_OPTIONS, semiSync: mode },
  };
  const plan = planRecovery('lockedSemiSync', request);
  if (plan.kind === 'none') return plan.reasons.join();
  const words = (text: string) => text.replaceAll(':3306', '').replace('semiSync', '').toLowerCase();
  return plan.steps.map((step) => words(stepText(step))).join(', ');
}

const NOBODY = 'no replica is left to be switched on or off';

describe('plan for the semi-sync replicas of a primary', () => {
  for (const [title, mode, members, expected] of [
    [
      'one is missing: the first by priority begins',
      'enough',
      [lockedBy(1, 0), replica(2), replica(3, { priority: 2 }), replica(4, { priority: 0 })],
      'replica h3 on, acknowledged primary by 1, nudge primary',
    ],
    [
      'of the same priority the better promotion rule, then the name',
      'enough',
      [lockedBy(2, 0), replica(2), replica(3, { more: { promotionRule: 'prefer' } }), replica(4)],
      'replica h3 on, replica h2 on, acknowledged primary by 2, nudge primary',
    ],
    [
      'must_not may acknowledge',
      'enough',
      [lockedBy(1, 0), replica(2, { more: { promotionRule: 'must_not' } })],
      'replica h2 on, acknowledged primary by 1, nudge primary',
    ],
    [
      'one acknowledges already: only the rest begin',
      'enough',
      [lockedBy(2, 1), replica(2, { on: true }), replica(3), replica(4)],
      'replica h3 on, acknowledged primary by 2, nudge primary',
    ],
    [
      'its receiver was not restarted since it was switched on',
      'enough',
      [lockedBy(1, 0), replica(2, { on: true, half: true })],
      'replica h2 on, acknowledged primary by 1, nudge primary',
    ],
    ['none of a priority is left', 'enough', [lockedBy(1, 0), replica(2, { priority: 0 })], NOBODY],
    [
      'one that does not replicate cannot acknowledge',
      'enough',
      [lockedBy(1, 0), replica(2, { stopped: true })],
      NOBODY,
    ],
    [
      'one of several sources is left alone',
      'enough',
      [lockedBy(1, 0), replica(2, { more: { otherChannels: [aReplication({ channel: 'x' })] } })],
      NOBODY,
    ],
    [
      'more than enough: nobody is switched on, whatever the difference',
      'enough',
      [lockedBy(1, 2), replica(2), replica(3)],
      NOBODY,
    ],
    [
      'its source side would make its applier wait',
      'enough',
      [lockedBy(1, 0), replica(2, { source: true })],
      'source h2 off, replica h2 on, acknowledged primary by 1, nudge primary',
    ],
    [
      'too many: the last ones cease',
      'exact',
      [lockedBy(1, 2), replica(2, { on: true }), replica(3, { on: true, priority: 2 })],
      'acknowledged primary by 1, replica h2 off',
    ],
    [
      'too many of priority 0',
      'exact',
      [lockedBy(1, 2), replica(2, { on: true }), replica(3, { on: true, priority: 0 })],
      'acknowledged primary by 1, replica h3 off',
    ],
    [
      'the wrong one acknowledges: the right one begins before the wrong one ceases',
      'exact',
      [lockedBy(1, 1), replica(2, { on: true }), replica(3, { priority: 2 })],
      'replica h3 on, acknowledged primary by 1, replica h2 off',
    ],
    [
      'fewer of a priority than are waited for: nobody ceases',
      'exact',
      [lockedBy(2, 1), replica(2), replica(3, { on: true, priority: 0 })],
      'replica h2 on, acknowledged primary by 2, nudge primary',
    ],
    ['as it should be', 'exact', [lockedBy(1, 1), replica(2, { on: true }), replica(3)], NOBODY],
    [
      'neither key is set',
      'off',
      [lockedBy(1, 0), replica(2)],
      'neither EnforceExactSemiSyncReplicas nor RecoverLockedSemiSyncMaster is set',
    ],
    [
      'it has fallen back to asynchronous replication',
      'enough',
      [{ ...lockedBy(1, 0), semiSync: { ...lockedBy(1, 0).semiSync, sourceActive: false } }, replica(2)],
      'the primary waits for nobody',
    ],
    [
      'MariaDB waits for one, which no variable says',
      'enough',
      [{ ...lockedBy(0, 0), family: 'mariadb' }, replica(2), replica(3)],
      'replica h2 on, acknowledged primary by 1, nudge primary',
    ],
  ] as readonly (readonly [string, SemiSyncRecovery, readonly Instance[], string])[]) {
    it(`${title} (${mode})`, () => assert.equal(short(mode, members), expected));
  }

  it('does not count on who does not answer', () => {
    assert.equal(short('enough', [lockedBy(1, 0), replica(2)], [1]), NOBODY);
    assert.equal(short('enough', [lockedBy(1, 0), replica(2)], [0]), 'primary:3306 does not answer');
  });
});
