import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { SeededRandom } from '../../sim/random.ts';
import { until } from '../../support/daemon.ts';
import { aSecret } from '../../support/raft-identity.ts';
import { type NodeOptions, WireNode } from '../../support/raft-wire.ts';
import { Tap } from '../../support/tap.ts';

describe('connections between nodes', () => {
  const running: { stop?(): Promise<void>; close?(): Promise<void> }[] = [];

  async function start(name: string, options: NodeOptions = {}): Promise<WireNode> {
    const node = await WireNode.start(name, options);
    running.push(node.wire);
    return node;
  }
  async function tapBefore(node: WireNode): Promise<Tap> {
    const tap = await Tap.before(node.port);
    running.push(tap);
    return tap;
  }
  async function pair(options: NodeOptions = {}): Promise<readonly [WireNode, WireNode]> {
    const [a, b] = [await start('n1', options), await start('n2', options)];
    a.knows(b);
    b.knows(a);
    await until('both reach each other', async () => a.reaches(b) && b.reaches(a));
    return [a, b];
  }
  const rounds = ({ messages }: WireNode) => messages.flatMap((one) => (one.kind === 'heartbeat' ? [one.round] : []));
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.stop?.() ?? one.close?.()));
  });

  for (const [title, options] of [
    ['without authentication', {}],
    ['under a shared secret', { credentials: { mode: 'secret', secrets: [aSecret('s')] } }],
  ] as const satisfies readonly (readonly [string, NodeOptions])[])
    it(`carry messages of all sizes between three nodes, ${title}`, async () => {
      const nodes = [await start('n1', options), await start('n2', options), await start('n3', options)];
      for (const node of nodes) node.knows(...nodes);
      const ways = nodes.flatMap((from) => nodes.filter((to) => to !== from).map((to) => [from, to] as const));
      await until('everybody reaches everybody', async () => ways.every(([from, to]) => from.reaches(to)));
      for (const [from, to] of ways) {
        assert.equal(from.heartbeat(to, 7), true);
        assert.equal(from.append(to, 900_000), true);
        assert.equal(from.wire.sendBytes(to.member, 'opinions', Buffer.from('alive?')), true);
      }
      await until('all has arrived', async () =>
        nodes.every(({ messages, bytes }) => messages.length === 4 && bytes.length === 2),
      );
      for (const { messages, bytes, identity } of nodes) {
        const senders = nodes.map(({ member }) => member).filter((member) => member !== identity.member);
        for (const kind of ['heartbeat', 'append'])
          assert.deepEqual(
            messages
              .filter((one) => one.kind === kind)
              .map(({ from }) => from)
              .sort(),
            senders,
          );
        const sizes = messages.flatMap((one) => (one.kind === 'append' ? one.entries : []));
        assert.deepEqual(
          sizes.map((one) => one.kind === 'command' && one.data.length),
          [900_000, 900_000],
        );
        assert.deepEqual(
          bytes.map(({ channel, payload }) => `${channel} ${Buffer.from(payload)}`),
          Array(2).fill('opinions alive?'),
        );
      }
    });

  it('answer a node that was sought by its address, once it is known who that is', async () => {
    const [a, b] = [await start('n1'), await start('n2')];
    b.wire.seek([{ host: '127.0.0.1', port: a.port }]);
    a.knows(b);
    await until('both reach each other', async () => a.reaches(b) && b.wire.reaches(a.member));
    assert.ok(a.heartbeat(b, 1) && b.heartbeat(a, 2));
    await until('both have heard', async () => rounds(a).includes(2) && rounds(b).includes(1));
    assert.equal(b.wire.reaches('n3/i1'), false);
  });

  it('tell a node that they met without a group which one they belong to, once it is a member of it', async () => {
    const [a, b] = [
      await start('n1', { identity: { clusterId: '' } }),
      await start('n2', { identity: { clusterId: '' } }),
    ];
    b.knows(a); // it calls, and is answered
    await until('it is met', async () => a.wire.reaches(b.member, b.identity.address));
    a.identity = { ...a.identity, clusterId: 'c1' };
    a.knows(b);
    await until('it hears which', async () => a.heartbeat(b, 1) && b.groups.includes('c1'));
  });

  it('lose what is sent to a node that is not there, or too large, and hold nobody up', async () => {
    const a = await start('n1');
    const gone = await start('n2');
    const oversize = await start('n3');
    await gone.wire.stop();
    a.knows(gone, oversize);
    await until('the third is reached', async () => a.reaches(oversize));
    assert.equal(a.heartbeat(gone, 1), false);
    assert.equal(a.append(oversize, 2 ** 20 + 1), false);
    assert.equal(a.heartbeat(oversize, 2), true);
    await until('what fits arrives', async () => rounds(oversize).includes(2));
    assert.equal(a.wire.status().peers[0]?.dropped, 1);
    await until('why is known', async () =>
      /no connection to .*ECONNREFUSED/.test(a.wire.status().peers[0]?.problem ?? ''),
    );
  });

  it('come back by themselves when the other node was restarted', async () => {
    const [a, b] = await pair();
    await b.wire.stop();
    await until('the end is noticed', async () => !a.reaches(b));
    const again = await start('n2', { port: b.port });
    again.knows(a);
    await until('both reach each other again', async () => a.reaches(again) && again.reaches(a));
  });

  it('are tried at once when the other node calls, however long the pause would be', async () => {
    const patient = { leastPauseMs: 60_000, mostPauseMs: 60_000 };
    const a = await start('n1', { settings: patient });
    const b = await start('n2');
    await b.wire.stop();
    a.knows(b);
    await until('the first attempt has failed', async () => a.wire.status().peers[0]?.problem !== undefined);
    const again = await start('n2', { port: b.port });
    again.knows(a);
    await until('it is reached long before the minute is over', async () => a.reaches(again));
  });

  it('that only seem to live are given up, and made anew when packets pass again', async () => {
    const [a, b] = [await start('n1'), await start('n2')];
    const tap = await tapBefore(b);
    a.knowsAt(b, tap.address);
    await until('it is reached', async () => a.reaches(b));
    tap.cut();
    await until('silence is noticed', async () => !a.reaches(b));
    assert.equal(a.heartbeat(b, 1), false);
    tap.mend();
    await until('it is reached again', async () => a.reaches(b));
    assert.equal(a.heartbeat(b, 2), true);
    await until('and hears us', async () => rounds(b).includes(2));
  });

  it('let heartbeats pass while large messages are stuck, and take no more than fits', async () => {
    const [a, b] = [await start('n1'), await start('n2')];
    const tap = await tapBefore(b);
    a.knowsAt(b, tap.address);
    await until('it is reached', async () => a.reaches(b));
    const stuck = new Set<number>();
    tap.change = (piece, _way, connection) => {
      if (piece.length > 10_000) stuck.add(connection);
      return stuck.has(connection) ? 'stall' : piece;
    };
    let taken = 0;
    while (a.append(b, 500_000)) taken += 1;
    assert(taken < 100, `${taken} messages of half a megabyte wait`);
    for (let round = 1; round <= 20; round += 1) assert.equal(a.heartbeat(b, round), true);
    await until('all heartbeats have arrived', async () => rounds(b).length === 20);
    assert.equal(
      b.messages.some(({ kind }) => kind === 'append'),
      false,
    );
  });

  it('follow a member to another address, and end with its membership', async () => {
    const settings = { guestMs: 300 };
    const [a, b] = [await start('n1', { settings }), await start('n2', { settings })];
    a.knows(b);
    await until('it is reached', async () => a.reaches(b));
    const tap = await tapBefore(b);
    a.knowsAt(b, tap.address);
    await until('it is reached at the new address', async () => a.reaches(b) && tap.connections >= 2);
    a.heartbeat(b, 5);
    await until('and hears us there', async () => rounds(b).includes(5));
    a.wire.configure([]);
    const gone = async () => b.wire.heardMs(a.member) === undefined && a.wire.heardMs(b.member) === undefined;
    await until('neither keeps a connection', gone);
    assert.equal(a.heartbeat(b, 6), false);
  });

  it('stay open to a former member that still talks to us, so that it can be told', async () => {
    const [a, b] = await pair();
    a.wire.configure([]);
    assert.equal(a.heartbeat(b, 9), true);
    await until('it is told', async () => rounds(b).includes(9));
  });

  it('go to where a member says it is, while the configuration still has its old address', async () => {
    const [a, b] = [await start('n1'), await start('n2')];
    a.knowsAt(b, '127.0.0.1:1');
    await until('the old address leads nowhere', async () => a.wire.status().peers[0]?.problem !== undefined);
    b.knows(a);
    await until('it is reached where it is', async () => a.reaches(b));
  });

  it('answer a node that is not in the configuration', async () => {
    const [a, stranger] = [await start('n1'), await start('n9')];
    a.knows();
    assert.equal(a.heartbeat(stranger, 1), false);
    stranger.knows(a);
    await until('an answer gets through', async () => a.heartbeat(stranger, 2));
    await until('and arrives', async () => rounds(stranger).includes(2));
    a.knows(stranger);
    assert.equal(a.heartbeat(stranger, 3), true, 'the connection is kept when the node becomes a member');
  });

  it('resolve a name anew at each attempt', async () => {
    const answers = [[], ['127.0.0.2'], ['127.0.0.2', '127.0.0.1']];
    const asked: string[] = [];
    const resolve = async (host: string) => {
      if (host === '127.0.0.1') return [host];
      asked.push(host);
      return answers[Math.min(asked.length >> 1, answers.length - 1)] ?? [];
    };
    const [a, b] = [await start('n1', { resolve }), await start('n2')];
    a.knowsAt(b, `n2.example:${b.port}`);
    await until('it is reached in the end', async () => a.reaches(b));
    assert(asked.length >= 5 && asked.every((host) => host === 'n2.example'), `${asked.length} look-ups`);
  });

  for (const seed of [1, 2, 3])
    it(`survive a line that loses, changes and cuts, and then is as good as new (seed ${seed})`, async () => {
      const random = new SeededRandom(seed);
      const [a, b] = [await start('n1'), await start('n2')];
      const tap = await tapBefore(b);
      a.knowsAt(b, tap.address);
      await until('it is reached', async () => a.reaches(b));
      tap.change = (piece) => {
        if (random.chance(0.02)) return undefined;
        if (random.chance(0.98)) return piece;
        const changed = Buffer.from(piece);
        changed[random.whole(0, piece.length - 1)]! ^= 1 << random.whole(0, 7);
        return changed;
      };
      for (let round = 1; round <= 300; round += 1) {
        a.heartbeat(b, round);
        a.append(b, random.whole(0, 5000));
        if (random.chance(0.02)) tap.reset();
        await systemClock.sleep(2);
      }
      tap.mend();
      let last = 1000; // again and again: the first ones may end up in a frame that was broken before
      await until('it is reached again, and hears us', async () => {
        last += 1;
        if (a.reaches(b)) a.heartbeat(b, last);
        return (rounds(b).at(-1) ?? 0) > 1000;
      });
      const heard = rounds(b);
      assert.deepEqual(
        heard,
        [...new Set(heard)].sort((x, y) => x - y),
        'nothing twice, nothing out of order',
      );
      const sent = (round: number) => round <= 300 || (round > 1000 && round <= last);
      assert(heard.length > 10 && heard.every(sent), `${heard.length} heartbeats`);
    });

  it('are made while every thread of the pool is stuck', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'raft-wire-pool-'));
    const fifo = join(directory, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const stuck = Array.from({ length: 16 }, () => open(fifo, 'r')); // a reader waits in its thread until somebody writes
    try {
      const credentials = { mode: 'secret', secrets: [aSecret('s')] } as const;
      const [a, b] = [await start('n1', { credentials }), await start('n2', { credentials })];
      a.knowsAt(b, `localhost:${b.port}`);
      await until('it is reached', async () => a.reaches(b));
      assert.equal(await Promise.race([...stuck, systemClock.sleep(0)]), undefined, 'the pool is stuck still');
    } finally {
      const writer = openSync(fifo, constants.O_RDWR);
      for (const handle of await Promise.all(stuck)) await handle.close();
      closeSync(writer);
      rmSync(directory, { recursive: true });
    }
  });

  it('are waited for where the configuration says, or the start fails with what to do', async () => {
    const taken = await start('n1');
    const refused: readonly (readonly [options: NodeOptions, message: RegExp])[] = [
      [
        { port: taken.port },
        /cannot listen .* at 127\.0\.0\.1:\d+: EADDRINUSE: check RaftBind, and what else uses the port/,
      ],
      [{ host: '192.0.2.1' }, /nothing says which nodes may talk to it: set RaftTLSCertFile/],
      [{ host: '0.0.0.0' }, /RaftInsecure lifts this check/],
      [{ host: 'nobody.invalid', resolve: async () => [] }, /this host has no address of that name: correct the name/],
      [
        { host: '192.0.2.1', credentials: { mode: 'secret', secrets: [aSecret('s')] } },
        /cannot listen .* at 192\.0\.2\.1:0: EADDRNOTAVAIL: check RaftBind/,
      ],
    ];
    for (const [options, message] of refused)
      await assert.rejects(WireNode.start('n2', options), { code: 'CONFIG_INVALID', message });
  });

  it('stay within the allowed addresses, both ways', async () => {
    const [a, b] = [await start('n1', { allowed: ['10.0.0.0/8'] }), await start('n2')];
    a.knows(b);
    b.knows(a);
    await until('neither way works', async () =>
      [a, b].every(({ wire }) => wire.status().peers[0]?.problem !== undefined),
    );
    assert.match(a.wire.status().peers[0]?.problem ?? '', /127\.0\.0\.1 is outside of what RaftAllowedAddressSpace/);
    assert(
      a.told.some((line) => /connections from this address are not allowed/.test(line)),
      a.told.join('\n'),
    );
  });
});
