import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { PROBLEM_KINDS } from '../../../internal/http/v2/problem-codes.ts';
import { until } from '../../support/daemon.ts';
import { FakeGroup } from '../../support/fake-group.ts';
import { SETTINGS, TestHttp } from '../../support/http.ts';
import { V2Client } from '../../support/v2.ts';

interface Page {
  readonly items: readonly Readonly<Record<string, unknown>>[];
  readonly nextCursor: string | null;
}

const servers = ({ items }: Page) => items.map(({ server }) => server);

describe('/api/v2', () => {
  let http: TestHttp;
  let client: V2Client;
  before(async () => {
    http = await TestHttp.start();
    client = await V2Client.of((...request) => http.get(...request));
  });
  after(() => http.stop());

  it('describes itself in OpenAPI 3.1, each operation under a name of its own and with ways to fail', () => {
    const { openapi, servers: places, paths } = client.document;
    assert.equal(openapi, '3.1.0');
    assert.deepEqual(places, [{ url: '/api/v2' }]);
    const operations = Object.values(paths).flatMap((item) => Object.values(item));
    assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
    for (const { operationId, responses } of operations) assert.ok(responses['500'] !== undefined, operationId);
  });

  it('never speaks the old words', () => {
    const texts = JSON.stringify(client.document).match(/\w*(master|slave)\w*/gi) ?? [];
    assert.deepEqual(texts, []);
  });

  it('explains each code that it fails with', async () => {
    const { items } = await client.done<Page>('/problems?limit=500');
    assert.deepEqual(items.map(({ code }) => code).sort(), Object.keys(PROBLEM_KINDS).sort());
    for (const { code, advice } of items) {
      assert.ok(String(advice).length > 10, String(code));
      assert.deepEqual(
        await client.done(`/problems/${code}`),
        items.find((one) => one.code === code),
      );
    }
    assert.equal((await client.problem('/problems/__proto__')).code, 'NOT_FOUND');
  });

  it('tells of clusters by name, alias or one of their servers', async () => {
    const { items } = await client.done<Page>('/clusters');
    assert.deepEqual(
      items.map(({ name }) => name),
      ['db1.example:3306', 'lone.example:3306'],
    );
    for (const name of ['db1.example:3306', 'shop', 'db3.example', 'alias.example:3306'])
      assert.deepEqual(await client.done(`/clusters/${name}`), items[0], name);
    assert.equal((await client.problem('/clusters/db')).code, 'NOT_FOUND');
    assert.deepEqual((await client.done<Page>('/clusters?alias=shop')).items, [items[0]]);
  });

  it('tells of servers, all or some of them', async () => {
    const all = ['db1.example:3306', 'db2.example:3306', 'db3.example:3306', 'lone.example:3306'];
    const rows: readonly (readonly [query: string, expected: readonly string[]])[] = [
      ['', all],
      ['?cluster=shop', all.slice(0, 3)],
      ['?source=db1.example', all.slice(1, 3)],
      ['?role=primary', [all[0] ?? '', all[3] ?? '']],
      ['?reachable=false', all.slice(3)],
      ['?withProblems=true', all.slice(2)],
      ['?downtimed=true', []],
      ['?search=DB2', all.slice(1, 2)],
      ['?tags=role=backup', all.slice(0, 1)],
      ['?tags=~role', []],
      ['?stale=true&cluster=shop&role=replica', all.slice(1, 3)],
    ];
    for (const [query, expected] of rows)
      assert.deepEqual(servers(await client.done<Page>(`/instances${query}`)), expected, query);
    const one = await client.done('/instances/alias.example');
    assert.equal(one.server, 'db2.example:3306');
    assert.deepEqual([one.source, one.role, one.depth], ['db1.example:3306', 'replica', 1]);
  });

  it('pages through a list, whatever comes and goes meanwhile', async () => {
    const first = await client.done<Page>('/instances?limit=2');
    assert.deepEqual(servers(first), ['db1.example:3306', 'db2.example:3306']);
    http.house.inventory.forget({ hostname: 'db2.example', port: 3306 });
    const second = await client.done<Page>(`/instances?limit=2&cursor=${first.nextCursor}`);
    assert.deepEqual(servers(second), ['db3.example:3306', 'lone.example:3306']);
    assert.equal(second.nextCursor, null);
  });

  const BAD: readonly (readonly [path: string, code: string, at?: string])[] = [
    ['/instances?limit=0', 'BAD_REQUEST', 'query.limit'],
    ['/instances?limit=501', 'BAD_REQUEST', 'query.limit'],
    ['/instances?limit=1&limit=2', 'BAD_REQUEST', 'query.limit'],
    ['/instances?cursor=AAAA', 'BAD_REQUEST', 'query.cursor'],
    [`/clusters?cursor=${Buffer.from('["listInstances","a",1]').toString('base64url')}`, 'BAD_REQUEST', 'query.cursor'],
    ['/instances?reachable=yes', 'BAD_REQUEST', 'query.reachable'],
    ['/instances?colour=red', 'BAD_REQUEST', 'query'],
    ['/instances?tags=,', 'BAD_REQUEST'],
    ['/instances/a,b:1', 'INSTANCE_KEY_INVALID'],
    ['/instances/nobody.example:3306', 'NOT_FOUND'],
    ['/nothing', 'NO_SUCH_CALL'],
    ['', 'NO_SUCH_CALL'],
  ];
  for (const [path, code, at] of BAD)
    it(`refuses ${path || 'nothing'} with ${code}`, async () => {
      const { status, json, headers } = await client.ask(path);
      const problem = json as { code: string; status: number; details: { issues?: { at: string }[] } };
      assert.deepEqual([problem.code, problem.status], [code, status]);
      assert.equal(headers['content-type'], 'application/problem+json; charset=UTF-8');
      assert.equal(problem.details.issues?.[0]?.at, at);
    });

  it('names the methods that a resource knows', async () => {
    const { status, headers, json } = await client.ask('/instances/db1.example:3306', { method: 'PUT' });
    assert.equal(status, 405);
    assert.equal((json as { code: string }).code, 'METHOD_NOT_ALLOWED');
    assert.match(String(headers.allow), /\bGET\b/);
  });

  it('renames a cluster, once under one key, and gives its alias back', async () => {
    const body = { alias: 'market' };
    const headers = { 'Idempotency-Key': 'rename-1' };
    http.house.calls.length = 0;
    const first = await client.ask('/clusters/shop', { method: 'PATCH', body, headers });
    const again = await client.ask('/clusters/shop', { method: 'PATCH', body, headers });
    assert.deepEqual(http.house.calls, ['alias db1.example:3306 market']);
    assert.deepEqual([again.status, again.text], [first.status, first.text]);
    assert.equal(again.headers['idempotent-replayed'], 'true');
    const other = await client.problem('/clusters/shop', { method: 'PATCH', body: { alias: 'x' }, headers });
    assert.equal(other.code, 'BAD_REQUEST');
    await client.done('/clusters/shop', { method: 'PATCH', body: { alias: null } });
    assert.equal(http.house.calls.at(-1), 'alias db1.example:3306 undefined');
  });

  it('tells again what came of a change that answers nothing, or that failed', async () => {
    for (const [path, status] of [
      ['/downtimes/db2.example:3306', 204],
      ['/downtimes/db1.example:3306', 404],
    ] as const) {
      http.house.calls.length = 0;
      const wanted = { method: 'DELETE', headers: { 'Idempotency-Key': `end ${path}`.replaceAll(' ', '-') } };
      const [first, again] = [await client.ask(path, wanted), await client.ask(path, wanted)];
      assert.deepEqual([first.status, again.status, again.text], [status, status, first.text]);
      assert.equal(again.headers['idempotent-replayed'], 'true');
      assert.equal(http.house.calls.length, 1);
    }
  });

  const BODIES: readonly (readonly [body: string, type: string, code: string])[] = [
    ['{"alias":1}', 'application/json', 'BAD_REQUEST'],
    ['{"alias":"a","more":1}', 'application/json', 'BAD_REQUEST'],
    ['{"__proto__":{"alias":"a"}}', 'application/json', 'BAD_REQUEST'],
    ['[]', 'application/json', 'BAD_REQUEST'],
    ['', 'application/json', 'BAD_REQUEST'],
    ['{"alias":"a"}', 'application/x-www-form-urlencoded', 'BODY_NOT_JSON'],
    ['{"alias":', 'application/json', 'BODY_NOT_JSON'],
    [`{"alias":"${'x'.repeat(70_000)}"}`, 'application/json', 'BODY_TOO_LARGE'],
  ];
  for (const [body, type, code] of BODIES)
    it(`takes no body like ${body.slice(0, 30)} of type ${type}`, async () => {
      http.house.calls.length = 0;
      const answer = await http.get('/api/v2/clusters/shop', { 'Content-Type': type }, 'PATCH', body);
      assert.equal((answer.json as { code: string }).code, code, answer.text);
      assert.deepEqual(http.house.calls, []);
    });

  it('changes nothing for a page of another site, or whoever may not act', async () => {
    http.house.calls.length = 0;
    const method = 'DELETE';
    const crossed = await client.problem('/clusters/shop', { method, headers: { 'Sec-Fetch-Site': 'cross-site' } });
    assert.equal(crossed.code, 'CROSS_SITE');
    const multi = { ...SETTINGS.authentication, method: 'multi', user: 'u', password: 'p' };
    const guarded = await TestHttp.start({ authentication: multi });
    try {
      const login = (user: string) => ({ Authorization: `Basic ${Buffer.from(`${user}:p`).toString('base64')}` });
      const stranger = await guarded.get('/api/v2/clusters');
      assert.deepEqual([stranger.status, (stranger.json as { code: string }).code], [401, 'LOGIN_REQUIRED']);
      assert.match(String(stranger.headers['www-authenticate']), /^Basic/);
      const reader = await guarded.get('/api/v2/clusters/shop', login('readonly'), method);
      assert.deepEqual([reader.status, (reader.json as { code: string }).code], [403, 'UNAUTHORIZED']);
      assert.deepEqual(guarded.house.calls, []);
      assert.equal((await guarded.get('/api/v2/clusters/shop', login('u'), method)).status, 204);
    } finally {
      await guarded.stop();
    }
    assert.deepEqual(http.house.calls, []);
  });

  it('is relayed to the leader of a group, body and all, and is refused in its own form without one', async () => {
    const [leader, follower] = [await TestHttp.start(), await TestHttp.start()];
    try {
      leader.house.group = new FakeGroup(1);
      const group = new FakeGroup(2);
      follower.house.group = group.follow(leader.url);
      const relayed = await V2Client.of((...request) => follower.get(...request));
      await relayed.done('/clusters/shop', { method: 'PATCH', body: { alias: 'market' } });
      assert.deepEqual(leader.house.calls, ['alias db1.example:3306 market']);
      assert.deepEqual(follower.house.calls, []);
      group.lose(60_000);
      group.electionTimeoutMs = 50;
      const { status, json, headers } = await relayed.ask('/clusters/shop', { method: 'DELETE' });
      assert.deepEqual([status, (json as { code: string }).code], [503, 'NOT_LEADER']);
      assert.equal(headers['retry-after'], '1');
    } finally {
      await Promise.all([leader.stop(), follower.stop()]);
    }
  });
});

