import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Relay, type Relayed } from '../../../internal/http/relay/relay.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { until } from '../../support/daemon.ts';
import { FakeGroup } from '../../support/fake-group.ts';
import { SETTINGS, TestHttp } from '../../support/http.ts';

const READ = '/orc/api/cluster/shop';
const WRITE = '/orc/api/begin-downtime/db2.example/3306/me/why';
const message = (json: unknown) => (json as { Message: string }).Message;

/** Whatever answers in place of a leader. Each is closed at the end. */
class Pretender {
  static readonly #all: Server[] = [];
  readonly heard: IncomingMessage[] = [];
  readonly url: string;

  private constructor(server: Server) {
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (heard: IncomingMessage) => this.heard.push(heard));
  }

  static async start(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Pretender> {
    const server = createServer(answer);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    Pretender.#all.push(server);
    return new Pretender(server);
  }

  static async stopAll(): Promise<void> {
    for (const server of Pretender.#all) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }
}

describe('relaying to the daemon that leads on the same backend', () => {
  let leader: TestHttp;
  let standby: TestHttp;
  before(async () => {
    [leader, standby] = (await Promise.all([0, 1].map(() => TestHttp.start({ urlPrefix: '/orc' })))) as [
      TestHttp,
      TestHttp,
    ];
  });
  after(() => Promise.all([leader.stop(), standby.stop(), Pretender.stopAll()]));
  beforeEach(() => {
    for (const { house } of [leader, standby]) house.calls.length = 0;
    leader.house.leaderUrl = undefined;
    standby.house.leaderUrl = leader.url;
  });
  const made = () => [leader.house.calls.length, standby.house.calls.length];

  it('a change is made there, once under a key, and a read is answered here', async () => {
    for (const node of [standby, leader, standby])
      assert.equal((await node.get(WRITE, { 'Idempotency-Key': 'k' })).status, 200);
    assert.deepEqual(made(), [1, 0]);
    leader.house.disabled = true;
    assert.equal(message((await standby.get('/orc/api/check-global-recoveries')).json), 'Global recoveries enabled');
  });

  for (const [title, url] of [
    ['is not told', async () => undefined],
    ['is out of reach', async () => 'http://127.0.0.1:1'],
    ['leads no more', async () => (await Pretender.start((_, response) => response.writeHead(508).end())).url],
  ] as const) {
    it(`a change is made here where its address ${title}`, async () => {
      standby.house.leaderUrl = await url();
      assert.equal((await standby.get(WRITE)).status, 200);
      assert.deepEqual(made(), [0, 1]);
    });
  }

  it('a change is relayed once', async () => {
    leader.house.leaderUrl = standby.url; // each takes the other one for it
    assert.equal((await standby.get(WRITE)).status, 200);
    assert.deepEqual(made(), [0, 1]);
  });

  it('a change whose answer was lost is told as such, and not made here', async () => {
    standby.house.leaderUrl = (await Pretender.start((request) => request.socket.destroy())).url;
    const answer = await standby.get(WRITE);
    assert.equal(answer.status, 502);
    assert.match(message(answer.json), /^outcome unknown/);
    assert.deepEqual(made(), [0, 0]);
  });
});

describe('relaying to the leader', () => {
  let leader: TestHttp;
  let follower: TestHttp;
  before(async () => {
    leader = await TestHttp.start({ urlPrefix: '/orc' });
    follower = await TestHttp.start({ urlPrefix: '/orc' });
    leader.house.group = new FakeGroup(1);
  });
  after(() => Promise.all([leader.stop(), follower.stop(), Pretender.stopAll()]));
  beforeEach(() => {
    leader.house.calls.length = 0;
    follower.house.calls.length = 0;
    follower.house.group = new FakeGroup(2).follow(leader.url);
    follower.settings.raft = SETTINGS.raft;
  });
  const follow = (url: string) => {
    follower.house.group = new FakeGroup(2).follow(url);
  };

  it('a read has the answer of the leader, status and headers with it', async () => {
    leader.house.disabled = true;
    for (const path of [READ, '/orc/api/check-global-recoveries', '/orc/api/instance/nobody/1']) {
      const [asked, relayed] = [await leader.get(path), await follower.get(path)];
      assert.deepEqual([relayed.status, relayed.text], [asked.status, asked.text], path);
      assert.equal(relayed.headers['content-type'], asked.headers['content-type']);
    }
    leader.house.disabled = false;
    assert.equal((await follower.get('/orc/api/routed-leader-check')).status, 200);
    assert.equal((await follower.get('/orc/api/leader-check')).status, 404);
  });

  it('a change is made by the leader alone, whatever its path is made of', async () => {
    const { status } = await follower.get('/orc/api/begin-downtime/db2.example/3306/a%2Fb%0A/why%3F%2e%2e/1h');
    assert.equal(status, 200);
    assert.deepEqual(leader.house.calls, ['downtime db2.example:3306 a/b|why?..|3600000']);
    assert.deepEqual(follower.house.calls, []);
  });

  it('headers of the caller go along, but for what this node does itself', async () => {
    const seen = await Pretender.start((_, response) => response.end('"heard"'));
    follow(seen.url);
    const path = `${READ}?tag=a%3Db&x=%2F`;
    const sent = { Authorization: 'Basic Zm9vOmJhcg==', Cookie: 'a=b', 'X-User': 'me', 'Accept-Encoding': 'gzip' };
    assert.equal((await follower.get(path, sent)).text, '"heard"');
    await follower.get(WRITE, { 'Idempotency-Key': 'k1' });
    const [read, write] = seen.heard;
    assert.equal(read?.url, path);
    const { authorization, cookie, 'x-user': user, 'x-orchestrator-hops': hops } = read?.headers ?? {};
    assert.deepEqual([authorization, cookie, user, hops], [sent.Authorization, 'a=b', 'me', '1']);
    assert.deepEqual([read?.headers['accept-encoding'], read?.headers['idempotency-key']], [undefined, undefined]);
    assert.equal(write?.headers['idempotency-key'], 'k1');
  });

  it('two nodes that take each other for the leader do not bounce a request', async () => {
    const other = await TestHttp.start({ urlPrefix: '/orc' });
    try {
      const third = new FakeGroup(3).follow(follower.url);
      third.electionTimeoutMs = 100;
      other.house.group = third;
      follower.house.group = Object.assign(new FakeGroup(2), { electionTimeoutMs: 100 }).follow(other.url);
      for (const path of [READ, WRITE]) {
        const { status, json } = await follower.get(path);
        assert.equal(status, 508);
        assert.match(message(json), /was asked, and does not lead$/);
      }
      assert.deepEqual([...other.house.calls, ...follower.house.calls], []);
    } finally {
      await other.stop();
    }
  });

  it('whoever was asked and does not lead is followed by the next leader, within the time that a change may wait', async () => {
    const group = new FakeGroup(2);
    group.electionTimeoutMs = 30_000;
    const former = await Pretender.start((_, response) => {
      response.writeHead(508).end('{"Code":"ERROR"}');
      if (former.heard.length > 0) group.follow(leader.url);
    });
    follower.house.group = group.follow(former.url);
    for (const path of [WRITE, READ]) {
      group.follow(former.url);
      former.heard.length = 0;
      const { status } = await follower.get(path, { 'Idempotency-Key': path });
      assert.deepEqual([status, former.heard.length], [200, 2], path);
    }
    assert.equal(leader.house.calls.length, 1);
  });

  it('an answer passes as it is written, not when it is whole', async () => {
    let finish = () => {};
    const slow = await Pretender.start((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('first');
      finish = () => void response.end('last');
    });
    follow(slow.url);
    const answer = await opened(READ);
    const pieces: string[] = [];
    for await (const piece of answer) {
      pieces.push(String(piece));
      finish();
    }
    assert.deepEqual(pieces, ['first', 'last']);
    assert.equal(answer.headers.connection, 'keep-alive'); // that of the caller is its own
  });

  it('an answer that breaks off there breaks off here', async () => {
    const broken = await Pretender.start((_, response) => {
      response.writeHead(200, { 'Content-Length': '10' });
      response.write('half');
      setImmediate(() => response.destroy());
    });
    follow(broken.url);
    const answer = await opened(READ);
    await assert.rejects(answer.toArray(), /aborted/);
  });

  it('a leader out of reach was asked nothing, and that is said', async () => {
    const gone = await TestHttp.start();
    follow(gone.url);
    await gone.stop();
    const read = await follower.get(READ);
    assert.deepEqual([read.status, read.headers['retry-after']], [502, '1']);
    assert.match(message(read.json), /^the leader at http:.* cannot be reached: connect ECONNREFUSED/);
    const write = await follower.get(WRITE);
    assert.equal(write.status, 502);
    assert.match(message(write.json), /nothing was done$/);
  });

  for (const [title, status, answer] of [
    ['breaks the connection', 502, (_: IncomingMessage, response: ServerResponse) => void response.destroy()],
    ['says nothing', 504, () => undefined],
  ] as const)
    it(`a change whose leader ${title} may have been made, and is told under its number`, async () => {
      const lost = await Pretender.start(answer);
      follow(lost.url);
      if (status === 504) follower.settings.raft = { ...SETTINGS.raft, relayAnswerMs: 300 };
      const write = await follower.get(WRITE);
      assert.equal(write.status, status);
      assert.match(message(write.json), /^outcome unknown: the leader at http:/);
      const { OperationId } = (write.json as { Details: { OperationId: string } }).Details;
      assert.equal(OperationId, lost.heard[0]?.headers['idempotency-key']);
      const read = await follower.get(READ);
      assert.equal(read.status, status);
      assert.match(message(read.json), /cannot be reached/);
    });

  it('without a leader: reads for a while with the age of what they are of, changes refused with the cause', async () => {
    const group = new FakeGroup(2).lose(4_000);
    group.electionTimeoutMs = 100;
    follower.house.group = group;
    const fresh = await follower.get(READ);
    assert.deepEqual([fresh.status, fresh.headers['orchestrator-leader-contact-milliseconds']], [200, '4000']);
    const refused = await follower.get(WRITE);
    assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '1']);
    assert.match(message(refused.json), /^no leader is known, the last one was heard 4000 ms ago; nothing was done$/);
    group.lose(4_700);
    assert.equal((await follower.get(READ)).status, 503);
    const stale = await follower.get(`${READ}?stale=true`);
    assert.deepEqual([stale.status, stale.headers['orchestrator-leader-contact-milliseconds']], [200, '4700']);
    assert.equal((await follower.get(`${WRITE}?stale=true`)).status, 503);
    assert.deepEqual(follower.house.calls, []);
  });

  it('a change that comes while leadership changes hands waits for the next leader', async () => {
    const group = new FakeGroup(2).lose(100);
    group.electionTimeoutMs = 30_000; // it ends with the next leader
    follower.house.group = group;
    const write = follower.get(WRITE);
    await until('it was looked for', async () => group.looks > 2);
    group.follow(leader.url);
    assert.equal((await write).status, 200);
    assert.equal(leader.house.calls.length, 1);
  });

  it('whoever has no login here is not let through to the leader', async () => {
    const authentication = { ...SETTINGS.authentication, method: 'basic', user: 'boss', password: 'secret' };
    const closed = await TestHttp.start({ urlPrefix: '/orc', authentication });
    const seen = await Pretender.start((_, response) => response.end('""'));
    try {
      closed.house.group = new FakeGroup(2).follow(seen.url);
      assert.equal((await closed.get(WRITE)).status, 401);
      assert.equal(seen.heard.length, 0);
    } finally {
      await closed.stop();
    }
  });

  it('a caller who goes away takes the request to the leader along', async () => {
    const held = await Pretender.start(() => undefined);
    follow(held.url);
    const sent = request(`${follower.url}${READ}`).on('error', () => undefined);
    sent.end();
    while (held.heard.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const gone = new Promise((resolve) => held.heard[0]?.on('error', () => undefined).on('close', resolve));
    sent.destroy();
    await gone;
  });

  it('a caller who went away while the leader was looked for has nothing asked', async () => {
    const leading = await Pretender.start((_, response) => response.end('""'));
    const tls = { ca: undefined, cert: undefined, key: undefined, skipVerify: false };
    const relay = new Relay({ clock: systemClock, tls, connectMs: 1_000, responseMs: () => 1_000 });
    const relayed = new Promise<Relayed>((resolve) => {
      const late = (request: IncomingMessage, response: ServerResponse) =>
        response.once('close', () => resolve(relay.forward(request, response, { url: leading.url, headers: {} })));
      void Pretender.start((request, response) => {
        late(request, response);
        request.socket.destroy();
      }).then(({ url }) =>
        request(url)
          .on('error', () => undefined)
          .end(),
      );
    });
    assert.deepEqual([await relayed, leading.heard.length], [{ kind: 'answered' }, 0]);
  });

  async function opened(path: string): Promise<IncomingMessage> {
    const sent = request(`${follower.url}${path}`, { headers: { Connection: 'keep-alive' } });
    sent.end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    return answer;
  }
});
