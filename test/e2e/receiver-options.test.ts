// Whatever moves, restarts or promotes, the way in which a replica connects to its source stays as its operator has set it: TLS and what it
// checks, the public key, retries, heartbeat, compression. Told by the servers themselves: by what they have set, and by the statements
// that they were sent.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Flavour, SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { Authority } from '../support/certificates.ts';
import { inSession } from '../support/dialect.ts';
import { address, scenarios } from '../support/scenario.ts';

const directory = mkdtempSync(join(tmpdir(), 'receiver-options-'));
const authority = new Authority(directory, 'ours');
const caFile = authority.self.certFile;

interface Family {
  readonly change: string;
  readonly set: string;
  /** What the server has set; the names of its columns are its own. */
  readonly ask: string;
  readonly columns: Readonly<Record<string, string>>;
}

/** Those that follow TLS and the public key: what the primary that is replaced gets from its successor. */
const FAMILIES: Readonly<Record<Flavour, Family & { readonly handedOver: readonly string[] }>> = {
  mariadb: {
    change: 'CHANGE MASTER TO',
    set: `MASTER_SSL=1, MASTER_SSL_CA='${caFile}', MASTER_SSL_VERIFY_SERVER_CERT=1, MASTER_CONNECT_RETRY=3, MASTER_HEARTBEAT_PERIOD=2.5`,
    ask: 'SHOW SLAVE STATUS',
    columns: {
      Master_SSL_Allowed: 'Yes',
      Master_SSL_CA_File: caFile,
      Master_SSL_Verify_Server_Cert: 'Yes',
      Connect_Retry: '3',
    },
    handedOver: ['Master_SSL_Allowed', 'Master_SSL_CA_File', 'Master_SSL_Verify_Server_Cert'],
  },
  mysql: {
    change: 'CHANGE REPLICATION SOURCE TO',
    set: `SOURCE_SSL=1, SOURCE_SSL_CA='${caFile}', SOURCE_SSL_VERIFY_SERVER_CERT=1, SOURCE_TLS_VERSION='TLSv1.2,TLSv1.3', GET_SOURCE_PUBLIC_KEY=1,
      SOURCE_CONNECT_RETRY=3, SOURCE_RETRY_COUNT=777, SOURCE_HEARTBEAT_PERIOD=2.5, SOURCE_COMPRESSION_ALGORITHMS='zlib,uncompressed'`,
    ask: 'SELECT * FROM performance_schema.replication_connection_configuration',
    columns: {
      SSL_ALLOWED: 'YES',
      SSL_CA_FILE: caFile,
      SSL_VERIFY_SERVER_CERTIFICATE: 'YES',
      TLS_VERSION: 'TLSv1.2,TLSv1.3',
      GET_PUBLIC_KEY: 'YES',
      CONNECTION_RETRY_INTERVAL: '3',
      CONNECTION_RETRY_COUNT: '777',
      HEARTBEAT_INTERVAL: '2.5',
      COMPRESSION_ALGORITHM: 'zlib,uncompressed',
    },
    handedOver: ['SSL_ALLOWED', 'SSL_CA_FILE', 'SSL_VERIFY_SERVER_CERTIFICATE', 'TLS_VERSION', 'GET_PUBLIC_KEY'],
  },
};

/** What none of our statements may say. */
const WEAKER =
  /(SSL|PUBLIC_KEY|VERIFY_SERVER_CERT)\s*=\s*0|SSL_CA\s*=\s*''|HEARTBEAT_PERIOD = (?!2\.5)|COMPRESSION|RETRY/i;

function serverArguments(): readonly (readonly string[])[] {
  const { certFile, keyFile } = authority.issue('server', 'IP:127.0.0.1');
  return Array.from({ length: 4 }, () => [`--ssl-ca=${caFile}`, `--ssl-cert=${certFile}`, `--ssl-key=${keyFile}`]);
}

after(() => rmSync(directory, { recursive: true, force: true }));

