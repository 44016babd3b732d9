// A daemon whose API speaks TLS, from the keys of its configuration file: started by a person at a terminal, who types the pass phrase of its key.

import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Authority, type Certificate } from '../../support/certificates.ts';
import { CLI_ENTRY } from '../../support/cli.ts';
import { freePort, until } from '../../support/daemon.ts';
import { processesWith } from '../../support/terminal.ts';

const PASS_PHRASE = 'only typed';

describe('a daemon started at a terminal, with an encrypted key', () => {
  let directory = '';
  let file = '';
  let port = 0;
  let authority: Authority;
  let terminal: ChildProcessWithoutNullStreams | undefined;
  let shown = '';

  before(async function () {
    if (spawnSync('script', ['--version']).status !== 0) {
      console.log('SKIPPED: no program "script" here, which makes terminals');
      this.skip();
    }
    directory = mkdtempSync(join(tmpdir(), 'listener-keys-'));
    file = join(directory, 'orchestrator.conf.json');
    port = await freePort();
    authority = new Authority(directory, 'ours');
    const server = authority.issue('server', 'IP:127.0.0.1');
    const locked = join(directory, 'locked.pem');
    const pass = ['-aes256', '-passout', `pass:${PASS_PHRASE}`];
    execFileSync('openssl', ['pkey', '-in', server.keyFile, ...pass, '-out', locked]);
    configure({
      ...{ ListenAddress: `127.0.0.1:${port}`, BackendDB: 'sqlite', SQLite3DataFile: join(directory, 'o.sqlite3') },
      ...{ UseSSL: true, SSLCertFile: server.certFile, SSLPrivateKeyFile: locked, SSLCAFile: authority.self.certFile },
      ...{ UseMutualTLS: true, SSLValidOUs: ['dba'], StatusEndpoint: '/alive' },
    });
    const command = `exec ${process.execPath} ${CLI_ENTRY} -config ${file} http`;
    terminal = spawn('script', ['-qec', command, '/dev/null']);
    terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
    });
    await until('it asks', async () => shown.includes(`pass phrase of ${locked}: `));
    terminal.stdin.write(`${PASS_PHRASE}\r`);
    await until('it runs', async () => (await ask('/alive')) === 200);
  });

  after(async () => {
    if (terminal === undefined) return;
    const runs = terminal.exitCode === null && terminal.signalCode === null;
    const ended = runs ? once(terminal, 'exit') : undefined;
    signal('SIGKILL');
    await ended;
    rmSync(directory, { recursive: true });
  });

  function configure(keys: object): void {
    writeFileSync(file, JSON.stringify(keys));
  }

  function signal(name: NodeJS.Signals): void {
    for (const pid of processesWith(file)) if (pid !== terminal?.pid) process.kill(pid, name);
  }

  const ask = (path: string, client?: Certificate) =>
    new Promise<number>((resolve, reject) => {
      const own = client === undefined ? {} : { cert: client.cert, key: client.key };
      const options = { ca: authority.self.cert, agent: false as const, ...own };
      request(`https://127.0.0.1:${port}${path}`, options, (answer) => resolve(answer.resume().statusCode ?? 0))
        .on('error', reject)
        .end();
    });

  it('does not show what is typed', () => {
    assert.doesNotMatch(shown, new RegExp(PASS_PHRASE));
  });

  it('lets in by UseMutualTLS, SSLCAFile and SSLValidOUs, and everybody to StatusEndpoint alone', async () => {
    const stranger = new Authority(directory, 'theirs').issue('forged', 'IP:127.0.0.1', 'dba');
    for (const [title, path, client, status] of [
      ['one of the units', '/api/clusters', authority.issue('dba', 'IP:127.0.0.1', 'dba'), 200],
      ['another unit', '/api/clusters', authority.issue('staff', 'IP:127.0.0.1', 'staff'), 401],
      ['another authority', '/api/clusters', stranger, 401],
      ['nobody', '/api/clusters', undefined, 401],
      ['the status', '/alive', undefined, 200],
      ['the path that it has by default', '/api/status', undefined, 401],
    ] as const)
      assert.equal(await ask(path, client), status, title);
  });

  it('closes the status too when StatusOUVerify is switched on', async () => {
    configure({ ...JSON.parse(readFileSync(file, 'utf8')), StatusOUVerify: true });
    signal('SIGHUP');
    await until('it is closed', async () => (await ask('/alive')) === 401);
  });
});
