import assert from 'node:assert/strict';
import { rehearse } from '../../../internal/app/rehearse.ts';
import type { Settings } from '../../../internal/app/settings.ts';
import { planRecovery } from '../../../internal/recovery/plan.ts';
import { aSnapshot, PLAN_OPTIONS } from '../../support/a-cluster.ts';
import { behind, deadPrimary, place, relay } from '../../support/behind-binlog-servers.ts';
import { partial } from '../../support/partial.ts';
import { PRIMARY_KEY } from '../topology/builders.ts';

const settings = partial<Settings>({
  servers: { replicationCredentialsQuery: '' },
  runner: {
    ...{ probeTimeoutMs: 1_000, stepTimeoutMs: 1_000, stepMaxMs: 60_000, promoteOnDrainTimeout: false },
    ...{ attachLimitMs: 100, attachPollMs: 1 },
  },
});

describe('a rehearsal of a failover', () => {
  it('behind binlog servers waits for nobody, whatever is on its way to whom', async () => {
    const members = [deadPrimary, relay(2), relay(3, place(7, 500)), behind(4, 2, place(7, 500))];
    const snapshot = aSnapshot(members, []);
    const plan = planRecovery('primary', {
      ...{ snapshot, failed: PRIMARY_KEY, primaryAnswers: false, fence: true },
      options: { ...PLAN_OPTIONS, drainLimitMs: 30_000 },
    });
    assert.ok(plan.kind === 'promote');
    const steps = await rehearse(snapshot, plan, settings, () => undefined);
    const sent = steps.flatMap(({ statements }) => statements.map(({ server, sql }) => `${server} ${sql}`));
    const changes = sent.filter((text) => text.includes('CHANGE MASTER')).map((text) => text.replaceAll(':3306', ''));
    assert.deepEqual(changes, [
      "h2 CHANGE MASTER TO MASTER_HOST = 'h4', MASTER_PORT = 3306, MASTER_LOG_FILE = 'bin.000008', MASTER_LOG_POS = 4",
      "h3 CHANGE MASTER TO MASTER_HOST = 'h2', MASTER_PORT = 3306, MASTER_LOG_FILE = 'bin.000007', MASTER_LOG_POS = 500",
      "h3 CHANGE MASTER TO MASTER_HOST = 'h4', MASTER_PORT = 3306, MASTER_LOG_FILE = 'bin.000008', MASTER_LOG_POS = 4",
    ]);
    assert.equal(sent.filter((text) => text === 'h4:3306 FLUSH BINARY LOGS').length, 6);
  });
});
