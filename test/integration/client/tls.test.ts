import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Authority } from '../../support/certificates.ts';
import { callClient } from '../../support/client.ts';
import { TestHttp } from '../../support/http.ts';

describe('the client over TLS', () => {
  const directory = mkdtempSync(join(tmpdir(), 'client-tls-'));
  const ours = new Authority(directory, 'ours');
  const server = ours.issue('server', 'IP:127.0.0.1');
  const dba = ours.issue('dba', 'IP:127.0.0.1', 'dba');
  const tls = { cert: server.cert, key: server.key, ca: ours.self.cert };
  let http: TestHttp;
  let mutual: TestHttp;
  before(async () => {
    [http, mutual] = await Promise.all([TestHttp.start({ tls }), TestHttp.start({ tls, certificateUnits: ['dba'] })]);
  });
  after(async () => {
    await Promise.all([http.stop(), mutual.stop()]);
    rmSync(directory, { recursive: true });
  });

  const apiOf = ({ url }: TestHttp) => url.replace('http:', 'https:');
  const ask = (at: TestHttp, ...argv: readonly string[]) =>
    callClient(['-U', apiOf(at), '-c', 'all-clusters-masters', ...argv]);

  it('trusts whom it is told to, and nobody else', async () => {
    const trusted = await ask(http, '--cacert', ours.self.certFile);
    assert.deepEqual(trusted, { status: 0, stdout: 'db1.example:3306\n', stderr: '' });
    const { status, stderr } = await ask(http);
    assert.equal(status, 1);
    assert.match(stderr, /https:\/\/127\.0\.0\.1:\d+\/api is not trusted: .*; --cacert names its authority/);
    const gone = await ask(http, '--cacert', join(directory, 'none.pem'));
    assert.equal(gone.status, 1);
    assert.match(gone.stderr, /cannot read .*none\.pem: ENOENT/);
  });

  it('shows a certificate, by options or environment', async () => {
    const trust = ['--cacert', ours.self.certFile];
    assert.match(
      (await ask(mutual, ...trust)).stderr,
      /asks for a login \(401 Unauthorized\): Invalid OU; .* a certificate with --cert/,
    );
    assert.equal((await ask(mutual, ...trust, '--cert', dba.certFile, '--key', dba.keyFile)).status, 0);
    const env = {
      ...{ ORCHESTRATOR_API: apiOf(mutual), CURL_CA_BUNDLE: ours.self.certFile },
      ...{ ORCHESTRATOR_API_CERT: dba.certFile, ORCHESTRATOR_API_KEY: dba.keyFile },
    };
    assert.equal((await callClient(['clusters'], env)).status, 0);
  });
});
