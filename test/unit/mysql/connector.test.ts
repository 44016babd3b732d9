import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Connector } from '../../../internal/mysql/connector.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';

/** Packets of the client/server protocol of MySQL, without their headers. */
const GREETING = Buffer.concat([
  Buffer.from('\x0a9.7.4\0', 'latin1'),
  Buffer.from([1, 0, 0, 0, ...Buffer.alloc(8, 1), 0]), // session, first half of the salt
  Buffer.from([0x01, 0xa2, 45, 2, 0, 0x0b, 0, 21, ...Buffer.alloc(10)]), // what it can do, alphabet, status
  Buffer.from([...Buffer.alloc(12, 1), 0]),
  Buffer.from('mysql_native_password\0'),
]);
const OK = Buffer.from([0, 0, 0, 2, 0, 0, 0]);
/** 1820: the password has run out. */
const REFUSAL = Buffer.concat([Buffer.from([0xff, 1820 & 0xff, 1820 >> 8]), Buffer.from('#HY000change your password')]);

const packet = (number: number, payload: Buffer) =>
  Buffer.concat([Buffer.from([payload.length, 0, 0, number]), payload]);

/** Lets everybody in, and refuses every statement. */
function letInAndRefuse(socket: Socket): void {
  let loggedIn = false;
  socket.write(packet(0, GREETING));
  socket.on('data', () => {
    socket.write(loggedIn ? packet(1, REFUSAL) : packet(2, OK));
    loggedIn = true;
  });
}

describe('a connection to a server', () => {
  it('is not left behind where the server lets us in and refuses the first statement', async () => {
    const server = createServer(letInAndRefuse).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const key = { hostname: '127.0.0.1', port };
    const options = { rejectUnauthorized: true, minVersion: 'TLSv1.2' } as const;
    const settings = { login: { user: 'u', password: 'p' }, tls: { when: 'never', options, cacheMs: 0 } } as const;
    const connector = new Connector({ settings, clock: systemClock });
    const opened = connector.open(key, new AbortController().signal);
    await assert.rejects(opened, { code: 'STATEMENT_FAILED', message: /change your password/ });
    server.close();
    await once(server, 'close'); // not before its last connection has ended
  });
});