scenarios(
  'the options of receivers',
  { tree: [undefined, 0, 0, 0], extraArguments: serverArguments },
  (scenario, test) => {
    const { change, set, ask, columns, handedOver } = FAMILIES[scenario.flavour];
    const logOf = (server: SandboxServer) => join(directory, `statements-${scenario.flavour}-${server.key.port}.log`);

    async function isAsSet(
      server: SandboxServer,
      after: string,
      names: readonly string[] = Object.keys(columns),
    ): Promise<void> {
      const [row] = await server.query(ask);
      const pick = (from: Readonly<Record<string, unknown>>) => names.map((name) => [name, String(from[name])]);
      assert.deepEqual(pick(row ?? {}), pick(columns), `${address(server)} after ${after}`);
      if (scenario.flavour !== 'mariadb' || names.length < Object.keys(columns).length) return;
      const [heartbeat] = await server.query(`SHOW STATUS LIKE 'Slave_heartbeat_period'`);
      assert.equal(Number(heartbeat?.Value), 2.5, `${address(server)}: heartbeat after ${after}`);
    }

    test('survive restarts, moves, a planned takeover and a failover', async () => {
      const { primary, replicas, words } = scenario;
      const [one, two, three] = replicas as [SandboxServer, SandboxServer, SandboxServer];
      await primary.query(`ALTER USER repl@'%' REQUIRE SSL`);
      for (const replica of replicas) {
        await inSession(replica, [words.stopReplication, `${change} ${set}`, words.startReplication]);
        await scenario.follows(replica, primary);
        await isAsSet(replica, 'setting it');
      }
      for (const server of scenario.servers)
        await inSession(server, [`SET GLOBAL general_log_file = '${logOf(server)}'`, 'SET GLOBAL general_log = 1']);
      await scenario.watching({
        ReplicationCredentialsQuery: "SELECT 'repl', 'repl_pw'",
        RecoverMasterClusterFilters: ['.*'],
      });
      const path = ({ key }: SandboxServer) => `${key.hostname}/${key.port}`;
      const follows = new Map(replicas.map((replica) => [replica, primary] as const));
      for (const [call, ...moves] of [
        [`restart-replica/${path(three)}`],
        [`stop-replica/${path(three)}`],
        [`start-replica/${path(three)}`],
        [`relocate/${path(three)}/${path(two)}`, [three, two]],
        [`move-up/${path(three)}`, [three, primary]],
        [`relocate-replicas/${path(primary)}/${path(one)}`, [two, one], [three, one]],
        [`take-master/${path(two)}`, [two, primary], [one, two]],
        [`relocate-replicas/${path(two)}/${path(primary)}`, [one, primary]],
        [`relocate/${path(three)}/${path(primary)}`, [three, primary]],
      ] as const satisfies readonly (readonly [string, ...(readonly [SandboxServer, SandboxServer])[]])[]) {
        const { Code, Message } = await scenario.daemon.api<{ Code: string; Message: string }>(call);
        assert.equal(Code, 'OK', `${call}: ${Message}`);
        for (const [replica, source] of moves) follows.set(replica, source);
        if (call.startsWith('stop')) continue;
        for (const [replica, source] of follows) await scenario.follows(replica, source);
        for (const replica of replicas) await isAsSet(replica, call);
      }
      const takeover = `graceful-master-takeover-auto/${address(primary)}/${path(one)}`;
      const { Code, Message } = await scenario.daemon.api<{ Code: string; Message: string }>(takeover);
      assert.equal(Code, 'OK', Message);
      await scenario.healed([one, two, three, primary], [1]);
      for (const replica of [two, three]) await isAsSet(replica, takeover);
      await isAsSet(primary, takeover, handedOver);
      await scenario.kill(one);
      const survivors = [two, three, primary];
      const leader = await scenario.healed(survivors, [1, 1_001]);
      for (const replica of [two, three]) if (replica !== leader) await isAsSet(replica, 'a failover');
      if (leader !== primary) await isAsSet(primary, 'a failover', handedOver);
      const changes = scenario.servers.flatMap(changesIn);
      assert.ok(changes.length >= 9, `only ${changes.length} statements in the logs`);
      for (const statement of changes) assert.doesNotMatch(statement, WEAKER);
    });

    /** As the server logged them: passwords are hidden there. */
    function changesIn(server: SandboxServer): readonly string[] {
      return readFileSync(logOf(server), 'utf8')
        .split('\n')
        .filter((line) => new RegExp(`(Query|Execute)\\s+${change}`, 'i').test(line));
    }
  },
);
