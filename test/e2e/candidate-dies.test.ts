import assert from 'node:assert/strict';
import { until } from '../support/daemon.ts';
import { scenarios } from '../support/scenario.ts';

scenarios('a candidate that dies', { tree: [undefined, 0, 0, 0] }, (scenario, test) => {
  const preferred = () => scenario.server(3);
  const others = () => [scenario.server(1), scenario.server(2)];

  test('before the replicas were frozen: another one leads', async () => {
    await scenario.watching({ PreFailoverProcesses: [`kill -9 ${preferred().pid}`] });
    await scenario.prefer(preferred());
    scenario.expectsDeath(preferred());
    await scenario.kill(scenario.primary);
    await scenario.healed(others(), [1]);
    const recoveries = await scenario.recoveries('any');
    assert.equal(recoveries.filter(({ IsSuccessful }) => IsSuccessful).length, 1);
  });

  test('while it applies what it received: another one leads', async () => {
    await scenario.watching();
    await scenario.prefer(preferred());
    await scenario.holdAppliers([preferred()]);
    await scenario.insert(7);
    await scenario.received();
    await scenario.kill(scenario.primary);
    await scenario.begun(`drain ${preferred().key.hostname}:${preferred().key.port}`);
    await scenario.kill(preferred());
    await scenario.healed(others(), [1, 7]);
  });

  test('while it is fed: the server that fed it leads', async () => {
    const [feeder, another] = others();
    assert.ok(feeder && another);
    await scenario.watching();
    await scenario.prefer(preferred());
    await scenario.holdAppliers([preferred()]);
    await preferred().query(scenario.words.stopReceiver);
    await another.query(scenario.words.stopReceiver);
    await scenario.replicated(7, scenario.primary, [feeder]);
    await scenario.kill(scenario.primary);
    await scenario.begun(`feed ${preferred().key.hostname}:${preferred().key.port}`);
    await scenario.kill(preferred());
    assert.equal(await scenario.healed(others(), [1, 7]), feeder);
  });

  for (const step of ['promote', 'attach'] as const) {
    test(`when the journal says "${step}": another one leads in the end, with what it had promised`, async () => {
      await scenario.watching({ RecoveryPeriodBlockSeconds: 1, FailedRecoveryRetryMilliseconds: 500 });
      await scenario.prefer(preferred());
      await scenario.replicated(7);
      await scenario.kill(scenario.primary);
      await scenario.begun(`${step} `);
      await scenario.kill(preferred());
      const leader = await scenario.healed(others(), [1, 7]);
      assert.equal((await scenario.recoveries('any'))[0]?.SuccessorKey.Port, leader.key.port);
      await scenario.revive(preferred()); // it may have become writable before it was lost
      await scenario.fenced(preferred());
    });
  }

  test('with every other replica: the recovery is closed, and replication of those that come back was not left stopped', async () => {
    await scenario.watching({ FailedRecoveryRetryMilliseconds: 500 });
    await scenario.holdAppliers(scenario.replicas);
    await scenario.insert(7);
    await scenario.received();
    await scenario.kill(scenario.primary);
    await scenario.begun('drain ');
    await Promise.all(scenario.replicas.map((replica) => scenario.kill(replica)));
    await scenario.daemon.logged('recovery ends');
    assert.ok((await scenario.recoveries('any')).every(({ IsSuccessful }) => !IsSuccessful));
    await scenario.revive(scenario.primary); // first, lest a replica takes its place
    for (const replica of scenario.replicas) {
      await scenario.revive(replica);
      await replica.protectReplica();
    }
    await until('the daemon sees the primary', async () => {
      const { hostname, port } = scenario.primary.key;
      const path = `instance/${hostname}/${port}`;
      return (await scenario.daemon.api<{ IsLastCheckValid: boolean }>(path)).IsLastCheckValid;
    });
    for (const replica of scenario.replicas) await scenario.follows(replica, scenario.primary);
    for (const replica of scenario.replicas) await scenario.holds(replica, [1, 7]);
  });
});
