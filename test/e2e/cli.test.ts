import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFlavours, Sandbox, type SandboxServer, TOPOLOGY_LOGIN } from '../../scripts/sandbox/sandbox.ts';
import { readBackend } from '../support/backend-fixture.ts';
import { type CliResult, runCli, spawnCli } from '../support/cli.ts';
import { Daemon, freePort, until } from '../support/daemon.ts';

const nameOf = ({ key }: SandboxServer) => `${key.hostname}:${key.port}`;

for (const flavour of ['mariadb', 'mysql'] as const) {
  describe(`the command line on real ${flavour} servers, without a daemon`, function () {
    this.timeout(180_000);
    let directory = '';
    let backend = '';
    let config = '';
    const run = (...argv: string[]): Promise<CliResult> => runCli(['-config', config, ...argv]);
    let sandbox: Sandbox | undefined;
    let servers: readonly SandboxServer[] = [];

    before(async function () {
      if (!(await findFlavours()).includes(flavour)) {
        assert.ok(!process.env.CI, `${flavour} must be there under CI`);
        console.log(`SKIPPED: no ${flavour} server on this machine`);
        this.skip();
      }
      directory = mkdtempSync(join(tmpdir(), `cli-${flavour}-`));
      backend = join(directory, 'orchestrator.sqlite3');
      config = join(directory, 'orchestrator.conf.json');
      sandbox = await Sandbox.create({ flavour, servers: 3, directory });
      servers = sandbox.servers;
      const keys = {
        BackendDB: 'sqlite',
        SQLite3DataFile: backend,
        ListenAddress: `127.0.0.1:${await freePort()}`,
        MySQLTopologyUser: TOPOLOGY_LOGIN.user,
        MySQLTopologyPassword: TOPOLOGY_LOGIN.password,
        HostnameResolveMethod: 'none',
        MySQLHostnameResolveMethod: 'none',
        ReplicationCredentialsQuery: "SELECT 'repl', 'repl_pw'",
        InstancePollSeconds: 600,
        DeadInstancePollSecondsMax: 600,
        ProbeReadTimeoutMilliseconds: 10_000, // a command begins cold
        PostFailoverProcesses: [`echo {successorHost}:{successorPort} >> ${join(directory, 'hook')}`],
      };
      writeFileSync(config, JSON.stringify(keys));
    });

    after(async () => {
      await sandbox?.stop();
      if (directory !== '') rmSync(directory, { recursive: true, force: true });
    });

    function server(index: number): SandboxServer {
      const found = servers[index];
      assert.ok(found);
      return found;
    }

    async function prints(result: Promise<CliResult>, stdout: string): Promise<void> {
      const { status, stdout: printed, stderr } = await result;
      assert.deepEqual([status, printed], [0, stdout], stderr);
    }

    /** Servers as the tree shows them: the primary, then its replicas by port. */
    async function tree(primary: SandboxServer, replicas: readonly SandboxServer[]): Promise<string> {
      const [row] = (await primary.query('SELECT @@version AS version, @@binlog_format AS format')) as {
        version: string;
        format: string;
      }[];
      const state = (writable: string, gtid: string) => `[0s,ok,${row?.version},${writable},${row?.format},>>${gtid}]`;
      const below = [...replicas].sort((a, b) => a.key.port - b.key.port);
      return [
        `${nameOf(primary)}   ${state('rw', flavour === 'mysql' ? ',GTID' : '')}\n`,
        ...below.map((replica) => `+ ${nameOf(replica)} ${state('ro', ',GTID')}\n`),
      ].join('');
    }

    async function discoverAll(living: readonly SandboxServer[]): Promise<void> {
      await prints(
        run('-c', 'discover', '-i', living.map(nameOf).join(',')),
        living.map((one) => `${nameOf(one)}\n`).join(''),
      );
    }

    /** Threads that were just started may say so a moment later. */
    async function draws(alias: string, living: readonly SandboxServer[], expected: string): Promise<void> {
      let drawn = '';
      await until('the tree is drawn', async () => {
        await discoverAll(living);
        drawn = (await run('-c', 'topology', '-i', alias)).stdout;
        return drawn === expected;
      }).catch(() => assert.equal(drawn, expected));
    }

    it('discovers the servers it is told, and no others', async () => {
      await prints(run('-c', 'discover', '-i', nameOf(server(1))), `${nameOf(server(1))}\n`);
      await prints(run('-c', 'all-instances'), `${nameOf(server(1))}\n`);
      await discoverAll(servers);
    });

    it('draws what it found', async () => {
      await draws(nameOf(server(2)), servers, await tree(server(0), [server(1), server(2)]));
      await prints(run('-c', 'replication-analysis'), '');
      await prints(run('-c', 'all-clusters-masters'), `${nameOf(server(0))}\n`);
    });

    it('changes no server with -noop', async () => {
      const { status, stderr } = await run('-noop', '-c', 'graceful-master-takeover-auto', '-i', nameOf(server(0)));
      assert.equal(status, 1);
      assert.match(stderr, /FATAL -noop/);
    });

    it('hands the mastership over, and prints the new master with its position', async () => {
      await server(0).query('CREATE DATABASE app');
      const target = nameOf(server(1));
      const { status, stdout, stderr } = await run(
        '-c',
        'graceful-master-takeover-auto',
        '-i',
        nameOf(server(0)),
        '-d',
        target,
      );
      assert.equal(status, 0, stderr);
      assert.match(stdout, new RegExp(`^${target.replaceAll('.', '\\.')}\\n\\S+\\.\\d+:\\d+\\n$`));
      await prints(run('-c', 'which-lost-in-recovery'), `${nameOf(server(0))}\n`);
      await prints(run('-c', 'end-downtime', '-i', nameOf(server(0))), `${nameOf(server(0))}\n`);
      await draws(target, servers, await tree(server(1), [server(0), server(2)]));
    });

    it('finds nothing to recover where nothing is dead', async () => {
      const { status, stdout, stderr } = await run('-c', 'recover', '-i', nameOf(server(1)));
      assert.deepEqual([status, stdout], [0, '']);
      assert.match(stderr, /ERROR nothing to recover/);
    });

    it('lets go of a recovery when it is interrupted', async () => {
      const dead = server(1);
      await dead.kill('SIGKILL');
      const marker = join(directory, 'waiting');
      const slow = join(directory, 'slow.conf.json');
      const hook = `touch ${marker}; until [ -e ${marker}.go ]; do sleep 0.05; done`;
      const keys = { ...JSON.parse(readFileSync(config, 'utf8')), PreFailoverProcesses: [hook] };
      writeFileSync(slow, JSON.stringify(keys));
      await until('the replicas notice', async () => {
        await discoverAll([server(0), server(2)]);
        await run('-c', 'discover', '-i', nameOf(dead));
        return (await run('-c', 'replication-analysis')).stdout.includes('DeadMaster');
      });
      const recovering = spawnCli(['-config', slow, '-c', 'recover', '-i', nameOf(dead)]);
      await until('the hook runs', async () => existsSync(marker));
      recovering.kill('SIGINT');
      writeFileSync(`${marker}.go`, '');
      const { status, stdout, stderr } = await recovering.ended;
      assert.deepEqual([status, stdout], [1, ''], stderr);
      assert.deepEqual(
        readBackend(
          backend,
          `SELECT is_successful AS ok, end_recovery IS NOT NULL AS ended FROM topology_recovery WHERE port = ${dead.key.port}`,
        ),
        [{ ok: 0, ended: 1 }],
      );
      for (const replica of [server(0), server(2)])
        assert.deepEqual(await replica.query('SELECT @@global.read_only AS value'), [{ value: 1 }]);
    });

    it('recovers a dead master, runs the hooks, and remembers to fence the dead', async () => {
      const dead = server(1);
      const living = [server(0), server(2)];
      let promoted = '';
      await until('the replicas notice and one is promoted', async () => {
        const { status, stdout, stderr } = await run('-c', 'recover', '-i', nameOf(dead));
        assert.equal(status, 0, stderr);
        promoted = stdout.trim();
        return promoted !== '';
      });
      const successor = living.find((one) => nameOf(one) === promoted);
      assert.ok(successor, promoted);
      const others = living.filter((one) => one !== successor);
      await draws(promoted, living, await tree(successor, others));
      assert.equal(readFileSync(join(directory, 'hook'), 'utf8').trim().split('\n').at(-1), promoted);
      await prints(run('-c', 'which-lost-in-recovery'), `${nameOf(dead)}\n`);
      assert.deepEqual(readBackend(backend, 'SELECT port FROM fence_intent'), [{ port: dead.key.port }]);
      assert.deepEqual(
        readBackend(
          backend,
          'SELECT successor_port AS port, is_successful AS ok FROM topology_recovery ORDER BY recovery_id DESC LIMIT 1',
        ),
        [{ port: successor.key.port, ok: 1 }],
      );
    });

    it('replaces a living master by force, which is read-only from then on', async () => {
      const { stdout: before } = await run('-c', 'which-cluster-master', '-i', nameOf(server(2)));
      const old = [server(0), server(2)].find((one) => `${nameOf(one)}\n` === before);
      const other = [server(0), server(2)].find((one) => one !== old);
      assert.ok(old && other, before);
      await prints(run('-c', 'force-master-failover', '-i', nameOf(old)), `${nameOf(other)}\n`);
      await prints(run('-c', 'which-cluster-master', '-i', nameOf(other)), `${nameOf(other)}\n`);
      assert.deepEqual(await old.query('SELECT @@global.read_only AS value'), [{ value: 1 }]);
      assert.deepEqual(await other.query('SELECT @@global.read_only AS value'), [{ value: 0 }]);
    });
  });
  describe(`the command line beside a daemon on real ${flavour} servers`, function () {
    this.timeout(120_000);
    let directory = '';
    let sandbox: Sandbox | undefined;
    let daemon: Daemon | undefined;

    before(async function () {
      if (!(await findFlavours()).includes(flavour)) this.skip(); // said above
      directory = mkdtempSync(join(tmpdir(), `cli-${flavour}-`));
      sandbox = await Sandbox.create({ flavour, servers: 4, directory });
    });

    after(async () => {
      await daemon?.stop();
      await sandbox?.stop();
      if (directory !== '') rmSync(directory, { recursive: true, force: true });
    });

    it('has the daemon hand over, recover, and replace a master by force', async () => {
      const [first, second, third, fourth] = sandbox?.servers ?? [];
      assert.ok(first && second && third && fourth);
      const running = await Daemon.start({
        seeds: [],
        config: { RecoverMasterClusterFilters: [], ReplicationCredentialsQuery: "SELECT 'repl', 'repl_pw'" },
      });
      daemon = running;
      const run = async (...argv: string[]) => {
        const result = await runCli([
          '-config',
          join(running.directory, 'orchestrator.conf.json'),
          '-verbose',
          ...argv,
        ]);
        assert.match(result.stderr, /INFO a daemon runs on this backend/);
        return result;
      };
      const leaders = async () => {
        const masters = await running.api<{ Key: { Port: number } }[]>('masters');
        return masters.map(({ Key }) => Key.Port);
      };

      const discovered = await run('-c', 'discover', '-i', nameOf(second));
      assert.deepEqual([discovered.status, discovered.stdout], [0, `${nameOf(second)}\n`], discovered.stderr);
      await until('the daemon follows to all four', async () => {
        return (await running.api<unknown[]>('all-instances')).length === 4;
      });
      await stored(running, 4);

      const given = await run('-c', 'graceful-master-takeover-auto', '-i', nameOf(first), '-d', nameOf(second));
      assert.equal(given.status, 0, given.stderr);
      assert.match(given.stdout, new RegExp(`^${nameOf(second).replaceAll('.', '\\.')}\\n\\S+\\.\\d+:\\d+\\n$`));
      await until('the daemon sees the new master', async () => (await leaders())[0] === second.key.port);
      await stored(running, 4);

      const nothing = await run('-c', 'recover', '-i', nameOf(second));
      assert.deepEqual([nothing.status, nothing.stdout], [0, ''], nothing.stderr);
      assert.match(nothing.stderr, /ERROR Recovery not attempted/);

      await second.kill('SIGKILL');
      const promoted = await until('the daemon recovers when asked', async () => {
        const { status, stdout, stderr } = await run('-c', 'recover', '-i', nameOf(second), '-d', nameOf(third));
        assert.equal(status, 0, stderr);
        return stdout !== '' && stdout; // nothing: it has not noticed yet
      });
      assert.equal(promoted, `${nameOf(third)}\n`);
      await until('the daemon sees the promoted one', async () => (await leaders()).includes(third.key.port));
      await stored(running, 4);

      const forced = await run('-c', 'force-master-takeover', '-i', nameOf(third), '-d', nameOf(fourth));
      assert.deepEqual([forced.status, forced.stdout], [0, `${nameOf(fourth)}\n`], forced.stderr);
    });

    /** A command finds its servers in the backend, which is written behind: waits until it says what the daemon does. */
    async function stored(running: Daemon, servers: number): Promise<void> {
      const file = join(running.directory, 'orchestrator.sqlite3');
      const sql = 'SELECT hostname, port, master_port FROM database_instance ORDER BY port';
      await until('the backend holds what the daemon knows', async () => {
        const known = await running.api<{ Key: { Port: number }; MasterKey: { Port: number } }[]>('all-instances');
        const rows = readBackend(file, sql);
        return (
          rows.length === servers &&
          known.every(({ Key, MasterKey }) =>
            rows.some((row) => row.port === Key.Port && row.master_port === MasterKey.Port),
          )
        );
      });
    }
  });
}
