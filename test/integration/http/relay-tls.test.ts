import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createPlain, type Server as PlainServer, request } from 'node:http';
import { createServer as createSecure, type Server as SecureServer, type ServerOptions } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Relay, type Relayed, type RelayTls } from '../../../internal/http/relay/relay.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { Authority } from '../../support/certificates.ts';

const NO_TLS: RelayTls = { ca: undefined, cert: undefined, key: undefined, skipVerify: false };

describe('relaying over TLS', () => {
  const directory = mkdtempSync(join(tmpdir(), 'relay-tls-'));
  const closing: (Server | SecureServer | PlainServer)[] = [];
  const ours = new Authority(directory, 'ours');
  const theirs = new Authority(directory, 'theirs');
  const server = ours.issue('leader', 'IP:127.0.0.1,DNS:localhost');
  const client = ours.issue('follower', 'IP:127.0.0.1');
  after(async () => {
    for (const one of closing) {
      if ('closeAllConnections' in one) one.closeAllConnections();
      await new Promise((resolve) => one.close(resolve));
    }
    rmSync(directory, { recursive: true });
  });

  const CASES: readonly (readonly [
    title: string,
    host: string,
    leader: ServerOptions,
    tls: Partial<RelayTls>,
    status: number | RegExp,
  ])[] = [
    ['an authority that is known, by address', '127.0.0.1', {}, { ca: ours.self.cert }, 200],
    ['an authority that is known, by name', 'localhost', {}, { ca: ours.self.cert }, 200],
    ['another authority', '127.0.0.1', {}, { ca: theirs.self.cert }, /unable to verify|self-signed/],
    ['no authority', '127.0.0.1', {}, {}, /unable to verify|self-signed/],
    ['no authority, and any certificate is taken', '127.0.0.1', {}, { skipVerify: true }, 200],
    ['a certificate of another host', '127.0.0.2', {}, { ca: ours.self.cert }, /does not match/],
    [
      'a leader that wants a certificate, and gets it',
      '127.0.0.1',
      { requestCert: true, rejectUnauthorized: true, ca: ours.self.cert },
      { ca: ours.self.cert, cert: client.cert, key: client.key },
      200,
    ],
    [
      'a leader that wants a certificate, and gets none',
      '127.0.0.1',
      { requestCert: true, rejectUnauthorized: true, ca: ours.self.cert, maxVersion: 'TLSv1.2' },
      { ca: ours.self.cert },
      /handshake|closed|hang up|reset/,
    ],
  ];

  for (const [title, host, leader, tls, expected] of CASES)
    it(`${title}: ${expected}`, async () => {
      const secure = createSecure({ cert: server.cert, key: server.key, ...leader }, (_, response) =>
        response.end('ok'),
      );
      const port = await listening(secure, '0.0.0.0');
      const { status, relayed } = await through({ ...NO_TLS, ...tls }, `https://${host}:${port}`);
      if (typeof expected === 'number') {
        assert.deepEqual([status, relayed], [expected, { kind: 'answered' }]);
        return;
      }
      assert.ok(relayed.kind === 'unreached', JSON.stringify(relayed)); // no request was sent before the handshake was over
      assert.match(relayed.reason, expected);
    });

  it('a leader that never completes the handshake was not reached', async () => {
    const silent = createTcp((socket) => socket.on('error', () => undefined).resume());
    const port = await listening(silent, '127.0.0.1');
    const { relayed } = await through(NO_TLS, `https://127.0.0.1:${port}`, 400);
    assert.deepEqual(relayed, { kind: 'unreached', reason: 'no connection within 400 ms', timedOut: true });
  });

  async function listening(one: Server | SecureServer | PlainServer, host: string): Promise<number> {
    await once(one.listen(0, host), 'listening');
    closing.push(one);
    return (one.address() as AddressInfo).port;
  }

  /** One request, with a host in its headers that the leader's certificate does not know. */
  async function through(
    tls: RelayTls,
    url: string,
    connectMs = 30_000,
  ): Promise<{ status: number; relayed: Relayed }> {
    const relay = new Relay({ clock: systemClock, tls, connectMs, responseMs: () => 30_000 });
    let done: (relayed: Relayed) => void = () => {};
    const relayed = new Promise<Relayed>((resolve) => {
      done = resolve;
    });
    const front = createPlain(async (asked, response) => {
      const came = await relay.forward(asked, response, { url, headers: {} });
      done(came);
      if (came.kind !== 'answered') response.writeHead(502).end();
    });
    const port = await listening(front, '127.0.0.1');
    const sent = request({ host: '127.0.0.1', port, path: '/x', headers: { Host: 'proxy.example' }, agent: false });
    sent.end();
    const [answer] = await once(sent, 'response');
    answer.resume();
    return { status: answer.statusCode, relayed: await relayed };
  }
});
