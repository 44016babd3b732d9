import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MysqlServers, type ServersSettings } from '../../internal/mysql/servers.ts';
import { systemClock } from '../../internal/runtime/clock.ts';
import { silentLog } from '../../internal/runtime/log.ts';
import { findFlavours, Sandbox, type SandboxServer, TOPOLOGY_LOGIN } from '../../scripts/sandbox/sandbox.ts';
import { until } from '../support/daemon.ts';

const SETTINGS: ServersSettings = {
  login: TOPOLOGY_LOGIN,
  tls: { when: 'never', options: { rejectUnauthorized: true, minVersion: 'TLSv1.2' }, cacheMs: 1_000 },
  replicationCredentialsQuery: '',
  sweepTimeoutMs: 1_000,
  rareIntervalMs: 0,
  eventsChunk: 10_000,
  refusedRetryMs: 60_000,
  replicas: { registeredFirst: false, ignoredUsers: [], logIgnored: true },
  detection: { queries: {}, patterns: { dataCenter: '', region: '', physicalEnvironment: '' } },
};

for (const flavour of ['mariadb', 'mysql'] as const) {
  describe(`probing ${flavour}`, () => {
    let directory = '';
    let sandbox: Sandbox;
    let server: SandboxServer;
    const readers: MysqlServers[] = [];
    const warnings: { readonly part?: string; readonly missing?: unknown }[] = [];
    const disconnected: unknown[] = [];

    before(async function () {
      if (!(await findFlavours()).includes(flavour)) {
        assert.ok(!process.env.CI, `${flavour} must be there under CI`);
        console.log(`SKIPPED: no ${flavour} server on this machine`);
        this.skip();
      }
      directory = mkdtempSync(join(tmpdir(), 'probe-'));
      sandbox = await Sandbox.create({ flavour, servers: 1, directory });
      server = sandbox.servers[0] as SandboxServer;
      await server.query('CREATE DATABASE meta');
      await server.query("CREATE TABLE meta.place (dc VARCHAR(20)) SELECT 'ams' AS dc");
      await server.query(`GRANT SELECT ON meta.* TO '${TOPOLOGY_LOGIN.user}'@'%'`); // what operators' queries read
    });
    after(async () => {
      for (const reader of readers) reader.stop();
      await sandbox?.stop();
      if (directory !== '') rmSync(directory, { recursive: true, force: true });
    });

    function reader(detection: Partial<Record<string, string>>, more: Partial<ServersSettings> = {}): MysqlServers {
      const made = new MysqlServers({
        clock: systemClock,
        log: { ...silentLog, warn: (fields) => warnings.push(fields) },
        whyNoChange: () => undefined,
        leads: () => true,
        executor: () => undefined,
        virtualName: () => undefined,
        onDisconnect: (key) => disconnected.push(key),
        settings: { ...SETTINGS, ...more, detection: { ...SETTINGS.detection, queries: detection } },
      });
      readers.push(made);
      return made;
    }
    const probe = (servers: MysqlServers) => servers.probe(server.key, 1_500, new AbortController().signal);

    it('asks the queries of the operator along; one that fails costs nothing else and is told of once', async () => {
      warnings.length = 0;
      const servers = reader({
        region: 'SELECT no_such_column FROM meta.place;',
        dataCenter: 'SELECT dc FROM meta.place -- where it stands',
        lag: 'SELECT 3',
        promotionRule: "SELECT 'prefer'",
      });
      for (let round = 0; round < 3; round += 1) {
        const instance = await probe(servers);
        assert.equal(instance.dataCenter, 'ams');
        assert.equal(instance.region, '');
        assert.equal(instance.measuredLagSeconds, 3);
        assert.equal(instance.detectedPromotionRule, 'prefer');
        assert.equal(instance.binlogEnabled, true);
      }
      assert.deepEqual(
        warnings.map(({ part }) => part),
        ['region'],
      );
    });

    it('holds one connection to a server, also where two reads begin at once, and none to one that was forgotten', async () => {
      const sql = `SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = '${TOPOLOGY_LOGIN.user}'`;
      const sessions = async () => (await server.query(sql)).map(({ id }) => Number(id));
      const before = new Set(await sessions()); // those of tests before may be ending still
      const added = async () => (await sessions()).filter((id) => !before.has(id)).length;
      const servers = reader({});
      await Promise.all([probe(servers), probe(servers)]);
      await until('one is held', async () => (await added()) === 1);
      servers.forget(server.key);
      const reading = probe(servers).catch(() => undefined);
      servers.forget(server.key);
      await reading;
      await until('none is held', async () => (await added()) === 0);
    });

    it('a query that fails later leaves the last answer, until it answers again', async () => {
      const servers = reader({ dataCenter: 'SELECT dc FROM meta.place' });
      assert.equal((await probe(servers)).dataCenter, 'ams');
      await server.query('RENAME TABLE meta.place TO meta.elsewhere');
      try {
        assert.equal((await probe(servers)).dataCenter, 'ams');
      } finally {
        await server.query('RENAME TABLE meta.elsewhere TO meta.place');
      }
    });

    it('a query that hangs does not make a living server look dead, and is not asked again on the next connection', async () => {
      warnings.length = 0;
      disconnected.length = 0;
      const servers = reader({ region: 'SELECT SLEEP(30)', dataCenter: 'SELECT dc FROM meta.place' });
      const instance = await probe(servers);
      assert.equal(instance.version, (await server.query('SELECT VERSION() AS v'))[0]?.v);
      assert.equal((await probe(servers)).dataCenter, 'ams');
      assert.deepEqual(
        warnings.map(({ part }) => part),
        ['region'],
      );
      assert.deepEqual(disconnected, []);
    });

    it('tells once which rights our account lacks, and looks again whether they were granted', async () => {
      warnings.length = 0;
      const account = `'${TOPOLOGY_LOGIN.user}'@'%'`;
      const servers = reader({}, { refusedRetryMs: 0 });
      assert.deepEqual((await probe(servers)).missingRights, []);
      await server.query(`REVOKE RELOAD ON *.* FROM ${account}`);
      try {
        assert.deepEqual((await probe(servers)).missingRights, [], 'asked once as long as nothing is missing');
        servers.forget(server.key);
        const missing = [{ purpose: 'promote', right: 'RELOAD' }];
        for (let round = 0; round < 2; round += 1) assert.deepEqual((await probe(servers)).missingRights, missing);
        assert.deepEqual(
          warnings.map((fields) => fields.missing),
          [missing],
        );
      } finally {
        await server.query(`GRANT RELOAD ON *.* TO ${account}`);
      }
      assert.deepEqual((await probe(servers)).missingRights, []);
    });

    it('several statements in one query void the detection only', async () => {
      const servers = reader({ region: 'SELECT 1; SELECT 2', dataCenter: 'SELECT dc FROM meta.place' });
      const instance = await probe(servers);
      assert.equal(instance.dataCenter, '');
      assert.equal(instance.serverId, 1);
    });
  });
}
