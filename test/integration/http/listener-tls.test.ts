import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { type RequestOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Authority, type Certificate } from '../../support/certificates.ts';
import { FakeGroup } from '../../support/fake-group.ts';
import { SETTINGS, TestHttp } from '../../support/http.ts';

describe('the listener on TLS', () => {
  const directory = mkdtempSync(join(tmpdir(), 'listener-tls-'));
  const ours = new Authority(directory, 'ours');
  const theirs = new Authority(directory, 'theirs');
  const server = ours.issue('server', 'IP:127.0.0.1');
  const dba = ours.issue('dba', 'IP:127.0.0.1', 'dba');
  const staff = ours.issue('staff', 'IP:127.0.0.1', 'staff');
  const forged = theirs.issue('forged', 'IP:127.0.0.1', 'dba');
  const plain = { cert: server.cert, key: server.key, ca: ours.self.cert };
  const mutual = { tls: plain, certificateUnits: ['ops', 'dba'] };
  after(() => rmSync(directory, { recursive: true }));

  const ask = (http: TestHttp, path: string, client?: Certificate, options: RequestOptions = {}) =>
    new Promise<readonly [status: number, text: string]>((resolve, reject) => {
      const own = client === undefined ? {} : { cert: client.cert, key: client.key };
      const url = `${http.url.replace('http:', 'https:')}${path}`;
      request(url, { ca: ours.self.cert, agent: false, ...own, ...options }, async (answer) => {
        const body = await answer.toArray();
        resolve([answer.statusCode ?? 0, Buffer.concat(body).toString()]);
      })
        .on('error', reject)
        .end();
    });

  it('serves whoever trusts its certificate, from TLS 1.2 on', async () => {
    const http = await TestHttp.start({ tls: plain });
    try {
      assert.deepEqual(await ask(http, '/api/lb-check'), [200, '"OK"']);
      await assert.rejects(
        ask(http, '/api/lb-check', undefined, { ca: theirs.self.cert }),
        /unable to verify|self-signed/,
      );
      const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' } as const;
      await assert.rejects(ask(http, '/api/lb-check', undefined, old), /protocol|version|alert/i);
      await assert.rejects(http.get('/api/lb-check'), /hang up|ECONNRESET|Parse/);
    } finally {
      await http.stop();
    }
  });

  it('lets in by the organisational unit of a certificate; probes, and the status endpoint, need none', async () => {
    const http = await TestHttp.start({ ...mutual, urlPrefix: '/orc' });
    try {
      for (const [title, path, client, status] of [
        ['one of the units', '/orc/api/clusters', dba, 200],
        ['another unit', '/orc/api/clusters', staff, 401],
        ['another authority', '/orc/api/clusters', forged, 401],
        ['no certificate', '/orc/api/clusters', undefined, 401],
        ['a check without a certificate', '/orc/api/leader-check', undefined, 401],
        ['a name of the status endpoint in a query', '/orc/api/clusters?x=/orc/api/status', undefined, 401],
        ['the status endpoint', '/orc/api/status', undefined, 200],
        ['a probe', '/orc/livez', undefined, 200],
      ] as const)
        assert.deepEqual((await ask(http, path, client))[0], status, title);
      assert.equal((await ask(http, '/orc/api/clusters', staff))[1], 'Invalid OU');
      for (const [client, told] of [
        [dba, true],
        [staff, false],
        [undefined, false],
      ] as const)
        assert.equal((await ask(http, '/orc/readyz?verbose', client))[1].includes('servers known'), told);
    } finally {
      await http.stop();
    }
  });

  it('asks for it at the status endpoint too, where told so', async () => {
    const http = await TestHttp.start({ ...mutual, statusEndpoint: '/up', statusNeedsCertificate: true });
    try {
      assert.equal((await ask(http, '/up'))[0], 401);
      assert.equal((await ask(http, '/up', dba))[0], 200);
      for (const [needed, status] of [
        [false, 200],
        [true, 401],
      ] as const) {
        http.settings.statusNeedsCertificate = needed; // a reload
        assert.equal((await ask(http, '/up'))[0], status);
      }
    } finally {
      await http.stop();
    }
  });

  it('lets nobody in where certificates are asked for and there is no TLS to show one', async () => {
    const http = await TestHttp.start({ certificateUnits: ['dba'] });
    try {
      const { status, text } = await http.get('/api/clusters');
      assert.deepEqual([status, text], [401, 'No TLS']);
      const modern = await http.get('/api/v2/clusters');
      assert.deepEqual([modern.status, (modern.json as { code: string }).code], [401, 'LOGIN_REQUIRED']);
      assert.equal((await http.get('/api/status')).status, 200);
    } finally {
      await http.stop();
    }
  });

  it('a follower shows the leader its own certificate', async () => {
    const leader = await TestHttp.start(mutual);
    const tls = { ca: ours.self.cert, cert: dba.cert, key: dba.key, skipVerify: false };
    const follower = await TestHttp.start({ ...mutual, raft: { ...SETTINGS.raft, tls } });
    try {
      leader.house.group = new FakeGroup(1);
      follower.house.group = new FakeGroup(2).follow(leader.url.replace('http:', 'https:'));
      const path = '/api/begin-downtime/db2.example/3306/me/why';
      assert.equal((await ask(follower, path, staff))[0], 401);
      assert.deepEqual(leader.house.calls, []);
      assert.equal((await ask(follower, path, dba))[0], 200);
      assert.equal(leader.house.calls.length, 1);
    } finally {
      await Promise.all([leader.stop(), follower.stop()]);
    }
  });
});
