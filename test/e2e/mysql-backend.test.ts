import assert from 'node:assert/strict';
import { until } from '../support/daemon.ts';
import { DaemonGroup } from '../support/daemon-group.ts';
import { MysqlBackendServer } from '../support/mysql-backend.ts';
import { address, scenarios } from '../support/scenario.ts';

scenarios('backend on a server of the same family', { tree: [undefined, 0, 0] }, (scenario, test) => {
  test('fails over while the backend is frozen, and tells of it there when it thaws', async () => {
    const backend = await MysqlBackendServer.start(scenario.flavour);
    scenario.onSettle(() => backend.stop());
    // a group of one: who leads is not for the backend to say
    const group = await DaemonGroup.start({
      size: 1,
      seeds: [address(scenario.primary)],
      config: { ...backend.keys(), MySQLOrchestratorReadTimeoutSeconds: 1 },
    });
    scenario.onSettle(() => group.stop());
    const daemon = await group.leader();
    scenario.watchedBy(daemon);
    const { host, port } = backend.settings();
    const health = await daemon.api<{ Details: { AvailableNodes: { DBBackend: string }[] } }>('health');
    assert.deepEqual(
      health.Details.AvailableNodes.map(({ DBBackend }) => DBBackend),
      [`${host}:${port}`],
    );
    await until('every server is stored', async () => {
      return (await backend.sql('SELECT hostname FROM database_instance')).length === 3;
    });
    await backend.server.kill('SIGSTOP');
    await scenario.kill(scenario.primary);
    const leader = await scenario.healed(scenario.replicas, [1]);
    const [recovery] = await scenario.recoveries();
    assert.deepEqual([recovery?.IsSuccessful, recovery?.SuccessorKey.Port], [true, leader.key.port]);
    await until('the health says so', async () => (await fetch(`${daemon.url}/api/health`)).status === 500);
    await backend.server.kill('SIGCONT');
    await until('the recovery is stored', async () => {
      const rows = await backend.sql('SELECT is_successful FROM topology_recovery WHERE end_recovery IS NOT NULL');
      return rows.length === 1 && rows[0]?.is_successful === 1;
    });
    await until('nothing of it is left open, the scripts behind it included', async () => {
      return (await backend.sql('SELECT step FROM recovery_journal WHERE ended_at IS NULL')).length === 0;
    });
    assert.doesNotMatch(daemon.log(), /backend_pw/);

    await daemon.kill('SIGKILL');
    await daemon.launch();
    assert.deepEqual(
      (await scenario.recoveries()).map(({ UID }) => UID),
      [recovery?.UID],
      'a new process knows of it',
    );
  });
});
