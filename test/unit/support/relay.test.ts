import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { freePort } from '../../support/daemon.ts';
import { Relay } from '../../support/network/relay.ts';

describe('a relay of a test network', () => {
  it('ends a connection of which it does not find whose it is, before anything passes: it could not cut it', async () => {
    let taken = 0;
    const server = createServer((socket) => {
      taken += 1;
      socket.on('error', () => undefined);
      socket.end('passed');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const door = await freePort();
    const relay = new Relay({ host: '127.0.0.1', port: door }, { host: '127.0.0.1', port }, undefined, 'h1');
    await relay.listen();
    try {
      const heard: string[] = [];
      const client = connect(door, '127.0.0.1'); // of this process, which runs on no host
      client.on('data', (bytes) => heard.push(String(bytes)));
      client.on('error', () => undefined);
      await new Promise((resolve) => client.once('close', resolve));
      assert.deepEqual([heard, taken], [[], 0]);
    } finally {
      await relay.close();
      server.close();
    }
  });
});
