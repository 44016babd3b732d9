import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFlavours, Sandbox, type SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { Daemon, until } from '../support/daemon.ts';

interface WireInstance {
  readonly Key: { readonly Hostname: string; readonly Port: number };
  readonly MasterKey: { readonly Hostname: string; readonly Port: number };
  readonly ReadOnly: boolean;
}
interface WireRecovery {
  readonly IsSuccessful: boolean;
  readonly SuccessorKey: { readonly Port: number };
}

const address = (server: SandboxServer) => `${server.key.hostname}:${server.key.port}`;

for (const flavour of ['mariadb', 'mysql'] as const) {
  describe(`failover on real ${flavour} servers`, function () {
    this.timeout(120_000);
    let directory: string;
    let sandbox: Sandbox;
    let daemon: Daemon | undefined;

    before(async function () {
      if (!(await findFlavours()).includes(flavour)) {
        assert.ok(!process.env.CI, `${flavour} must be there under CI`);
        console.log(`SKIPPED: no ${flavour} server on this machine`);
        this.skip();
      }
    });

    beforeEach(async () => {
      directory = mkdtempSync(join(tmpdir(), `failover-${flavour}-`));
      sandbox = await Sandbox.create({ flavour, servers: 4, directory });
      await primary().query('CREATE DATABASE IF NOT EXISTS app');
      await primary().query('CREATE TABLE app.t (id INT PRIMARY KEY)');
      await replicated(1);
    });

    afterEach(async () => {
      await daemon?.stop();
      daemon = undefined;
      await sandbox.stop();
      rmSync(directory, { recursive: true, force: true });
    });

    const primary = () => server(0);
    function server(index: number): SandboxServer {
      const found = sandbox.servers[index];
      assert.ok(found);
      return found;
    }
    const replicas = () => sandbox.servers.slice(1);

    async function ids(on: SandboxServer): Promise<string> {
      const rows = (await on.query('SELECT GROUP_CONCAT(id ORDER BY id) AS ids FROM app.t')) as { ids: string }[];
      return rows[0]?.ids ?? '';
    }

    async function replicated(id: number): Promise<void> {
      await primary().query(`INSERT INTO app.t VALUES (${id})`);
      const want = await ids(primary());
      for (const replica of replicas())
        await until(`row ${id} on ${address(replica)}`, async () => (await ids(replica)) === want);
    }

    async function watching(config: Record<string, unknown> = {}): Promise<Daemon> {
      daemon = await Daemon.start({ seeds: [address(primary())], config });
      await until('four servers are discovered', async () => (await instances()).length === 4);
      return daemon;
    }

    const instances = () => daemon?.api<WireInstance[]>('all-instances') ?? Promise.resolve([]);

    async function isReadOnly(on: SandboxServer): Promise<boolean> {
      const rows = (await on.query("SHOW GLOBAL VARIABLES LIKE 'read_only'")) as { Value: string }[];
      return rows[0]?.Value === 'ON';
    }

    async function writable(among: readonly SandboxServer[]): Promise<readonly SandboxServer[]> {
      const states = await Promise.all(among.map(isReadOnly));
      return among.filter((_, index) => states[index] === false);
    }

    async function follows(replica: SandboxServer, source: SandboxServer): Promise<boolean> {
      const rows = (await replica.query(flavour === 'mysql' ? 'SHOW REPLICA STATUS' : 'SHOW SLAVE STATUS')) as Record<
        string,
        unknown
      >[];
      const status = rows[0] ?? {};
      const of = (a: string, b: string) => status[a] ?? status[b];
      return (
        Number(of('Source_Port', 'Master_Port')) === source.key.port &&
        of('Replica_IO_Running', 'Slave_IO_Running') === 'Yes' &&
        of('Replica_SQL_Running', 'Slave_SQL_Running') === 'Yes'
      );
    }

    /** One writable server among the survivors, all others attached to it and running, and every row on it. */
    async function healed(survivors: readonly SandboxServer[], rows: string): Promise<SandboxServer> {
      const leader = await until('one survivor is writable', async () => {
        const leaders = await writable(survivors);
        assert.ok(leaders.length <= 1, 'never two writable primaries');
        return leaders[0];
      });
      for (const replica of survivors) {
        if (replica !== leader)
          await until(`${address(replica)} follows ${address(leader)}`, () => follows(replica, leader));
      }
      for (const one of survivors) await until(`all rows on ${address(one)}`, async () => (await ids(one)) === rows);
      return leader;
    }

    const noRecovery = async () => assert.deepEqual(await daemon?.api('audit-recovery'), []);

    it('promotes a replica and attaches its siblings when the primary is killed', async () => {
      await watching();
      await replicated(2);
      const planned = await daemon?.api<{ successor: { port: number } }>(
        `v2/clusters/${address(primary())}/failover-plan`,
      );
      await primary().kill('SIGKILL');
      const leader = await healed(replicas(), '1,2');
      assert.equal(planned?.successor.port, leader.key.port, 'the plan asked for just before is what happened');
      const audit = await until('the audit tells', async () => {
        const list = await daemon?.api<WireRecovery[]>('audit-recovery');
        return list?.[0]?.IsSuccessful ? list : undefined;
      });
      assert.equal(audit.length, 1);
      assert.equal(audit[0]?.SuccessorKey.Port, leader.key.port);
    });

    it('makes a replaced primary read-only when its supervisor restarts it writable', async () => {
      await watching();
      await primary().kill('SIGKILL');
      await healed(replicas(), '1');
      await primary().restart();
      await until('the old primary is fenced', () => isReadOnly(primary()));
      await until('one server is writable', async () => (await writable(sandbox.servers)).length === 1);
    });

    it('lists what only the replaced primary holds', async () => {
      await watching();
      const stop = flavour === 'mysql' ? 'STOP REPLICA IO_THREAD' : 'STOP SLAVE IO_THREAD';
      for (const replica of replicas()) await replica.query(stop);
      await primary().query('INSERT INTO app.t VALUES (77)');
      await primary().kill('SIGKILL');
      const leader = await healed(replicas(), '1');
      await primary().start();
      await until('the old primary is fenced', () => isReadOnly(primary()));
      const audits = await until('the audit tells of it', async () => {
        const all = (await daemon?.api<{ AuditType: string; Message: string }[]>('audit')) ?? [];
        const found = all.filter(({ AuditType }) => AuditType === 'fence-replaced-primary');
        return found.length > 0 && found;
      });
      assert.match(audits[0]?.Message ?? '', new RegExp(`holds transactions that ${address(leader)} lacks: \\S+`));
      assert.equal(await ids(primary()), '1,77');
    });

    it('fails over a frozen primary, which is read-only as soon as it thaws', async () => {
      await watching();
      await primary().kill('SIGSTOP');
      try {
        await healed(replicas(), '1');
      } finally {
        await primary().kill('SIGCONT');
      }
      await until('the thawed primary is fenced', () => isReadOnly(primary()), 5_000);
      await until('one server is writable', async () => (await writable(sandbox.servers)).length === 1); // our session may be ended once more
    });

    it('keeps what a replica received and had not applied', async () => {
      await watching();
      const stop = flavour === 'mysql' ? 'STOP REPLICA SQL_THREAD' : 'STOP SLAVE SQL_THREAD';
      for (const replica of replicas()) await replica.query(stop);
      await primary().query('INSERT INTO app.t VALUES (7)');
      await until('the row was received', async () => {
        for (const replica of replicas()) if (!(await hasReceived(replica))) return false;
        return true;
      });
      await primary().kill('SIGKILL');
      await healed(replicas(), '1,7');
    });

    async function hasReceived(replica: SandboxServer): Promise<boolean> {
      const own = (await primary().query(
        flavour === 'mysql' ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS',
      )) as Record<string, unknown>[];
      const rows = (await replica.query(flavour === 'mysql' ? 'SHOW REPLICA STATUS' : 'SHOW SLAVE STATUS')) as Record<
        string,
        unknown
      >[];
      return Number(rows[0]?.Read_Source_Log_Pos ?? rows[0]?.Read_Master_Log_Pos) === Number(own[0]?.Position);
    }

    it('does not fail over when all appliers stop on a living primary', async () => {
      await watching();
      const stop = flavour === 'mysql' ? 'STOP REPLICA SQL_THREAD' : 'STOP SLAVE SQL_THREAD';
      for (const replica of replicas()) await replica.query(stop);
      await until('the analysis says so', async () => {
        const found = await daemon?.api<{ Details: { Analysis: string }[] }>('replication-analysis');
        return found?.Details.some(({ Analysis }) => Analysis === 'AllMasterReplicasNotReplicating');
      });
      await noRecovery();
      assert.equal(await isReadOnly(primary()), false);
    });

    for (const [title, config, path] of [
      ['the filters do not match', { RecoverMasterClusterFilters: ['another'] }, undefined],
      ['recoveries are disabled globally', {}, () => 'disable-global-recoveries'],
      [
        'the primary is in downtime',
        {},
        () => `begin-downtime/${primary().key.hostname}/${primary().key.port}/me/test/10m`,
      ],
    ] as const) {
      it(`leaves a dead primary alone when ${title}, and says so`, async () => {
        const running = await watching(config);
        if (path !== undefined) assert.equal((await running.api<{ Code: string }>(path())).Code, 'OK');
        await primary().kill('SIGKILL');
        await running.logged('a gate says no');
        await noRecovery();
        assert.deepEqual(await writable(replicas()), []);
      });
    }

    it('honours prefer and must_not', async () => {
      const running = await watching();
      for (const [replica, rule] of [
        [server(1), 'must_not'],
        [server(3), 'prefer'],
      ] as const) {
        const answer = await running.api<{ Code: string }>(
          `register-candidate/${replica.key.hostname}/${replica.key.port}/${rule}`,
        );
        assert.equal(answer.Code, 'OK');
      }
      await primary().kill('SIGKILL');
      assert.equal(await healed(replicas(), '1'), server(3));
    });

    it('stops before it changes anything when a pre-failover hook fails', async () => {
      const running = await watching({ PreFailoverProcesses: ['exit 3'] });
      await primary().kill('SIGKILL');
      await running.logged('recovery ends');
      assert.deepEqual(await writable(replicas()), []);
    });

    it('recovers once when the daemon is killed in the middle and started again', async () => {
      const marker = join(directory, 'killed');
      const running = await watching({
        PreFailoverProcesses: [`test -e ${marker} || { touch ${marker}; kill -9 $PPID; }`],
      });
      await primary().kill('SIGKILL');
      await until('the daemon is gone', async () => !(await answers(running)));
      assert.deepEqual(await writable(replicas()), []);
      await running.launch();
      await healed(replicas(), '1');
      const list = await until('both recoveries are closed', async () => {
        const all = (await running.api<(WireRecovery & { RecoveryEndTimestamp: string })[]>('audit-recovery')) ?? [];
        return all.length === 2 && all.every((one) => one.RecoveryEndTimestamp !== '') ? all : undefined;
      });
      assert.deepEqual(
        list.map(({ IsSuccessful }) => IsSuccessful),
        [true, false],
      );
    });

    async function answers(running: Daemon): Promise<boolean> {
      try {
        return (await fetch(`${running.url}/api/lb-check`)).ok;
      } catch {
        return false;
      }
    }

    it('hands over gracefully with nothing lost', async () => {
      const running = await watching({ ReplicationCredentialsQuery: "SELECT 'repl', 'repl_pw'" });
      const target = server(2);
      const cluster = address(primary());
      const answer = await running.api<{ Code: string; Message: string }>(
        `graceful-master-takeover-auto/${cluster}/${target.key.hostname}/${target.key.port}`,
      );
      assert.equal(answer.Code, 'OK', answer.Message);
      assert.equal(await healed(sandbox.servers, '1'), target);
    });
  });
}
