import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer as createHttp, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { DaemonClient } from '../../../internal/app/daemon-client.ts';
import type { Config } from '../../../internal/config/keys.ts';
import { defaultConfig } from '../../../internal/config/load.ts';
import { freePort } from '../../support/daemon.ts';

describe('the client of the running daemon', () => {
  let directory = '';
  let file = '';
  let server: Server | undefined;
  let requests: IncomingMessage[] = [];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'cli-'));
    file = join(directory, 'backend.sqlite3');
    writeFileSync(file, '');
    requests = [];
  });

  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
    server = undefined;
    rmSync(directory, { recursive: true, force: true });
  });

  const healthy = (backend: string) =>
    JSON.stringify({ Code: 'OK', Message: '', Details: { AvailableNodes: [{ DBBackend: backend }] } });

  function answering(body: string, status = 200): RequestListener {
    return (request, response) => {
      requests.push(request);
      response.writeHead(status).end(body);
    };
  }

  function listen(made: Server, at: number | string): Promise<void> {
    server = made;
    return new Promise((resolve) =>
      typeof at === 'string' ? made.listen(at, resolve) : made.listen(at, '127.0.0.1', resolve),
    );
  }

  /** What `find` says of a server on a free port; `keys` go over the defaults. */
  async function find(listener: RequestListener, keys: Partial<Config> = {}): Promise<DaemonClient | undefined> {
    const port = await freePort();
    await listen(createHttp(listener), port);
    return DaemonClient.find({
      ...defaultConfig(),
      BackendDB: 'sqlite',
      SQLite3DataFile: file,
      ListenAddress: `:${port}`,
      ...keys,
    });
  }

  it('finds the daemon of the same backend, whatever its file is called', async () => {
    const link = join(directory, 'link');
    symlinkSync(file, link);
    assert.ok(await find(answering(healthy(link)), { URLPrefix: '/orchestrator' }));
    assert.equal(requests[0]?.url, '/orchestrator/api/health');
    assert.equal(requests[0]?.headers.authorization, undefined);
  });

  it('logs in where the API asks for it', async () => {
    const keys = { AuthenticationMethod: 'basic', HTTPAuthUser: 'me', HTTPAuthPassword: 'pw' };
    assert.ok(await find(answering(healthy(file)), keys));
    assert.equal(requests[0]?.headers.authorization, `Basic ${Buffer.from('me:pw').toString('base64')}`);
  });

  for (const [title, body, status] of [
    ['another web server', '<html>', 200],
    ['another JSON service', '{"status":"up"}', 404],
    ['a daemon of another backend', healthy('/nowhere'), 200],
    ['a daemon that does not name its backend', healthy(''), 200],
  ] as const) {
    it(`does not take ${title} for it`, async () => {
      assert.equal(await find(answering(body, status)), undefined);
    });
  }

  it('takes it for what it says it is also while it is not well', async () => {
    const { Details } = JSON.parse(healthy(file));
    const unwell = JSON.stringify({ Code: 'ERROR', Message: 'Application node is unhealthy', Details });
    assert.ok(await find(answering(unwell, 500)));
  });

  for (const [title, listener] of [
    ['refuses the login', answering('{}', 401)],
    ['answers with an error', answering('{"Code":"ERROR","Message":"Unauthorized"}', 500)],
    ['hangs up', (request: IncomingMessage) => request.socket.destroy()],
    ['does not answer', () => undefined],
  ] as const) {
    it(`is in doubt when it ${title}`, async () => {
      await assert.rejects(find(listener), /a daemon may run at 127\.0\.0\.1:\d+/);
    });
  }

  it('waits for as long as DaemonFindTimeoutMilliseconds and DaemonActTimeoutSeconds say', async () => {
    const reasonOf = (work: Promise<unknown> | undefined) =>
      (work ?? Promise.resolve()).then(
        () => 'it answered',
        (err: unknown) => inspect(err),
      );
    assert.match(
      await reasonOf(find(() => undefined, { DaemonFindTimeoutMilliseconds: 100 })),
      /CONFLICT.*no end within 100 ms/s,
    );
    server?.closeAllConnections();
    server?.close();
    const mute: RequestListener = (request, response) => {
      if (request.url?.endsWith('/health')) response.end(healthy(file));
    };
    const daemon = await find(mute, { DaemonActTimeoutSeconds: 1 });
    assert.match(await reasonOf(daemon?.call(['recover', 'h', 1])), /no end within 1000 ms/);
  });

  it('shows the certificate of the daemon where UseMutualTLS asks for one, with an encrypted key too', async () => {
    const own = certificate(directory, 'own');
    const locked = join(directory, 'locked.key');
    execFileSync('openssl', ['pkey', '-in', own.key, '-aes256', '-passout', 'pass:secret', '-out', locked]);
    const cert = readFileSync(own.cert);
    const options = { key: readFileSync(own.key), cert, ca: cert, requestCert: true, rejectUnauthorized: true };
    const port = await freePort();
    await listen(createHttps(options, answering(healthy(file))), port);
    const place = { ...defaultConfig(), BackendDB: 'sqlite', SQLite3DataFile: file, ListenAddress: `:${port}` };
    const keys = { ...place, UseSSL: true, SSLCertFile: own.cert, SSLPrivateKeyFile: locked };
    await assert.rejects(DaemonClient.find(keys), /a daemon may run/);
    await assert.rejects(
      DaemonClient.find({ ...keys, UseMutualTLS: true }),
      /is encrypted.*ORCHESTRATOR_SSL_PASSPHRASE/,
    );
    process.env.ORCHESTRATOR_SSL_PASSPHRASE = 'secret';
    try {
      assert.ok(await DaemonClient.find({ ...keys, UseMutualTLS: true }));
    } finally {
      delete process.env.ORCHESTRATOR_SSL_PASSPHRASE;
    }
  });

  it('finds none where nothing listens', async () => {
    const ListenAddress = `127.0.0.1:${await freePort()}`;
    assert.equal(
      await DaemonClient.find({ ...defaultConfig(), BackendDB: 'sqlite', SQLite3DataFile: file, ListenAddress }),
      undefined,
    );
    const ListenSocket = join(directory, 'none.sock');
    assert.equal(
      await DaemonClient.find({ ...defaultConfig(), BackendDB: 'sqlite', SQLite3DataFile: file, ListenSocket }),
      undefined,
    );
  });

  it('goes through the socket where one is configured', async () => {
    const ListenSocket = join(directory, 'daemon.sock');
    await listen(createHttp(answering(healthy(file))), ListenSocket);
    assert.ok(
      await DaemonClient.find({ ...defaultConfig(), BackendDB: 'sqlite', SQLite3DataFile: file, ListenSocket }),
    );
  });

  it('trusts the certificate that the configuration names, and no other', async () => {
    const [own, other] = ['own', 'other'].map((name) => certificate(directory, name));
    assert.ok(own && other);
    const port = await freePort();
    const tls = { key: readFileSync(own.key), cert: readFileSync(own.cert) };
    await listen(createHttps(tls, answering(healthy(file))), port);
    const keys = {
      ...defaultConfig(),
      BackendDB: 'sqlite',
      SQLite3DataFile: file,
      ListenAddress: `0.0.0.0:${port}`,
      UseSSL: true,
    };
    assert.ok(await DaemonClient.find({ ...keys, SSLCertFile: own.cert, SSLPrivateKeyFile: own.key }));
    await assert.rejects(DaemonClient.find({ ...keys, SSLCertFile: other.cert }), /a daemon may run/);
  });

  it('encodes what it sends, and ends with what the daemon says', async () => {
    const daemon = await find((request, response) => {
      requests.push(request);
      const health = request.url?.endsWith('/health');
      response.end(health ? healthy(file) : '{"Code":"ERROR","Message":"not today"}');
    });
    assert.ok(daemon);
    await assert.rejects(
      daemon.call(['begin-downtime', 'h', 1, 'a/b', 'why? 100%'], { comment: 'a b' }),
      /^.*not today/,
    );
    assert.equal(requests[1]?.url, '/api/begin-downtime/h/1/a%2Fb/why%3F%20100%25?comment=a+b');
  });

  it('stops waiting when it is interrupted, and says that the daemon goes on', async () => {
    const daemon = await find((request, response) => {
      requests.push(request);
      if (request.url?.endsWith('/health')) response.end(healthy(file));
      else daemon?.interrupt();
    });
    assert.ok(daemon);
    await assert.rejects(daemon.call(['recover', 'h', 1]), /interrupted: the daemon at .* goes on with it/);
  });
});

function certificate(directory: string, name: string): { readonly key: string; readonly cert: string } {
  const key = join(directory, `${name}.key`);
  const cert = join(directory, `${name}.crt`);
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  execFileSync('openssl', [...request, '-subj', `/CN=${name}`, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { key, cert };
}
