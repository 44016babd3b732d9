import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFlavours } from '../../scripts/sandbox/sandbox.ts';
import { freePort, until } from '../support/daemon.ts';
import { processesWith, Terminal } from '../support/terminal.ts';

interface Started {
  readonly terminal: Terminal;
  readonly primary: number;
  readonly cluster: string;
}

describe('npm start', function () {
  this.timeout(180_000);
  const directory = mkdtempSync(join(tmpdir(), 'start-'));
  const terminals: Terminal[] = [];
  let port = 0;

  before(async () => {
    assert.ok((await findFlavours()).length > 0, 'a server that npm start can use');
    port = await freePort();
  });

  afterEach(() => {
    for (const terminal of terminals.splice(0)) terminal.signal('SIGKILL');
    for (const pid of processesWith(directory)) process.kill(pid, 'SIGKILL');
  });

  after(() => rmSync(directory, { recursive: true, force: true }));

  function npmStart(...argv: string[]): Terminal {
    const env = { ORCHESTRATOR_SANDBOX_DIRECTORY: directory, ORCHESTRATOR_SANDBOX_PORT: String(port) };
    const terminal = new Terminal('npm', ['start', ...(argv.length > 0 ? ['--', ...argv] : [])], env);
    terminals.push(terminal);
    return terminal;
  }

  async function started(): Promise<Started> {
    const terminal = npmStart();
    const [, pid] = await terminal.prints(/kill -9 (\d+)/);
    await terminal.prints(/Ctrl-C stops all of it/);
    const [, cluster = ''] = await terminal.prints(/clusters\/(\S+)\/failover-plan/);
    return { terminal, primary: Number(pid), cluster };
  }

  async function api<T>(path: string): Promise<T> {
    return (await (await fetch(`http://127.0.0.1:${port}/api/${path}`)).json()) as T;
  }

  const tree = async (cluster: string) => (await api<{ Details: string }>(`topology/${cluster}`)).Details;

  async function ctrlC({ terminal }: Started): Promise<void> {
    terminal.signal('SIGINT');
    await terminal.ended();
    assert.deepEqual(processesWith(directory), []);
  }

  it('shows a tree, heals it when the primary is killed, ends with Ctrl-C, and finds its data again', async () => {
    const first = await started();
    assert.equal(first.terminal.printed.match(/^\+ /gm)?.length, 3, first.terminal.printed);
    process.kill(first.primary, 'SIGKILL');
    const successor = await until('the recovery is in the audit', async () => {
      const [recovery] =
        await api<{ IsSuccessful: boolean; SuccessorKey: { Hostname: string; Port: number } }[]>('audit-recovery');
      return recovery?.IsSuccessful && `${recovery.SuccessorKey.Hostname}:${recovery.SuccessorKey.Port}`;
    });
    await until('the tree is healed', async () => {
      const drawn = await tree(successor);
      return drawn.startsWith(successor) && drawn.match(/^\+ /gm)?.length === 2;
    });
    await ctrlC(first);

    const second = await started();
    assert.match(second.terminal.printed, new RegExp(`^${successor.replaceAll('.', '\\.')} `, 'm'));
    assert.equal(second.terminal.printed.match(/^\+ /gm)?.length, 2, second.terminal.printed);
    assert.notEqual(second.primary, 0);
    await ctrlC(second);
  });

  it('refuses to start beside itself, and starts again after everything of it was killed', async () => {
    const first = await started();
    const beside = npmStart();
    await beside.prints(/is in use by process \d+: end that one first/);
    assert.equal(await beside.ended(), 1);
    assert.notEqual(await tree(first.cluster), '');

    first.terminal.signal('SIGKILL'); // the servers and the daemon live on, without anybody to end them
    await first.terminal.ended();
    const again = await started();
    await again.terminal.prints(/ending pid \d+, which a killed run left behind/);
    await ctrlC(again);
  });

  it('says so when the port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    try {
      const terminal = npmStart();
      await terminal.prints(new RegExp(`127.0.0.1:${port} is taken by another program`));
      assert.equal(await terminal.ended(), 1);
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  });

  it('runs the daemon alone on a configuration of your own', async () => {
    const file = join(directory, 'own.conf.json');
    const config = {
      ListenAddress: `127.0.0.1:${port}`,
      BackendDB: 'sqlite',
      SQLite3DataFile: join(directory, 'own.sqlite3'),
    };
    writeFileSync(file, JSON.stringify(config));
    const terminal = npmStart('-config', file, 'http');
    await until('the API answers', async () => Array.isArray(await api('clusters')));
    assert.ok(readFileSync(join(directory, 'own.sqlite3')).length > 0);
    terminal.signal('SIGINT');
    await terminal.ended();
    assert.deepEqual(processesWith(directory), []);
  });
});

describe('npm run sandbox', function () {
  this.timeout(120_000);

  it('runs six MariaDB servers until Ctrl-C, and leaves nothing behind', async function () {
    if (!(await findFlavours()).includes('mariadb')) {
      assert.ok(!process.env.CI, 'mariadb must be there under CI');
      console.log('SKIPPED: no mariadb server on this machine');
      this.skip();
    }
    const directory = mkdtempSync(join(tmpdir(), 'sandbox-'));
    const argv = ['run', 'sandbox', '--', '--servers', '6', '--flavour', 'mariadb', '--directory', directory];
    const terminal = new Terminal('npm', argv);
    try {
      await terminal.prints(/Ctrl-C stops them/);
      const pids = [...terminal.printed.matchAll(/^127\.0\.0\.1:\d+ {2}pid (\d+)$/gm)].map(([, pid]) => Number(pid));
      assert.equal(pids.length, 6, terminal.printed);
      assert.deepEqual([...processesWith(`--datadir=${directory}`)].sort(), pids.sort());
      terminal.signal('SIGINT');
      await terminal.ended();
      assert.deepEqual(processesWith(directory), []);
      assert.throws(() => readFileSync(directory), { code: 'ENOENT' });
    } finally {
      terminal.signal('SIGKILL');
      for (const pid of processesWith(directory)) process.kill(pid, 'SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
