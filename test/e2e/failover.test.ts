import assert from 'node:assert/strict';
import { until } from '../support/daemon.ts';
import { address, scenarios } from '../support/scenario.ts';

scenarios('failover', { tree: [undefined, 0, 0, 0] }, (scenario, test) => {
  test('promotes a replica and attaches its siblings when the primary is killed', async () => {
    await scenario.watching();
    await scenario.replicated(2);
    const { primary } = scenario;
    await scenario.kill(primary);
    const leader = await scenario.healed(scenario.replicas, [1, 2]);
    const [recovery] = await scenario.recoveries();
    assert.equal(recovery?.AnalysisEntry.Analysis, 'DeadMaster');
    assert.equal(recovery.IsSuccessful, true);
    assert.equal(recovery.SuccessorKey.Port, leader.key.port);
    assert.deepEqual(recovery.LostReplicas, []);
  });

  test('takes the alias along that was set by hand, against what the servers say and beyond a restart', async () => {
    const { primary } = scenario;
    const daemon = await scenario.watching({ DetectClusterAliasQuery: "SELECT 'by-query'" });
    await daemon.done(`set-cluster-alias/${address(primary)}?alias=by-hand`);
    await scenario.kill(primary);
    const leader = await scenario.healed(scenario.replicas, [1]);
    await scenario.recoveries();
    const called = async () =>
      (await daemon.api<{ ClusterName: string; ClusterAlias: string }[]>('clusters-info'))
        .filter(({ ClusterAlias }) => ClusterAlias === 'by-hand')
        .map(({ ClusterName }) => ClusterName)
        .join();
    await until('the alias is that of the new primary', async () => (await called()) === address(leader));
    await daemon.kill('SIGTERM');
    await daemon.launch();
    await until('it still is', async () => (await called()) === address(leader));
  });

  test('makes a killed primary read-only when its supervisor restarts it writable', async () => {
    await scenario.watching();
    await scenario.kill(scenario.primary);
    await scenario.healed(scenario.replicas, [1]);
    await scenario.revive(scenario.primary);
    await scenario.fenced(scenario.primary);
    await until('one server is writable', async () => (await scenario.writable(scenario.servers)).length === 1);
  });

  test('lists what only the replaced primary holds', async () => {
    const { primary, replicas, words } = scenario;
    await scenario.watching({ ProbeReadTimeoutMilliseconds: 10_000 }); // what it lists is read once
    for (const replica of replicas) await replica.query(words.stopReceiver);
    await scenario.insert(77);
    await scenario.kill(primary);
    const leader = await scenario.healed(replicas, [1]);
    await scenario.revive(primary);
    await scenario.fenced(primary);
    const told = await scenario.audited('fence-replaced-primary');
    assert.match(told, new RegExp(`holds transactions that ${address(leader)} lacks: \\S+`));
    await scenario.holds(primary, [1, 77]);
  });

  test('fails over a frozen primary, which is read-only as soon as it thaws', async () => {
    await scenario.watching();
    await scenario.freeze(scenario.primary);
    await scenario.healed(scenario.replicas, [1]);
    await scenario.thaw(scenario.primary);
    await scenario.fenced(scenario.primary);
    await until('one server is writable', async () => (await scenario.writable(scenario.servers)).length === 1);
  });

  test('keeps what a replica received and had not applied', async () => {
    const { replicas, words } = scenario;
    await scenario.watching();
    for (const replica of replicas) await replica.query(words.stopApplier);
    await scenario.insert(7);
    await scenario.received();
    await scenario.kill(scenario.primary);
    await scenario.healed(replicas, [1, 7]);
  });

  test('is not held up by a PostMasterFailoverProcesses script that hangs', async () => {
    const hang = { PostMasterFailoverProcesses: ['sleep 60'], HookTimeoutSeconds: 1 };
    const daemon = await scenario.watching(hang);
    await scenario.kill(scenario.primary);
    await scenario.healed(scenario.replicas, [1]);
    await daemon.logged('not done within 1000 ms');
    const [recovery] = await scenario.recoveries();
    assert.equal(recovery?.IsSuccessful, true);
  });

  for (const [how, end] of [
    ['killed', () => scenario.kill(scenario.primary)],
    ['frozen', () => scenario.freeze(scenario.primary)],
  ] as const) {
    test(`does not wait for a replica that is frozen when the primary is ${how}`, async () => {
      const [frozen, ...others] = scenario.replicas;
      assert.ok(frozen);
      // Whoever waits for the frozen one waits longer than this test does.
      const patient = { RecoveryStepTimeoutMilliseconds: 120_000, MySQLTopologyReadTimeoutSeconds: 120 };
      const daemon = await scenario.watching(patient);
      await scenario.replicated(2);
      if (how === 'killed') await scenario.freeze(frozen); // first: one that was read just before would count among the living
      await end();
      if (how === 'frozen') {
        await scenario.analysed('UnreachableMaster'); // its replicas are about to be asked to reconnect
        await scenario.freeze(frozen);
      }
      await scenario.healed(others, [1, 2]);
      const [recovery] = await scenario.recoveries();
      assert.deepEqual(
        recovery?.LostReplicas.map(({ Port }) => Port),
        [frozen.key.port],
      );
      assert.ok(!daemon.log().includes('could not be asked to reconnect'), 'whoever asks the frozen one still waits');
    });
  }

  test('fails over to the others when the primary and one replica die together', async () => {
    const [lost, ...survivors] = scenario.replicas;
    assert.ok(lost);
    await scenario.watching();
    await scenario.kill(lost); // first: a read of it that beat its death by a moment would count it among the living
    await scenario.kill(scenario.primary);
    await scenario.healed(survivors, [1]);
    const [recovery] = await scenario.recoveries();
    assert.equal(recovery?.AnalysisEntry.Analysis, 'DeadMasterAndSomeReplicas');
    assert.deepEqual(
      recovery.LostReplicas.map(({ Port }) => Port),
      [lost.key.port],
    );
  });
});

scenarios('failover with one replica', { tree: [undefined, 0] }, (scenario, test) => {
  test('promotes it, with what it received and had not applied', async () => {
    const [replica] = scenario.replicas;
    assert.ok(replica);
    await scenario.watching();
    await replica.query(scenario.words.stopApplier);
    await scenario.insert(7);
    await scenario.received();
    await scenario.kill(scenario.primary);
    assert.equal(await scenario.healed([replica], [1, 7]), replica);
  });
});