describe('a change that is relayed', () => {
  it('is sent whole to the next leader where the first one that was asked does not lead any more', async () => {
    const [follower, deposed, leader] = [await TestHttp.start(), await TestHttp.start(), await TestHttp.start()];
    try {
      const former = new FakeGroup(2).follow(leader.url);
      const group = new FakeGroup(3).follow(deposed.url);
      group.electionTimeoutMs = 30_000; // it ends with the next leader
      follower.house.group = group;
      deposed.house.group = former;
      leader.house.group = new FakeGroup(1);
      const client = await V2Client.of((...request) => follower.get(...request));
      const asked = client.done('/clusters/shop', { method: 'PATCH', body: { alias: 'market' } });
      await until('the former leader was asked', async () => former.looks > 0);
      group.follow(leader.url);
      await asked;
      assert.deepEqual(leader.house.calls, ['alias db1.example:3306 market']);
      assert.deepEqual([...deposed.house.calls, ...follower.house.calls], []);
    } finally {
      await Promise.all([follower.stop(), deposed.stop(), leader.stop()]);
    }
  });
});

describe('the examples of docs/api-v2.md', () => {
  const text = readFileSync('docs/api-v2.md', 'utf8');
  const examples = [...text.matchAll(/^curl -s (.*)$/gm)].map(([, line = '']) => line);
  let http: TestHttp;
  let client: V2Client;
  before(async () => {
    http = await TestHttp.start();
    client = await V2Client.of((...request) => http.get(...request));
  });
  after(() => http.stop());

  it('are there', () => assert.ok(examples.length > 10));
  for (const line of examples.filter((one) => !one.includes('failover-plan') && !one.includes('events')))
    it(line, async () => {
      const method = /-X (\w+)/.exec(line)?.[1] ?? 'GET';
      const path = /localhost:3000\/api\/v2([^\s']*)/.exec(line)?.[1] ?? '';
      const body = /-d '(.*)'/.exec(line)?.[1];
      const headers = Object.fromEntries(
        [...line.matchAll(/-H '([\w-]+): ([^']*)'/g)].map(([, k = '', v = '']) => [k, v]),
      );
      await client.done(path, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.parse(body) as unknown }),
      });
    });
});
