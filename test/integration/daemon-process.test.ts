// A daemon among the things that happen to processes: signals at any time, terminals, a disk that takes no more.

import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLI_ENTRY } from '../support/cli.ts';
import { freePort, until } from '../support/daemon.ts';

describe('the process of a daemon', () => {
  let directory: string;
  let url: string;
  let file: string;
  let child: ChildProcess | undefined;
  let printed: string;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'orchestrator-process-'));
    file = join(directory, 'config');
    url = `http://127.0.0.1:${await freePort()}`;
    printed = '';
  });

  afterEach(async () => {
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child?.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    child = undefined;
    rmSync(directory, { recursive: true, force: true });
  });

  function config(more: object = {}): string {
    const SQLite3DataFile = join(directory, 'o.sqlite3');
    return JSON.stringify({
      ListenAddress: url.slice('http://'.length),
      BackendDB: 'sqlite',
      AuditToBackendDB: true,
      SQLite3DataFile,
      ...more,
    });
  }

  function run(command: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const started = spawn(command, argv, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TERM: 'xterm', NO_COLOR: '', ...env },
    });
    for (const stream of [started.stdout, started.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
      });
    child = started;
    return started;
  }

  const startDaemon = () => run(process.execPath, [CLI_ENTRY, '-config', file, 'http']);
  const prints = (text: string) => until(`it prints "${text}"`, async () => printed.includes(text));
  const ended = (one: ChildProcess) =>
    until('it ended', async () =>
      one.exitCode === null && one.signalCode === null ? undefined : { status: one.exitCode },
    );

  it('sends its log and its audit to syslog, where EnableSyslog and AuditToSyslog say so', async () => {
    const told = join(directory, 'told');
    writeFileSync(join(directory, 'logger'), `#!/bin/sh\nexec cat > ${told}\n`, { mode: 0o755 });
    for (const [keys, log, audit] of [
      [{ EnableSyslog: true }, true, false],
      [{ AuditToSyslog: true, AuditLogFile: join(directory, 'audit') }, false, true],
    ] as const) {
      writeFileSync(file, config(keys));
      const PATH = `${directory}:${process.env.PATH}`;
      const daemon = run(process.execPath, [CLI_ENTRY, '-config', file, 'http'], { PATH });
      await prints('orchestrator runs');
      daemon.kill('SIGTERM');
      assert.deepEqual(await ended(daemon), { status: 0 });
      const text = readFileSync(told, 'utf8');
      assert.deepEqual([/^<30>.*"orchestrator runs"/m.test(text), /^<30>shutdown$/m.test(text)], [log, audit]);
      printed = '';
    }
  });

  /** The configuration is a named pipe: the daemon stands still in the middle of its start until somebody writes into it. */
  async function whileStarting(act: (daemon: ChildProcess) => void): Promise<ChildProcess> {
    execFileSync('mkfifo', [file]);
    const daemon = startDaemon();
    const pipe = await opened();
    act(daemon);
    writeFileSync(pipe, config());
    closeSync(pipe);
    return daemon;
  }

  /** Opens as soon as the daemon reads. */
  function opened(): Promise<number> {
    return until('the daemon reads its configuration', async () =>
      openSync(file, constants.O_WRONLY | constants.O_NONBLOCK),
    );
  }

  it('survives a SIGHUP while it starts, and reloads once it is up', async () => {
    await whileStarting((daemon) => daemon.kill('SIGHUP'));
    await prints('orchestrator runs');
    const again = await opened();
    writeFileSync(again, config({ ReadOnly: true }));
    closeSync(again);
    await prints('configuration reloaded');
    const refused = (await (await fetch(`${url}/api/disable-global-recoveries`)).json()) as { Message: string };
    assert.equal(refused.Message, 'Unauthorized');
  });

  it('stops in order when asked while it starts', async () => {
    const daemon = await whileStarting((one) => one.kill('SIGTERM'));
    assert.deepEqual(await ended(daemon), { status: 0 });
    assert.match(printed, /orchestrator stops/);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    it(`stops in order at ${signal}, and at two of them at once`, async () => {
      writeFileSync(file, config());
      const daemon = startDaemon();
      await prints('orchestrator runs');
      daemon.kill(signal);
      daemon.kill(signal);
      assert.deepEqual(await ended(daemon), { status: 0 });
    });

  it('logs JSON where nobody looks, one object per line', async () => {
    writeFileSync(file, config());
    const daemon = startDaemon();
    await prints('orchestrator runs');
    daemon.kill('SIGTERM');
    await ended(daemon);
    const lines = printed.trimEnd().split('\n');
    const texts = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
    assert.ok(texts.includes('orchestrator stops'), printed);
  });

  const terminals = [
    {
      title: 'in colours on a terminal',
      env: {},
      shows: '\u001b[32mINFO\u001b[0m orchestrator runs\u001b[2m address=',
    },
    {
      title: 'without colours on a terminal with NO_COLOR',
      env: { NO_COLOR: '1' },
      shows: ' INFO orchestrator runs address=',
    },
  ];
  for (const { title, env, shows } of terminals)
    it(`logs readable lines ${title}`, async () => {
      writeFileSync(file, config());
      const command = [process.execPath, CLI_ENTRY, '-config', file, 'http'].map((word) => `'${word}'`).join(' ');
      const terminal = run('script', ['--quiet', '--return', '--command', `exec ${command}`, '/dev/null'], env);
      await prints(shows);
      terminal.kill('SIGTERM'); // `script` hands it on; killed, it would leave the daemon behind, for which a hang-up is no end
      await ended(terminal);
    });

  it('ends when it cannot listen, and says why', async () => {
    const { port } = new URL(url);
    const other = createServer().listen(Number(port), '127.0.0.1');
    await once(other, 'listening');
    try {
      writeFileSync(file, config());
      assert.deepEqual(await ended(startDaemon()), { status: 1 });
      assert.match(printed, /FATAL .*EADDRINUSE/);
    } finally {
      other.close();
    }
  });

  it('goes on when nobody takes its log', async () => {
    writeFileSync(file, config());
    const full = openSync('/dev/full', 'w');
    child = spawn(process.execPath, [CLI_ENTRY, '-config', file, 'http'], { stdio: ['ignore', full, full] });
    closeSync(full);
    await until('it answers', async () => (await fetch(`${url}/api/clusters`)).ok);
    child.kill('SIGHUP'); // something to log
    await until('it reloaded', async () =>
      (await (await fetch(`${url}/api/audit`)).text()).includes('reload-configuration'),
    );
  });
});
