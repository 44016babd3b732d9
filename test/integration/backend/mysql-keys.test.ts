// Keys about the server behind the backend, from the configuration to what the server sees.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBackend } from '../../../internal/app/own-backend.ts';
import type { Config } from '../../../internal/config/keys.ts';
import { defaultConfig } from '../../../internal/config/load.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { errorText } from '../../../internal/runtime/errors.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { Authority } from '../../support/certificates.ts';
import { until } from '../../support/daemon.ts';
import { BACKEND_LOGIN, backendFlavours, MysqlBackendServer } from '../../support/mysql-backend.ts';
import { aWatchedInstance } from './watched-instance.ts';

const ACCOUNT = `'${BACKEND_LOGIN.user}'@'%'`;

for (const flavour of await backendFlavours())
  describe(`a ${flavour} backend as the configuration wants it`, () => {
    let server: MysqlBackendServer;
    let directory: string;
    let files: Readonly<Record<'ca' | 'cert' | 'key' | 'others', string>>;

    before(async () => {
      directory = mkdtempSync(join(tmpdir(), 'backend-keys-'));
      const authority = new Authority(directory, 'ours');
      const { certFile, keyFile } = authority.issue('server', 'IP:127.0.0.1');
      const client = authority.issue('client', 'DNS:client');
      const ca = authority.self.certFile;
      const others = new Authority(directory, 'others').self.certFile;
      files = { ca, cert: client.certFile, key: client.keyFile, others };
      server = await MysqlBackendServer.start(flavour, [
        ...[`--ssl-ca=${ca}`, `--ssl-cert=${certFile}`, `--ssl-key=${keyFile}`],
      ]);
      await (await open({})).close(); // its tables are there
    });
    after(async () => {
      await server?.stop();
      rmSync(directory, { recursive: true, force: true });
    });

    const open = (more: Partial<Config>, clock = systemClock) =>
      openBackend(
        { ...defaultConfig(), ...server.keys(), ...more },
        { node: { hostname: 'here', token: 't' }, clock, log: silentLog, flushMs: 50 },
      );
    const sessions = async () =>
      (
        await server.sql('SELECT id FROM information_schema.processlist WHERE user = ? ORDER BY id', [
          BACKEND_LOGIN.user,
        ])
      ).map(({ id }) => Number(id));

    describe('where the account has to show a certificate', () => {
      before(() => server.sql(`ALTER USER ${ACCOUNT} REQUIRE X509`, [], ''));
      after(() => server.sql(`ALTER USER ${ACCOUNT} REQUIRE NONE`, [], ''));

      const all = () => ({
        MySQLOrchestratorUseMutualTLS: true,
        MySQLOrchestratorSSLCAFile: files.ca,
        MySQLOrchestratorSSLCertFile: files.cert,
        MySQLOrchestratorSSLPrivateKeyFile: files.key,
      });
      for (const [title, more, reason] of [
        ['all keys: it is let in', () => ({}), undefined],
        ['without MySQLOrchestratorUseMutualTLS', () => ({ MySQLOrchestratorUseMutualTLS: false }), /TLS keys|denied/],
        ['without MySQLOrchestratorSSLCertFile', () => ({ MySQLOrchestratorSSLCertFile: '' }), /TLS keys|denied/],
        [
          'without MySQLOrchestratorSSLPrivateKeyFile',
          () => ({ MySQLOrchestratorSSLPrivateKeyFile: '' }),
          /TLS keys|denied/,
        ],
        ['MySQLOrchestratorSSLCAFile of others', () => ({ MySQLOrchestratorSSLCAFile: files.others }), /certificate/],
        [
          'and MySQLOrchestratorSSLSkipVerify: it is let in',
          () => ({ MySQLOrchestratorSSLCAFile: files.others, MySQLOrchestratorSSLSkipVerify: true }),
          undefined,
        ],
      ] as readonly (readonly [string, () => Partial<Config>, RegExp | undefined])[])
        it(title, async () => {
          const opened = open({ ...all(), ...more() });
          if (reason === undefined) await (await opened).close();
          else await assert.rejects(opened, (err) => reason.test(errorText(err)));
        });
    });

    it('MySQLOrchestratorMaxPoolConnections: so many sessions at most', async () => {
      const before = await connectionsMade();
      const backend = await open({ MySQLOrchestratorMaxPoolConnections: 2 });
      await Promise.all(Array.from({ length: 12 }, () => backend.audits.page(0, 5)));
      await until('two sessions are left', async () => (await sessions()).length === 2);
      await backend.close();
      assert.ok((await connectionsMade()) - before <= 6);
    });

    const connectionsMade = async () => Number((await server.sql("SHOW GLOBAL STATUS LIKE 'Connections'"))[0]?.Value);

    for (const [seconds, renewed] of [
      [0, false],
      [60, true],
    ] as const)
      it(`MySQLConnectionLifetimeSeconds ${seconds}: sessions that are older are ${renewed ? '' : 'not '}replaced`, async () => {
        let later = 0;
        const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + later };
        const keys = { MySQLConnectionLifetimeSeconds: seconds, MySQLOrchestratorMaxPoolConnections: 1 };
        const backend = await open(keys, clock);
        try {
          await backend.audits.page(0, 5);
          const first = await until('there is one session', async () => {
            const all = await sessions();
            return all.length === 1 && all;
          });
          for (; later < 64_000; later += 4_000) await backend.audits.page(0, 5); // an idle one is ended sooner
          await until('one session is left', async () => (await sessions()).length === 1);
          assert.equal((await sessions()).join() !== first.join(), renewed);
        } finally {
          await backend.close();
        }
      });

    it('MySQLOrchestratorMaxAllowedPacket: many rows go in more statements', async () => {
      const statements = async (bytes: number) => {
        const count = async () => Number((await server.sql("SHOW GLOBAL STATUS LIKE 'Com_insert'"))[0]?.Value);
        const backend = await open({ MySQLOrchestratorMaxAllowedPacket: bytes });
        const before = await count();
        for (let at = 0; at < 40; at += 1)
          backend.instances.seen(aWatchedInstance({ key: { hostname: `h${at}`, port: 3306 } }), 'h0:3306', 0);
        await backend.close();
        return (await count()) - before;
      };
      const [few, many] = [await statements(-1), await statements(4_096)];
      assert.ok(many >= few + 3, `${few}, and ${many}`);
    });

    it('MySQLConnectTimeoutSeconds: a server that does not greet is given up', async () => {
      const mute = createServer(() => undefined).listen(0, '127.0.0.1');
      await new Promise((resolve) => mute.once('listening', resolve));
      const { port } = mute.address() as AddressInfo;
      const opened = open({ MySQLOrchestratorPort: port, MySQLConnectTimeoutSeconds: 1 });
      await assert.rejects(opened, (err) => /no login within 1000 ms/.test(errorText(err))).finally(() => mute.close());
    });
  });
