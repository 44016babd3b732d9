// Replicas moved many at a time, by GTID and by file and position; a pair of primaries that go by position; and what is switched on
// single servers: semi-sync, running queries, credentials with certificates.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { APPLICATION_LOGIN, type Flavour, type SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { Authority } from '../support/certificates.ts';
import { until } from '../support/daemon.ts';
import { inSession, replicaStatus } from '../support/dialect.ts';
import { CREDENTIALS, operating, path } from '../support/operating.ts';
import { scenarios } from '../support/scenario.ts';

const directory = mkdtempSync(join(tmpdir(), 'more-operations-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const authority = new Authority(directory, 'ours');
const client = authority.issue('client', 'DNS:client');
const caFile = authority.self.certFile;

const PLUGINS = ['--plugin-load-add=semisync_source.so', '--plugin-load-add=semisync_replica.so'];
const SEMI_SYNC = {
  mysql: { clients: 'Rpl_semi_sync_source_clients', source: 'rpl_semi_sync_source', replica: 'rpl_semi_sync_replica' },
  mariadb: { clients: 'Rpl_semi_sync_master_clients', source: 'rpl_semi_sync_master', replica: 'rpl_semi_sync_slave' },
} as const;

function serverArguments(flavour: Flavour): readonly (readonly string[])[] {
  const { certFile, keyFile } = authority.issue(`server-${flavour}`, 'IP:127.0.0.1');
  const secured = [`--ssl-ca=${caFile}`, `--ssl-cert=${certFile}`, `--ssl-key=${keyFile}`];
  return Array.from({ length: 5 }, () => [...secured, ...(flavour === 'mysql' ? PLUGINS : [])]);
}

scenarios(
  'operations on many replicas and on single servers',
  { tree: [undefined, 0, 0, 1, 1], extraArguments: serverArguments },
  (scenario, test) => {
    const { done, no, whileWriting, tree, byPosition } = operating(scenario);

    /** Those that the answer shows to have been moved. */
    const moves = async (call: string, ...moved: readonly SandboxServer[]) => {
      const details = (await done(call)).Details as readonly { Key: { Port: number } }[];
      assert.deepEqual(details.map(({ Key }) => Key.Port).sort(), moved.map(({ key }) => key.port).sort());
    };

    test('move all replicas of a server, and all siblings of one, by GTID while an application writes', async () => {
      const [primary, one, two, three, four] = scenario.servers;
      assert.ok(primary && one && two && three && four);
      await scenario.watching(CREDENTIALS);
      await whileWriting(async () => {
        await moves(`move-replicas-gtid/${path(one)}/${path(two)}`, three, four);
        await tree(undefined, 0, 0, 2, 2);
        await moves(`move-up-replicas/${path(two)}`, three, four);
        await tree(undefined, 0, 0, 0, 0);
        assert.match((await done(`take-siblings/${path(two)}`)).Message, /^3 siblings/);
        await tree(undefined, 2, 0, 2, 2);
        assert.match((await done(`take-siblings/${path(two)}`)).Message, /^0 siblings/);
        await moves(`relocate-replicas/${path(two)}/${path(one)}`, three, four);
        await tree(undefined, 2, 0, 1, 1);
        await done(`repoint/${path(three)}/${path(primary)}`);
        await tree(undefined, 2, 0, 0, 1);
        await done(`can-replicate-from-gtid/${path(four)}/${path(two)}`);
        await no(`can-replicate-from-gtid/${path(two)}/${path(four)}`, /replicates from/);
      });
    });

    test('do the same by file and position, and make a pair of primaries, while an application writes', async () => {
      const [primary, one, two, three, four] = scenario.servers;
      assert.ok(primary && one && two && three && four);
      await scenario.watching(CREDENTIALS);
      await byPosition(1, 2, 3, 4);
      await whileWriting(async () => {
        await no(`can-replicate-from-gtid/${path(three)}/${path(two)}`, /does not replicate by GTID/);
        await no(`move-replicas-gtid/${path(one)}/${path(two)}`, /does not replicate by GTID/);
        await moves(`move-up-replicas/${path(one)}`, three, four);
        await tree(undefined, 0, 0, 0, 0);
        assert.match((await done(`take-siblings/${path(two)}`)).Message, /^3 siblings/);
        await tree(undefined, 2, 0, 2, 2);
        await moves(`relocate-replicas/${path(two)}/${path(one)}`, three, four);
        await tree(undefined, 2, 0, 1, 1);
        await done(`detach-replica-master-host/${path(three)}`);
        assert.equal((await replicaStatus(three))?.source.hostname, `//${one.key.hostname}`);
        await done(`reattach-replica-master-host/${path(three)}`);
        await done(`repoint/${path(four)}/${path(one)}`);
        await tree(undefined, 2, 0, 1, 1);
        await done(`make-co-master/${path(two)}`);
        await tree(2, 2, 0, 1, 1);
      });
      assert.deepEqual(await scenario.writable(scenario.servers), [primary]);
    });

    test('switch semi-sync on and off, which writes wait for', async () => {
      const one = scenario.server(1);
      const { clients, source, replica } = SEMI_SYNC[scenario.flavour];
      scenario.onSettle(async () => {
        for (const server of scenario.servers)
          await inSession(server, [`SET GLOBAL ${source}_enabled = 0`, `SET GLOBAL ${replica}_enabled = 0`]);
      });
      await scenario.watching(CREDENTIALS);
      const shown = async (name: string, value: string) =>
        until(`${name} is ${value}`, async () => {
          const [row] = await scenario.primary.query(`SHOW GLOBAL STATUS LIKE '${name}'`);
          if (String(row?.Value) === value) return true;
          throw new Error(String(row?.Value));
        });
      for (const [on, off] of [
        ['source', 'master'],
        ['master', 'source'],
      ] as const) {
        await done(`enable-semi-sync-replica/${path(one)}`);
        await done(`enable-semi-sync-${on}/${path(scenario.primary)}`);
        await shown(clients, '1');
        await shown(`${source}_status`, 'ON');
        await scenario.replicated(on === 'source' ? 2 : 3);
        await done(`disable-semi-sync-${off}/${path(scenario.primary)}`);
        await shown(`${source}_status`, 'OFF');
        await done(`disable-semi-sync-replica/${path(one)}`);
        await shown(clients, '0');
        await scenario.follows(one, scenario.primary);
      }
    });

    test('end a query and not its session; take a user who shows a certificate, also for a pair of primaries', async () => {
      const [primary, one, two, three] = scenario.servers;
      assert.ok(primary && one && two && three);
      const password = 'pass of x509';
      await inSession(primary, [
        `CREATE USER IF NOT EXISTS 'repl_x509'@'%' IDENTIFIED BY '${password}' REQUIRE X509`,
        "GRANT REPLICATION SLAVE ON *.* TO 'repl_x509'@'%'",
      ]);
      await scenario.replicated(2);
      const columns = ['repl_x509', password, caFile, client.certFile, client.keyFile];
      await scenario.watching({
        ...CREDENTIALS,
        ReplicationCredentialsQuery: `SELECT ${columns.map((text, at) => `'${text}' AS c${at}`).join()}`,
      });

      const session = await scenario.session(primary, APPLICATION_LOGIN);
      let asleep = true;
      const wakes = () => {
        asleep = false;
      };
      void session.query('SELECT SLEEP(80)').then(wakes, wakes); // some versions answer, some say that it was interrupted
      await until('the query runs', async () => {
        const [row] = await primary.query(
          `SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = ${session.threadId} AND INFO LIKE '%SLEEP%'`,
        );
        return row !== undefined;
      });
      await no(`kill-query/${path(primary)}/0`, /session/);
      await done(`kill-query/${path(primary)}/${session.threadId}`);
      await until('the query is over', async () => !asleep);
      await session.query('SELECT 1');

      const usesCertificate = async (server: SandboxServer) => {
        const [row] = await server.query(scenario.words.replicaStatus);
        const of = (name: string) => String(row?.[`Source_${name}`] ?? row?.[`Master_${name}`]);
        const shown = ['User', 'SSL_CA_File', 'SSL_Cert', 'SSL_Key'].map(of);
        assert.deepEqual(shown, ['repl_x509', caFile, client.certFile, client.keyFile]);
      };
      await done(`stop-replica/${path(two)}`);
      await done(`change-master-credentials/${path(two)}`);
      assert.equal((await replicaStatus(two))?.receiving, false, 'it was stopped, and stays so');
      await done(`start-replica/${path(two)}`);
      await done(`change-master-credentials/${path(three)}`);
      await tree(undefined, 0, 0, 1);
      for (const server of [two, three]) await usesCertificate(server);
      await done(`make-co-master/${path(two)}`);
      await tree(2, 0, 0, 1, 1);
      await usesCertificate(primary);
      await scenario.replicated(3);
      const told = JSON.stringify(await scenario.daemon.api('audit'));
      assert.match(told, /repl_x509/);
      for (const where of [told, scenario.daemon.log()]) assert.ok(!where.includes(password), 'no password is told');
    });
  },
);
