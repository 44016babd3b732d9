// What servers are set up with, and a failover has to keep: TLS, semi-sync, GTID domains.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Flavour } from '../../scripts/sandbox/sandbox.ts';
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
