import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { AddressSpace } from '../../../internal/raft/wire/address-space.ts';
import { encodeMessage } from '../../../internal/raft/wire/codec.ts';
import type { Credentials } from '../../../internal/raft/wire/credentials.ts';
import { dial } from '../../../internal/raft/wire/dial.ts';
import { frame } from '../../../internal/raft/wire/framing.ts';
import type { Greeted } from '../../../internal/raft/wire/greet.ts';
import type { Lane } from '../../../internal/raft/wire/hello.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { until } from '../../support/daemon.ts';
import { anIdentity, aSecret } from '../../support/raft-identity.ts';
import { type NodeOptions, OPEN, WireNode } from '../../support/raft-wire.ts';

const SECRET: Credentials = { mode: 'secret', secrets: [aSecret('s')] };

describe('the port for other nodes, under attack', () => {
  let node: WireNode;
  let friend: WireNode;
  const sockets: Socket[] = [];

  async function start(options: NodeOptions): Promise<void> {
    node = await WireNode.start('n1', options);
    friend = await WireNode.start('n2', { credentials: options.credentials ?? OPEN });
    friend.knows(node);
    await until('a friend gets through', async () => friend.reaches(node));
  }

  /** What the attack was meant to hurt: a friend who is connected stays so, and is heard. */
  async function unharmed(): Promise<void> {
    assert.equal(friend.heartbeat(node, 99), true);
    const heard = async () => node.messages.some((one) => one.kind === 'heartbeat' && one.round === 99);
    await until('a friend is heard', heard);
  }

  /** A connection that nothing is known about. */
  function knock(): Socket & { ended?: boolean } {
    const socket: Socket & { ended?: boolean } = connect(node.port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined).on('close', () => Object.assign(socket, { ended: true }));
    return socket.resume();
  }

  /** A connection that has gone through the handshake as `n3`, whoever is behind it. */
  async function infiltrate(credentials: Credentials, lane: Lane = 'bulk'): Promise<Greeted & { ended: boolean }> {
    const household = { identity: () => anIdentity('n3'), credentials: () => credentials, veto: () => undefined };
    const settings = { handshakeTimeoutMs: 3000, connectTimeoutMs: 3000, allowed: new AddressSpace([]) };
    const deps = { household, clock: systemClock, ...settings, resolve: async (host: string) => [host] };
    const address = { host: '127.0.0.1', port: node.port };
    const greeted = await dial(address, { lane, wanted: undefined }, deps, AbortSignal.timeout(30_000));
    sockets.push(greeted.socket);
    const inside = { ...greeted, ended: false };
    greeted.socket
      .on('error', () => undefined)
      .on('close', () => {
        inside.ended = true;
      });
    greeted.socket.resume();
    return inside;
  }
  const heartbeat = (from: string, round: number, to = 'n1/i1') =>
    encodeMessage({ kind: 'heartbeat', from, to, term: 1, round, commit: 0, closedTransfers: 0 });
  const roundsOf = (from: string) =>
    node.messages.flatMap((one) => (one.kind === 'heartbeat' && one.from === from ? [one.round] : []));

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await Promise.all([node.wire.stop(), friend.wire.stop()]);
  });

  const garbage: readonly (readonly [what: string, bytes: Uint8Array])[] = [
    ['a web browser', Buffer.from('GET / HTTP/1.1\r\nHost: n1\r\n\r\n')],
    ['a TLS client', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03])],
    ['random bytes', Buffer.concat([aSecret('1'), aSecret('2'), aSecret('3')])],
    ['a frame of another channel', Buffer.from([0, 0, 0, 2, 2, 1])],
    ['a handshake beyond the limit', Buffer.from([0, 0, 0x40, 0x02, 1])],
    ['a length of four gigabytes', Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ['a hello of nobody', Buffer.from([0, 0, 0, 6, 1, 1, 0, 2, 0x68, 0x69])],
  ];
  it('closes on whoever does not speak its language, at once, and on nobody else', async () => {
    await start({ settings: { handshakeTimeoutMs: 60_000 } });
    for (const [what, bytes] of garbage) {
      const stranger = knock();
      stranger.write(bytes);
      await until(`${what} is shown the door`, async () => stranger.ended);
    }
    assert(node.wire.status().refused >= garbage.length);
    await unharmed();
  });

  it('gives a stranger who dawdles no more than the deadline, however often it sends a byte', async () => {
    await start({ settings: { handshakeTimeoutMs: 300 } });
    const [silent, dripping] = [knock(), knock()];
    const stopDripping = systemClock.every(20, () => dripping.write(Buffer.from([0])));
    await until('both are gone', async () => silent.ended && dripping.ended);
    stopDripping();
    await unharmed();
  });

  it('keeps the newest strangers where there are too many, and everybody it knows', async () => {
    await start({ settings: { maxUnauthenticated: 3, handshakeTimeoutMs: 60_000 } });
    const strangers: ReturnType<typeof knock>[] = [];
    for (let many = 0; many < 5; many += 1) {
      const stranger = knock();
      await new Promise((resolve) => stranger.once('connect', resolve));
      strangers.push(stranger);
    }
    await until('the two oldest are gone', async () => strangers.filter(({ ended }) => ended).length === 2);
    assert.deepEqual(
      strangers.map(({ ended }) => ended === true),
      [true, true, false, false, false],
    );
    await unharmed();
  });

  it('keeps the four newest connections of one node', async () => {
    await start({});
    const inside: Awaited<ReturnType<typeof infiltrate>>[] = [];
    for (let many = 0; many < 5; many += 1) inside.push(await infiltrate(OPEN));
    await until('the oldest is gone', async () => inside[0]?.ended);
    assert.deepEqual(
      inside.map(({ ended }) => ended),
      [true, false, false, false, false],
    );
    await unharmed();
  });

  const crimes: readonly (readonly [what: string, parts: (seal: Greeted) => readonly Uint8Array[]])[] = [
    ['a message that is none', ({ established }) => frame('consensus', Buffer.from('vote!'), established.sealOut)],
    [
      'a message in the name of another',
      ({ established }) => frame('consensus', heartbeat('n2/i1', 1), established.sealOut),
    ],
    ['a second handshake', ({ established }) => frame('handshake', Buffer.from([1]), established.sealOut)],
    ['an unknown sign', ({ established }) => frame('link', Buffer.from([9]), established.sealOut)],
    ['a message beyond the limit', () => [Buffer.from([0x7f, 0, 0, 0])]],
    ['a frame without its seal', () => [Buffer.from([0, 0, 0, 1]), Buffer.from([2])]],
  ];
  for (const [mode, credentials] of [
    ['without authentication', OPEN],
    ['under a shared secret', SECRET],
  ] as const)
    it(`closes on a node that goes wrong behind its handshake, ${mode}, and on nobody else`, async () => {
      await start({ credentials });
      for (const [what, parts] of crimes) {
        const inside = await infiltrate(credentials);
        for (const part of parts(inside)) inside.socket.write(part);
        await until(`${what} ends the connection`, async () => inside.ended);
        assert.deepEqual(roundsOf('n3/i1'), []);
      }
      assert.deepEqual(roundsOf('n2/i1'), []);
      await unharmed();
    });

  it('does not take what is meant for another node, and stays on good terms', async () => {
    await start({});
    const inside = await infiltrate(OPEN);
    for (const [to, round] of [
      ['n7/i1', 1],
      ['n1/i0', 2],
      ['n1/i1', 3],
    ] as const)
      for (const part of frame('consensus', heartbeat('n3/i1', round, to), inside.established.sealOut))
        inside.socket.write(part);
    await until('what is meant for it arrives', async () => roundsOf('n3/i1').length > 0);
    assert.deepEqual(roundsOf('n3/i1'), [3]);
    assert.equal(node.wire.status().misdirected, 2);
  });

  const tricks: readonly (readonly [what: string, order: readonly number[], heard: readonly number[]])[] = [
    ['repeated', [0, 0], [0]],
    ['left out', [0, 2], [0]],
    ['exchanged', [1, 0], []],
    ['repeated much later', [0, 1, 2, 0], [0, 1, 2]],
  ];
  for (const [what, order, heard] of tricks)
    it(`closes when frames under a secret are ${what}`, async () => {
      await start({ credentials: SECRET });
      const inside = await infiltrate(SECRET);
      const frames = [0, 1, 2].map((round) =>
        Buffer.concat(frame('consensus', heartbeat('n3/i1', round), inside.established.sealOut)),
      );
      for (const at of order) inside.socket.write(frames[at]!);
      await until('the connection ends', async () => inside.ended);
      assert.deepEqual(roundsOf('n3/i1'), heard);
      assert(
        node.told.some((line) => /changed, repeated, left out or moved/.test(line)),
        node.told.join('\n'),
      );
      await unharmed();
    });

  it('takes large messages where they hold nobody up, and nowhere else', async () => {
    await start({});
    const large = ({ established }: Greeted) => frame('consensus', new Uint8Array(40_000), established.sealOut);
    const inside = await infiltrate(OPEN, 'swift');
    inside.socket.write(large(inside)[0]!);
    await until('its announcement is enough', async () => inside.ended);
    await unharmed();
  });

  it('does not wait for ever for the end of a message', async () => {
    await start({ settings: { frameTimeoutMs: 400 } });
    const inside = await infiltrate(OPEN);
    const [head = Buffer.alloc(0)] = frame('consensus', new Uint8Array(10_000), inside.established.sealOut);
    inside.socket.write(head);
    const stopDripping = systemClock.every(20, () => inside.socket.write(Buffer.from([0])));
    await until('its patience ends', async () => inside.ended);
    stopDripping();
    await unharmed();
  });
});
