import assert from 'node:assert/strict';
import { asNoted, executedOf, type RehearsedStep } from '../support/rehearsed.ts';
import { address, scenarios } from '../support/scenario.ts';

/** On a busy machine a replica may answer late: it would not be chosen then, and the plan would be another one. */
const PATIENT = { SuspectProbeTimeoutMilliseconds: 5_000 };

scenarios('a failover plan', { tree: [undefined, 0, 0, 0] }, (scenario, test) => {
  test('is what happens when the primary dies, to the last statement', async () => {
    const daemon = await scenario.watching(PATIENT);
    await scenario.replicated(2);
    const { primary } = scenario;
    for (const { key } of scenario.replicas) await daemon.api(`discover/${key.hostname}/${key.port}`); // reads it now
    const plan = await daemon.api<{ execution: readonly RehearsedStep[]; firstNo: unknown }>(
      `v2/clusters/${address(primary)}/failover-plan`,
    );
    assert.equal(plan.firstNo, null);
    assert.ok(plan.execution.length > 5);
    await scenario.kill(primary);
    await scenario.healed(scenario.replicas, [1, 2]);
    const [recovery] = await scenario.recoveries();
    assert.ok(recovery);
    const executed = executedOf(await scenario.steps(recovery.UID));
    assert.deepEqual([...executed].sort(), plan.execution.map(asNoted).sort());
  });

  test('is what happens, step by step, with a preferred replica to be fed and one that must not lead', async () => {
    const [banned, other, preferred] = [scenario.server(1), scenario.server(2), scenario.server(3)];
    await scenario.watching(PATIENT);
    await scenario.prefer(banned, 'must_not');
    await scenario.prefer(preferred);
    await preferred.query(scenario.words.stopReceiver);
    await scenario.replicated(7, scenario.primary, [banned, other]);
    await scenario.sees(other);
    await scenario.sees(banned);
    await scenario.sees(preferred);
    const path = `v2/clusters/${address(scenario.primary)}/failover-plan`;
    const { execution } = await scenario.daemon.api<{ execution: readonly RehearsedStep[] }>(path);
    const planned = execution.map(({ step }) => step);
    assert.ok(planned.some((step) => step.startsWith(`feed ${address(preferred)} from `)));
    await scenario.kill(scenario.primary);
    await scenario.recoveries();
    const onServers = scenario.daemon.journal().filter((step) => !step.startsWith('scripts '));
    assert.deepEqual(onServers, planned);
    await scenario.healed(scenario.replicas, [1, 7]);
  });

  test('is none, with the reasons, where nobody may lead', async () => {
    await scenario.watching({ PromotionIgnoreHostnameFilters: ['127.0.0.1'] });
    const path = `v2/clusters/${address(scenario.primary)}/failover-plan`;
    const plan = await scenario.daemon.api<{ kind: string; reasons: readonly string[] }>(path);
    assert.equal(plan.kind, 'none');
    for (const replica of scenario.replicas)
      assert.ok(plan.reasons.some((reason) => reason.startsWith(address(replica))));
    await scenario.kill(scenario.primary);
    await scenario.daemon.logged('candidate exists');
    await scenario.noRecovery();
    assert.deepEqual(await scenario.writable(scenario.replicas), []);
  });
});
