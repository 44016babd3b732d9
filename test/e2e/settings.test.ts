// What servers are set up with, and a failover has to keep: TLS, semi-sync, GTID domains.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Flavour, REPLICATION_LOGIN, type SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { until } from '../support/daemon.ts';
import { inSession, replicaStatus } from '../support/dialect.ts';
import { address, type Scenario, scenarios } from '../support/scenario.ts';
import { Writer } from '../support/writer.ts';

const certificates = mkdtempSync(join(tmpdir(), 'certificates-'));
after(() => rmSync(certificates, { recursive: true, force: true }));

/** MySQL makes its own certificates; MariaDB 10.11 is given one. */
function tlsArguments(flavour: Flavour): readonly (readonly string[])[] {
  if (flavour === 'mysql') return [];
  const [key, certificate] = [join(certificates, 'key.pem'), join(certificates, 'cert.pem')];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'];
  execFileSync('openssl', [...request, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  const options = [`--ssl-key=${key}`, `--ssl-cert=${certificate}`, `--ssl-ca=${certificate}`];
  return [options, options, options];
}

async function replicateByTlsOnly({ flavour, servers, replicas, words }: Scenario): Promise<void> {
  const user = "'repl_tls'@'%'";
  for (const server of servers)
    await inSession(server, [
      ...(flavour === 'mysql' ? ['SET GLOBAL super_read_only = 0'] : []),
      'SET sql_log_bin = 0',
      `CREATE USER IF NOT EXISTS ${user} IDENTIFIED BY 'tls_pw' REQUIRE SSL`,
      `GRANT REPLICATION SLAVE ON *.* TO ${user}`,
    ]);
  const change =
    flavour === 'mysql'
      ? "CHANGE REPLICATION SOURCE TO SOURCE_USER = 'repl_tls', SOURCE_PASSWORD = 'tls_pw', SOURCE_SSL = 1"
      : "CHANGE MASTER TO MASTER_USER = 'repl_tls', MASTER_PASSWORD = 'tls_pw', MASTER_SSL = 1";
  for (const replica of replicas) {
    await inSession(replica, [words.stopReplication, change, words.startReplication]);
    if (flavour === 'mysql') await replica.query('SET GLOBAL super_read_only = 1');
  }
}

/** Sets every replica up anew, with a connection that has a name. */
async function replicateByName({ flavour, primary, replicas, words }: Scenario): Promise<void> {
  const { user, password } = REPLICATION_LOGIN;
  const options = (word: string) =>
    `${word}_HOST = '127.0.0.1', ${word}_PORT = ${primary.key.port}, ${word}_USER = '${user}', ${word}_PASSWORD = '${password}'`;
  const [forget, change, start] =
    flavour === 'mysql'
      ? [
          'RESET REPLICA ALL',
          `CHANGE REPLICATION SOURCE TO ${options('SOURCE')}, SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1 FOR CHANNEL 'west'`,
          "START REPLICA FOR CHANNEL 'west'",
        ]
      : [
          'RESET SLAVE ALL',
          `CHANGE MASTER 'west' TO ${options('MASTER')}, MASTER_USE_GTID = slave_pos`,
          "START SLAVE 'west'",
        ];
  for (const replica of replicas) await inSession(replica, [words.stopReplication, forget, change, start]);
}

/** Connections by name, each with the port of its source. */
async function connections({ flavour }: Scenario, server: SandboxServer): Promise<Readonly<Record<string, number>>> {
  const rows = await server.query(flavour === 'mysql' ? 'SHOW REPLICA STATUS' : 'SHOW ALL SLAVES STATUS');
  return Object.fromEntries(
    rows.map((row) => [row.Channel_Name ?? row.Connection_name, Number(row.Source_Port ?? row.Master_Port)]),
  );
}

scenarios('a replication connection with a name', { tree: [undefined, 0, 0] }, (scenario, test) => {
  const forgetNamed = async () => {
    if (scenario.flavour === 'mysql') return; // its reset takes all channels
    for (const replica of scenario.replicas) {
      await replica.query('STOP ALL SLAVES');
      for (const name of Object.keys(await connections(scenario, replica)))
        await replica.query(`RESET SLAVE '${name}' ALL`);
    }
  };

  test('is kept when replicas are attached to a new primary, and forgotten by that', async () => {
    scenario.onSettle(forgetNamed);
    await replicateByName(scenario);
    await scenario.replicated(2);
    await scenario.watching();
    await scenario.kill(scenario.primary);
    const leader = await until('one is writable', async () => (await scenario.writable(scenario.replicas))[0]);
    for (const replica of scenario.replicas) {
      const expected = replica === leader ? {} : { west: leader.key.port };
      await until('it follows, by name', async () => isDeepStrictEqual(await connections(scenario, replica), expected));
    }
    await scenario.replicated(
      3,
      leader,
      scenario.replicas.filter((one) => one !== leader),
    );
  });

  test('beside another one keeps its replica out of a failover, which is said', async () => {
    scenario.onSettle(forgetNamed);
    const [first, second] = scenario.replicas as [SandboxServer, SandboxServer];
    const { user, password } = REPLICATION_LOGIN;
    await first.query(
      scenario.flavour === 'mysql'
        ? `CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = 9, SOURCE_USER = '${user}', SOURCE_PASSWORD = '${password}' FOR CHANNEL 'east'`
        : `CHANGE MASTER 'east' TO MASTER_HOST = '127.0.0.1', MASTER_PORT = 9, MASTER_USER = '${user}', MASTER_PASSWORD = '${password}'`,
    );
    const before = await connections(scenario, first);
    const daemon = await scenario.watching();
    await daemon.logged('replicates from several sources');
    await scenario.kill(scenario.primary);
    await until('the other one leads', async () => (await scenario.writable([second])).length === 1);
    const [recovery] = await scenario.recoveries();
    assert.deepEqual(
      recovery?.LostReplicas.map(({ Port }) => Port),
      [first.key.port],
    );
    assert.deepEqual(await connections(scenario, first), before);
    assert.equal(await scenario.isReadOnly(first), true);
  });
});

scenarios('a virtual name', { tree: [undefined, 0, 0] }, (scenario, test) => {
  test('registered for a host is what its replicas are told, and stands for the host', async () => {
    const virtual = '127.1'; // another way to write the address
    const daemon = await scenario.watching();
    await daemon.kill('SIGTERM');
    daemon.store(
      "INSERT INTO hostname_unresolve (hostname, unresolved_hostname, last_registered) VALUES ('127.0.0.1', ?, datetime('now'))",
      [virtual],
    );
    await daemon.launch();
    const known = () => daemon.api<{ IsLastCheckValid: boolean }[]>('all-instances');
    await until('every server is read', async () => (await known()).every(({ IsLastCheckValid }) => IsLastCheckValid));
    await scenario.kill(scenario.primary);
    const leader = await scenario.healed(scenario.replicas, [1]);
    const [replica] = scenario.replicas.filter((one) => one !== leader);
    assert.ok(replica);
    assert.equal((await replicaStatus(replica))?.source.hostname, virtual);
    const clusters = () => daemon.api<{ ClusterName: string; CountInstances: number }[]>('clusters-info');
    await until('both are one cluster', async () =>
      (await clusters()).some((one) => one.ClusterName === address(leader) && one.CountInstances === 2),
    );
  });
});

scenarios('replication by TLS only', { tree: [undefined, 0, 0], extraArguments: tlsArguments }, (scenario, test) => {
  test('is kept when replicas are attached to a new primary', async () => {
    await replicateByTlsOnly(scenario);
    await scenario.replicated(2);
    await scenario.watching();
    await scenario.kill(scenario.primary);
    const leader = await scenario.healed(scenario.replicas, [1, 2]);
    for (const replica of scenario.replicas)
      if (replica !== leader) assert.equal((await replicaStatus(replica))?.tls, true);
  });

  test('is taken over by the old primary of a graceful takeover', async () => {
    await replicateByTlsOnly(scenario);
    await scenario.replicated(2);
    const daemon = await scenario.watching({ ReplicationCredentialsQuery: "SELECT 'repl_tls', 'tls_pw'" });
    const { hostname, port } = scenario.server(1).key;
    const path = `graceful-master-takeover-auto/${address(scenario.primary)}/${hostname}/${port}`;
    const answer = await daemon.api<{ Code: string; Message: string }>(path);
    assert.equal(answer.Code, 'OK', answer.Message);
    await scenario.healed(scenario.servers, [1, 2]);
    assert.equal((await replicaStatus(scenario.primary))?.tls, true);
  });
});

const SEMI_SYNC = {
  mysql: { source: 'rpl_semi_sync_source', replica: 'rpl_semi_sync_replica', clients: 'Rpl_semi_sync_source_clients' },
  mariadb: { source: 'rpl_semi_sync_master', replica: 'rpl_semi_sync_slave', clients: 'Rpl_semi_sync_master_clients' },
} as const;
const PLUGINS = ['--plugin-load-add=semisync_source.so', '--plugin-load-add=semisync_replica.so'];

scenarios(
  'semi-sync replication',
  {
    tree: [undefined, 0, 0, 0],
    extraArguments: (flavour) => (flavour === 'mysql' ? [PLUGINS, PLUGINS, PLUGINS, PLUGINS] : []),
  },
  (scenario, test) => {
    test('loses no acknowledged write when the primary is killed under load', async () => {
      const { source, replica, clients } = SEMI_SYNC[scenario.flavour];
      const { primary, replicas, words } = scenario;
      await inSession(primary, [`SET GLOBAL ${source}_timeout = 60000`, `SET GLOBAL ${source}_enabled = 1`]);
      for (const one of replicas)
        await inSession(one, [`SET GLOBAL ${replica}_enabled = 1`, words.stopReceiver, words.startReceiver]);
      await until('all replicas are semi-sync', async () => {
        const [row] = await primary.query(`SHOW GLOBAL STATUS LIKE '${clients}'`);
        return Number(row?.Value) === replicas.length;
      });
      await scenario.watching();
      const writers = [0, 1, 2].map((at) => new Writer([primary], 1_000_000 * (at + 1)));
      scenario.onSettle(async () => void (await Promise.all(writers.map((writer) => writer.stop()))));
      await until('every application wrote', async () =>
        writers.every(({ acknowledged }) => acknowledged.length >= 30),
      );
      await scenario.kill(primary);
      for (const writer of writers) await writer.stop();
      const leader = await until('one leads', async () => (await scenario.writable(replicas))[0]);
      const held = await scenario.rows(leader);
      const lost = writers.flatMap(({ ids }) => ids).filter((id) => !held.includes(id));
      assert.deepEqual(lost, []);
      await scenario.healed(replicas, held);
    });
  },
);

for (const [title, domainOf] of [
  ['a GTID domain other than 0', () => 7],
  ['a GTID domain for each server', (index: number) => index + 1],
] as const) {
  scenarios(
    title,
    {
      tree: [undefined, 0, 0, 0],
      flavours: ['mariadb'],
      extraArguments: () => [0, 1, 2, 3].map((index) => [`--gtid-domain-id=${domainOf(index)}`]),
    },
    (scenario, test) => {
      test('does not keep a primary from being replaced, and its successor neither', async () => {
        const daemon = await scenario.watching();
        const { replicas, words } = scenario;
        for (const replica of replicas) await replica.query(words.stopApplier);
        await scenario.insert(7);
        await scenario.received();
        await scenario.kill(scenario.primary);
        const second = await scenario.healed(replicas, [1, 7]);
        await scenario.recoveries();
        await daemon.api('ack-all-recoveries?comment=seen');
        await scenario.kill(second);
        const rest = replicas.filter((server) => server !== second);
        await scenario.healed(rest, [1, 7, 1_007]);
        await scenario.revive(scenario.primary);
        await scenario.fenced(scenario.primary);
      });
    },
  );
}
