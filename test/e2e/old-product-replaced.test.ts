// An operator swaps the program and nothing else: configuration file, backend and servers are those of the established product. What is known
// of the servers stands in the backend only, and the first thing that happens is that the primary dies.

import assert from 'node:assert/strict';
import type { SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { backendTime, instanceColumns, replicaColumns } from '../support/backend-fixture.ts';
import { Daemon, until } from '../support/daemon.ts';
import { MysqlBackendServer } from '../support/mysql-backend.ts';
import { lostOf, OldMysql, type OldProduct, type OldRow, OldSqlite } from '../support/old-product.ts';
import { address, type Scenario, scenarios } from '../support/scenario.ts';

/** As files in the field look: keys under old names, some that are gone, `#` for comments. */
const OLD_CONFIGURATION = {
  '#': 'kept from release to release',
  Debug: false,
  EnableSyslog: false,
  MySQLTopologyCredentialsConfigFile: '',
  MySQLTopologySSLPrivateKeyFile: '',
  MySQLTopologySSLSkipVerify: true,
  MySQLTopologyUseMutualTLS: false,
  DefaultInstancePort: 3306,
  DiscoverByShowSlaveHosts: true,
  DiscoveryPollSeconds: 5,
  InstancePollSeconds: 5,
  ActiveNodeExpireSeconds: 5,
  MaintenanceOwner: 'orchestrator',
  SlaveLagQuery: '',
  DetectClusterAliasQuery: "SELECT 'shop'",
  DetachLostSlavesAfterMasterFailover: true,
  AuditPageSize: 20,
  AgentPollMinutes: 60,
  StatusSimpleHealth: true,
  RecoveryPeriodBlockSeconds: 3600,
  RecoverMasterClusterFilters: ['alias=shop'],
  RecoverIntermediateMasterClusterFilters: ['*'],
};

scenarios('a deployment of the established product', { tree: [undefined, 0, 0, 0] }, (scenario, test) => {
  for (const place of ['in a file', 'on a server of the family'] as const)
    test(`with its backend ${place}: the servers are known at once, a dead primary is replaced, no table suffers`, async () => {
      const backend = place === 'in a file' ? undefined : await MysqlBackendServer.start(scenario.flavour);
      scenario.onSettle(() => backend?.stop());
      const daemon = await Daemon.prepare({ seeds: [], config: { ...OLD_CONFIGURATION, ...backend?.keys() } });
      scenario.onSettle(() => daemon.stop());
      scenario.watchedBy(daemon);
      const old: OldProduct = backend === undefined ? new OldSqlite(daemon.directory) : await OldMysql.make(backend);
      await old.insert(await rowsOf(scenario));
      const shape = await old.shape();

      await daemon.launch();
      const ports = (await daemon.api<{ Key: { Port: number } }[]>('cluster/shop')).map(({ Key }) => Key.Port);
      assert.deepEqual(ports.sort(), scenario.servers.map(({ key }) => key.port).sort());
      for (const server of scenario.servers) await isRead(daemon, server);

      await scenario.kill(scenario.primary);
      const leader = await scenario.healed(scenario.replicas, [1]);
      const [recovery] = await scenario.recoveries();
      assert.deepEqual([recovery?.IsSuccessful, recovery?.SuccessorKey.Port], [true, leader.key.port]);

      await daemon.kill('SIGTERM');
      assert.deepEqual(lostOf(shape, await old.shape()), []);
      const [stored] = await old.rows(
        'SELECT port, successor_port, cluster_alias, is_successful FROM topology_recovery',
      );
      const { port } = scenario.primary.key;
      assert.deepEqual(stored, { port, successor_port: leader.key.port, cluster_alias: 'shop', is_successful: 1 });
    });
});

async function isRead(daemon: Daemon, { key }: SandboxServer): Promise<void> {
  await until(`${key.port} is read`, async () => {
    const path = `instance/${key.hostname}/${key.port}`;
    return (await daemon.api<{ IsLastCheckValid: boolean }>(path)).IsLastCheckValid;
  });
}

/** What the established product had written of these servers a second ago. */
async function rowsOf({ flavour, servers, primary }: Scenario): Promise<Readonly<Record<string, readonly OldRow[]>>> {
  const nowMs = Date.now();
  const name = address(primary);
  const rows: OldRow[] = [];
  for (const server of servers) {
    const uuid = flavour === 'mysql' ? '@@server_uuid' : "''";
    const [found] = await server.query(`SELECT @@server_id AS id, @@version AS version, ${uuid} AS uuid`);
    const own = {
      ...{ ...server.key, server_id: found?.id, server_uuid: found?.uuid, version: found?.version, cluster_name: name },
      ...{
        suggested_cluster_alias: 'shop',
        version_comment: '',
        major_version: found?.version.split('.', 2).join('.'),
      },
    };
    const family = flavour === 'mysql' ? {} : { gtid_mode: '', supports_oracle_gtid: 0 };
    const ofReplica = {
      ...{ ...own, ...family, master_port: primary.key.port },
      ...(flavour === 'mysql' ? {} : { oracle_gtid: 0, mariadb_gtid: 1 }),
    };
    const noSource = { master_log_file: '', read_master_log_pos: 0, relay_master_log_file: '', exec_master_log_pos: 0 };
    rows.push(
      server === primary
        ? instanceColumns(nowMs, { ...noSource, ...own, ...family, num_slave_hosts: servers.length - 1 })
        : replicaColumns(nowMs, primary.key.hostname, ofReplica),
    );
  }
  const past = backendTime(nowMs - 60_000);
  return {
    database_instance: rows,
    cluster_alias: [{ cluster_name: name, alias: 'shop', last_registered: backendTime(nowMs) }],
    active_node: [{ anchor: 1, hostname: 'old', token: 'gone', last_seen_active: past, first_seen_active: past }],
    orchestrator_db_deployments: [{ deployed_version: '3.2.6', deployed_timestamp: past }],
  };
}
