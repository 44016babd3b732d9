// How a store is spoken to over TLS, and who we say we are, from the keys of the configuration. The store only notes what it hears.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { storesFrom } from '../../../internal/app/kv-stores.ts';
import type { Config } from '../../../internal/config/keys.ts';
import { defaultConfig } from '../../../internal/config/load.ts';
import { Authority } from '../../support/certificates.ts';

const GROUP = { name: 'shop', pairs: [{ key: 'mysql/master/shop', value: 'h:3306' }] };

describe('a store behind TLS', () => {
  const directory = mkdtempSync(join(tmpdir(), 'store-tls-'));
  const ours = new Authority(directory, 'ours');
  const theirs = new Authority(directory, 'theirs');
  const client = ours.issue('client', 'IP:127.0.0.1');
  const userFile = join(directory, 'user');
  let server: Server;
  let place: string;
  const heard: string[] = [];

  before(async () => {
    writeFileSync(userFile, 'me:pw\n');
    const { cert, key } = ours.issue('server', 'IP:127.0.0.1');
    const tls = { cert, key, ca: ours.self.cert, requestCert: true, rejectUnauthorized: false };
    server = createServer(tls, async (request, response) => {
      const body = Buffer.concat(await request.toArray()).toString();
      heard.push(
        `${request.method} ${request.url} by ${nameOf(request)} ${request.headers.authorization ?? ''}`.trim(),
      );
      if (request.method === 'GET') return response.writeHead(404).end();
      if (request.url === '/v3/auth/authenticate') assert.deepEqual(JSON.parse(body), { name: 'me', password: 'pw' });
      return response.end(request.method === 'PUT' ? 'true' : '{"succeeded":true,"token":"t"}');
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    place = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });

  function nameOf({ socket }: IncomingMessage): string {
    return [(socket as TLSSocket).getPeerCertificate().subject?.CN ?? 'nobody'].flat().join();
  }

  const READ = 'POST /v3/kv/txn by';
  const LOGIN = 'POST /v3/auth/authenticate by';
  const consul = () => ({ ConsulAddress: place, ConsulScheme: 'https' });
  const etcd = () => ({ EtcdEndpoints: [`https://${place}`], EtcdCAFile: ours.self.certFile });
  const own = { EtcdCertFile: client.certFile, EtcdPrivateKeyFile: client.keyFile };
  const GET = 'GET /v1/kv/mysql/master/shop?recurse=true by nobody';
  const PUT = 'PUT /v1/kv/mysql/master/shop?cas=0 by nobody';
  for (const [title, keys, said] of [
    ['Consul, without ConsulCAFile: any certificate', consul, [GET, PUT]],
    ['Consul, ConsulCAFile', () => ({ ...consul(), ConsulCAFile: ours.self.certFile }), [GET, PUT]],
    ['Consul, ConsulCAFile of others', () => ({ ...consul(), ConsulCAFile: theirs.self.certFile }), []],
    ['etcd, EtcdCAFile', etcd, [`${READ} nobody`, `${READ} nobody`]],
    ['etcd, EtcdCAFile of others', () => ({ ...etcd(), EtcdCAFile: theirs.self.certFile }), []],
    ['etcd, without EtcdCAFile: authorities of the system', () => ({ ...etcd(), EtcdCAFile: '' }), []],
    ['etcd, EtcdCertFile and EtcdPrivateKeyFile', () => ({ ...etcd(), ...own }), [`${READ} client`, `${READ} client`]],
    [
      'etcd, EtcdUserFile',
      () => ({ ...etcd(), EtcdUserFile: userFile }),
      [`${LOGIN} nobody`, `${READ} nobody t`, `${READ} nobody t`],
    ],
  ] as readonly (readonly [string, () => Partial<Config>, readonly string[]])[])
    it(title, async () => {
      heard.length = 0;
      const [store] = await storesFrom({ ...defaultConfig(), ...keys() });
      assert.ok(store);
      try {
        const written = store.write([GROUP], () => undefined, AbortSignal.timeout(30_000));
        if (said.length > 0) await written;
        else await assert.rejects(written, { code: 'UNAVAILABLE' });
        assert.deepEqual(heard, said);
      } finally {
        await store.close();
      }
    });
});
