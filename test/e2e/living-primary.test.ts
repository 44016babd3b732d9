// Primaries that answer and are set right where they are: semi-sync replicas switched on and off, and writes let in again.

import assert from 'node:assert/strict';
import { APPLICATION_LOGIN, type Flavour, type SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { until } from '../support/daemon.ts';
import { address, type Scenario, scenarios } from '../support/scenario.ts';

const NAMES: Readonly<Record<Flavour, { readonly source: string; readonly replica: string }>> = {
  mysql: { source: 'rpl_semi_sync_source', replica: 'rpl_semi_sync_replica' },
  mariadb: { source: 'rpl_semi_sync_master', replica: 'rpl_semi_sync_slave' },
};
const PLUGINS = ['--plugin-load-add=semisync_source.so', '--plugin-load-add=semisync_replica.so'];
/** Longer than any test: nobody falls back to asynchronous replication. */
const HOUR_MS = 3_600_000;

/** Each replica's own priority, by its port. */
const priorities = (...ports: readonly number[]) => ({
  DetectSemiSyncEnforcedQuery: `SELECT FIND_IN_SET(@@global.port, '${ports.join()}')`,
});

async function isOn(scenario: Scenario, server: SandboxServer): Promise<boolean> {
  const [row] = await server.query(`SHOW GLOBAL STATUS LIKE '${NAMES[scenario.flavour].replica}_status'`);
  return String(row?.Value) === 'ON';
}

async function switchReplica(scenario: Scenario, server: SandboxServer, on: boolean): Promise<void> {
  const mysql = scenario.flavour === 'mysql';
  await server.query(`SET GLOBAL ${NAMES[scenario.flavour].replica}_enabled = ${Number(on)}`);
  await server.query(mysql ? 'STOP REPLICA IO_THREAD' : 'STOP SLAVE IO_THREAD');
  await server.query(mysql ? 'START REPLICA IO_THREAD' : 'START SLAVE IO_THREAD');
}

/** Writes of the primary wait for acknowledgements from now on, until the test is over. */
async function waiting(scenario: Scenario): Promise<void> {
  const { source, replica } = NAMES[scenario.flavour];
  const off = [`SET GLOBAL ${source}_enabled = 0`, `SET GLOBAL ${replica}_enabled = 0`];
  scenario.onSettle(async () => {
    for (const server of scenario.servers) for (const sql of off) await server.query(sql).catch(() => undefined); // it may be dead
  });
  await scenario.primary.query(`SET GLOBAL ${source}_enabled = 1`);
}

scenarios(
  'a primary that answers',
  {
    tree: [undefined, 0, 0, 0],
    extraArguments: (flavour) => {
      const timeout = `--${NAMES[flavour].source.replaceAll('_', '-')}-timeout=${HOUR_MS}`;
      return [0, 1, 2, 3].map(() => [...(flavour === 'mysql' ? PLUGINS : []), timeout]);
    },
  },
  (scenario, test) => {
    test('whose writes wait for a semi-sync replica gets the first by priority, and the writes return', async () => {
      const [, second] = scenario.replicas;
      assert.ok(second);
      await scenario.watching({
        ...{ RecoverLockedSemiSyncMaster: true, ReasonableLockedSemiSyncMasterSeconds: 1 },
        ...priorities(scenario.server(1).key.port, second.key.port),
      });
      await waiting(scenario);
      const sessions = await Promise.all([2, 3, 4].map(() => scenario.session(scenario.primary, APPLICATION_LOGIN)));
      const writes = sessions.map((session, at) => session.query(`INSERT INTO app.t VALUES (${at + 2})`));
      const [recovery] = await scenario.recoveries();
      assert.equal(recovery?.AnalysisEntry.Analysis, 'LockedSemiSyncMaster');
      assert.deepEqual([recovery.IsSuccessful, recovery.SuccessorKey.Port], [true, scenario.primary.key.port]);
      await Promise.all(writes);
      assert.deepEqual(await Promise.all(scenario.replicas.map((one) => isOn(scenario, one))), [false, true, false]);
      for (const replica of scenario.replicas) await scenario.follows(replica, scenario.primary);
    });

    if (scenario.flavour === 'mariadb')
      test('of a cluster that nobody opted in keeps waiting', async () => {
        await scenario.watching({
          ...{ RecoverLockedSemiSyncMaster: true, ReasonableLockedSemiSyncMasterSeconds: 1 },
          ...{ RecoverMasterClusterFilters: ['another'], DetectSemiSyncEnforcedQuery: 'SELECT 1' },
        });
        await waiting(scenario);
        await scenario.daemon.logged('"name":"filter matches"');
        await scenario.noRecovery();
        const { hostname, port } = scenario.primary.key;
        const answer = await scenario.daemon.api<{ Code: string; Message: string }>(`recover/${hostname}/${port}`);
        assert.equal(answer.Code, 'OK', answer.Message);
        assert.equal(await isOn(scenario, scenario.server(1)), true, 'an operator may insist');
      });

    if (scenario.flavour === 'mysql')
      test('has as many semi-sync replicas as it waits for, and no more, where the number is exact', async () => {
        const [first, second] = scenario.replicas;
        assert.ok(first && second);
        for (const replica of scenario.replicas) await switchReplica(scenario, replica, true);
        await waiting(scenario);
        await scenario.watching({ EnforceExactSemiSyncReplicas: true, ...priorities(first.key.port, second.key.port) });
        const states = () => Promise.all(scenario.replicas.map((replica) => isOn(scenario, replica)));
        await until('all but one of them ceased', async () => (await states()).filter(Boolean).length === 1);
        assert.deepEqual(await states(), [false, true, false]);
        const [recovery] = await scenario.recoveries();
        assert.equal(recovery?.AnalysisEntry.Analysis, 'MasterWithTooManySemiSyncReplicas');
        await scenario.insert(2);
      });

    test('and is read-only takes writes again, but not while another server does', async () => {
      const rival = scenario.server(2);
      await scenario.primary.query('SET GLOBAL read_only = 1');
      await rival.query('SET GLOBAL read_only = 0');
      await scenario.watching({ RecoverNonWriteableMaster: true, ReadOnlyPrimaryHoldSeconds: 1 });
      await scenario.daemon.logged(`${address(rival)} takes writes`);
      await scenario.noRecovery();
      assert.equal(await scenario.isReadOnly(scenario.primary), true);
      await rival.query('SET GLOBAL read_only = 1');
      await until('it takes writes', async () => !(await scenario.isReadOnly(scenario.primary)));
      const [recovery] = await scenario.recoveries();
      assert.equal(recovery?.AnalysisEntry.Analysis, 'NoWriteableMasterStructureWarning');
      await scenario.replicated(2);
    });

    test('and dies leaves its successor the acknowledging replica that comes first', async () => {
      const [first, second, third] = scenario.replicas;
      assert.ok(first && second && third);
      await scenario.watching({ EnforceExactSemiSyncReplicas: true, ...priorities(second.key.port, first.key.port) });
      await waiting(scenario);
      await switchReplica(scenario, first, true);
      await scenario.insert(2);
      await scenario.prefer(second);
      await scenario.kill(scenario.primary);
      await scenario.follows(first, second);
      await until('it acknowledges', async () => isOn(scenario, first));
      await scenario.replicated(3, second, [first, third]);
      assert.equal(await isOn(scenario, third), false);
      const { source } = NAMES[scenario.flavour];
      const [row] = await second.query(`SELECT @@global.${source}_enabled AS enabled`);
      assert.equal(Number(row?.enabled), 1);
    });
  },
);
