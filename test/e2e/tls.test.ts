import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connector } from '../../internal/mysql/connector.ts';
import type { Login } from '../../internal/mysql/server-connection.ts';
import { MysqlServers } from '../../internal/mysql/servers.ts';
import type { TlsSettings } from '../../internal/mysql/tls.ts';
import { systemClock } from '../../internal/runtime/clock.ts';
import { errorText } from '../../internal/runtime/errors.ts';
import { silentLog } from '../../internal/runtime/log.ts';
import type { InstanceKey } from '../../internal/topology/instance-key.ts';
import { findFlavours, Sandbox, type SandboxServer, TOPOLOGY_LOGIN } from '../../scripts/sandbox/sandbox.ts';
import { Authority, type Certificate } from '../support/certificates.ts';
import { Daemon, until } from '../support/daemon.ts';

const PASSWORD = 'a password to look for';
const MUST_USE_TLS: Login = { user: 'tls_only', password: PASSWORD };
const MUST_SHOW_CERTIFICATE: Login = { user: 'x509_only', password: PASSWORD };
const NO_SIGNAL = new AbortController().signal;

for (const flavour of ['mariadb', 'mysql'] as const) {
  describe(`TLS to ${flavour}`, function () {
    this.timeout(90_000);
    let directory = '';
    let sandbox: Sandbox;
    let authority: Authority;
    let stranger: Authority;
    let client: Certificate;
    let server: SandboxServer;
    let impostor: SandboxServer;

    before(async function () {
      if (!(await findFlavours()).includes(flavour)) {
        assert.ok(!process.env.CI, `${flavour} must be there under CI`);
        console.log(`SKIPPED: no ${flavour} server on this machine`);
        this.skip();
      }
      directory = mkdtempSync(join(tmpdir(), 'tls-'));
      authority = new Authority(directory, 'ours');
      stranger = new Authority(directory, 'strangers');
      client = authority.issue('client', 'DNS:client');
      const good = authority.issue('server', 'IP:127.0.0.1,IP:::1,DNS:localhost');
      const elsewhere = authority.issue('elsewhere', 'IP:10.0.0.1,DNS:elsewhere');
      const secured = ({ certFile, keyFile }: Certificate) => [
        `--ssl-ca=${authority.self.certFile}`,
        `--ssl-cert=${certFile}`,
        `--ssl-key=${keyFile}`,
        '--bind-address=127.0.0.1,::1',
      ];
      sandbox = await Sandbox.create({
        flavour,
        servers: 4,
        directory,
        extraArguments: [secured(good), secured(good), secured(good), secured(elsewhere)],
      });
      [server, impostor] = [sandbox.servers[0] as SandboxServer, sandbox.servers[3] as SandboxServer];
      for (const [user, need] of [
        ['tls_only', 'SSL'],
        ['x509_only', 'X509'],
      ] as const) {
        await server.query(`CREATE USER ${user}@'%' IDENTIFIED BY '${PASSWORD}' REQUIRE ${need}`);
        await server.query(`GRANT ALL ON *.* TO ${user}@'%'`);
      }
    });
    after(async () => {
      await sandbox?.stop();
      if (directory !== '') rmSync(directory, { recursive: true, force: true });
    });

    const tls = (when: TlsSettings['when'], more: Partial<TlsSettings['options']> = {}): TlsSettings => ({
      when,
      options: { ca: authority.self.cert, rejectUnauthorized: true, minVersion: 'TLSv1.2', ...more },
      cacheMs: 60_000,
    });
    /** The cipher of a new connection; empty: it is in the clear. */
    async function cipher(
      key: InstanceKey,
      login: Login,
      settings: TlsSettings,
      connector?: Connector,
    ): Promise<string> {
      const opener = connector ?? new Connector({ settings: { login, tls: settings }, clock: systemClock });
      const { connection } = await opener.open(key, AbortSignal.timeout(30_000));
      try {
        const [row] = await connection.query("SHOW SESSION STATUS LIKE 'Ssl_cipher'", [], NO_SIGNAL);
        return String(row?.Value);
      } finally {
        connection.close();
      }
    }

    it('is used where it is asked for, by address, by name and over IPv6', async () => {
      for (const hostname of ['127.0.0.1', 'localhost', '::1'])
        assert.notEqual(await cipher({ ...server.key, hostname }, TOPOLOGY_LOGIN, tls('always')), '', hostname);
      assert.equal(await cipher(server.key, TOPOLOGY_LOGIN, tls('never')), '');
    });

    it('is used by itself where an account insists, and only there', async () => {
      assert.equal(await cipher(server.key, TOPOLOGY_LOGIN, tls('asked')), '');
      const connector = new Connector({ settings: { login: MUST_USE_TLS, tls: tls('asked') }, clock: systemClock });
      for (let round = 0; round < 2; round += 1)
        assert.notEqual(await cipher(server.key, MUST_USE_TLS, tls('asked'), connector), '');
    });

    it('is asked for anew once it is no longer remembered that a server insists', async () => {
      let nowMs = 0;
      const clock = { ...systemClock, monotonicMs: () => nowMs };
      const settings = { login: MUST_USE_TLS, tls: { ...tls('asked'), cacheMs: 10_000 } };
      const connector = new Connector({ settings, clock });
      const refusals = async () => {
        const [row] = await server.query("SHOW GLOBAL STATUS LIKE 'Aborted_connects'");
        return Number(row?.Value);
      };
      const first = await refusals();
      for (const [atMs, refused] of [
        [1, 1],
        [9_000, 1],
        [10_002, 2],
      ] as const) {
        nowMs = atMs;
        assert.notEqual(await cipher(server.key, MUST_USE_TLS, settings.tls, connector), '');
        await until(`${refused} were refused`, async () => (await refusals()) === first + refused);
      }
    });

    it('is what the keys of a daemon say', async () => {
      const keys = {
        ...{ MySQLTopologyUser: MUST_SHOW_CERTIFICATE.user, MySQLTopologyPassword: PASSWORD },
        ...{ MySQLTopologyUseMutualTLS: true, MySQLTopologySSLCAFile: authority.self.certFile },
        ...{ MySQLTopologySSLCertFile: client.certFile, MySQLTopologySSLPrivateKeyFile: client.keyFile },
      };
      const daemon = await Daemon.start({ seeds: [`127.0.0.1:${server.key.port}`], config: keys });
      try {
        await until('it reads the server', async () => {
          const [instance] = await daemon.api<{ IsLastCheckValid: boolean }[]>('all-instances');
          return instance?.IsLastCheckValid;
        });
      } finally {
        await daemon.stop();
      }
    });

    for (const [title, target, login, settings, reason] of [
      [
        'another authority',
        () => server,
        TOPOLOGY_LOGIN,
        () => tls('always', { ca: stranger.self.cert }),
        /self.signed|verify/,
      ],
      ['a certificate for another address', () => impostor, TOPOLOGY_LOGIN, () => tls('always'), /altnames/],
      ['an account that insists, without TLS', () => server, MUST_USE_TLS, () => tls('never'), /denied|secure/],
      ['an account that wants a certificate', () => server, MUST_SHOW_CERTIFICATE, () => tls('always'), /denied/],
      ['a wrong password', () => server, { ...MUST_USE_TLS, password: `${PASSWORD}!` }, () => tls('asked'), /denied/],
    ] as const) {
      it(`refuses ${title}, and tells no password`, async () => {
        await assert.rejects(cipher(target().key, login, settings()), (err) => {
          assert.match(errorText(err), reason);
          assert.ok(!`${errorText(err)} ${JSON.stringify(err)}`.includes(PASSWORD));
          return true;
        });
      });
    }

    it('takes any certificate when told to, and still shows its own', async () => {
      assert.notEqual(await cipher(impostor.key, TOPOLOGY_LOGIN, tls('always', { rejectUnauthorized: false })), '');
      const { cert, key } = client;
      for (const rejectUnauthorized of [true, false])
        assert.notEqual(
          await cipher(server.key, MUST_SHOW_CERTIFICATE, tls('always', { cert, key, rejectUnauthorized })),
          '',
        );
    });

    it('without it, a password that the server does not have in its cache goes under the public key of the server', async () => {
      await server.query('FLUSH PRIVILEGES');
      assert.equal(await cipher(server.key, TOPOLOGY_LOGIN, tls('never')), '');
    });

    it('of replication survives a re-point, and is handed to a source that becomes a replica', async () => {
      const [first, second, third] = sandbox.servers as [SandboxServer, SandboxServer, SandboxServer];
      const mysql = flavour === 'mysql';
      const [stop, start] = mysql ? ['STOP REPLICA', 'START REPLICA'] : ['STOP SLAVE', 'START SLAVE'];
      const word = mysql ? 'SOURCE' : 'MASTER';
      await first.query(`ALTER USER repl@'%' REQUIRE SSL`);
      for (const replica of [second, third]) {
        await replica.query(stop);
        const change = mysql ? 'CHANGE REPLICATION SOURCE TO' : 'CHANGE MASTER TO';
        await replica.query(
          `${change} ${word}_SSL = 1, ${word}_SSL_CA = '${authority.self.certFile}', ${word}_SSL_VERIFY_SERVER_CERT = 1`,
        );
        await replica.query(start);
      }
      const servers = new MysqlServers({
        clock: systemClock,
        log: silentLog,
        onDisconnect: () => undefined,
        whyNoChange: () => undefined,
        leads: () => true,
        executor: () => undefined,
        virtualName: () => undefined,
        settings: {
          login: TOPOLOGY_LOGIN,
          tls: tls('never'),
          replicationCredentialsQuery: mysql ? '' : "SELECT 'repl', 'repl_pw'",
          sweepTimeoutMs: 1_000,
          rareIntervalMs: 0,
          eventsChunk: 10_000,
          refusedRetryMs: 60_000,
          replicas: { registeredFirst: false, ignoredUsers: [], logIgnored: true },
          detection: { queries: {}, patterns: { dataCenter: '', region: '', physicalEnvironment: '' } },
        },
      });
      const probe = (of: SandboxServer) => servers.probe(of.key, 3_000, NO_SIGNAL);
      const secured = (of: SandboxServer, source: SandboxServer) =>
        until(`${of.key.port} follows ${source.key.port} with TLS`, async () => {
          const { replication } = await probe(of);
          return (
            replication?.receiver === 'running' &&
            replication.source.port === source.key.port &&
            replication.tlsAllowed &&
            replication.tls.caFile === authority.self.certFile &&
            replication.tls.verifyServerCert === true
          );
        });
      try {
        await secured(second, first);
        await secured(third, first);
        await servers.change(third.key, 10_000, NO_SIGNAL, async (session) => {
          await session.pointTo(second.key);
          await session.startReplication();
        });
        await secured(third, second);
        const login = await servers.change(second.key, 10_000, NO_SIGNAL, (session) => session.replicationLogin());
        assert.equal(login?.tls?.caFile, authority.self.certFile);
        await servers.change(second.key, 10_000, NO_SIGNAL, (session) => session.forgetSource());
        await servers.change(first.key, 10_000, NO_SIGNAL, async (session) => {
          await session.pointTo(second.key, login);
          await session.startReplication();
        });
        await secured(first, second);
      } finally {
        servers.stop();
      }
    });
  });
}
