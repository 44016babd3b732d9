import assert from 'node:assert/strict';
import { SeededRandom } from '../../sim/random.ts';
import { type FuzzRequest, fuzzRequest } from '../../support/api-fuzz.ts';
import { FakeGroup } from '../../support/fake-group.ts';
import { type Answer, SETTINGS, TestHttp } from '../../support/http.ts';
import { V2Client } from '../../support/v2.ts';
import { v2FuzzRequest } from '../../support/v2-fuzz.ts';

/** `npm run test:fuzz` asks for more, and for another seed. */
const REQUESTS = 300 * Number(process.env.FUZZ_TIMES ?? '1');
const SEED = Number(process.env.FUZZ_SEED ?? '1');

/** Codes of `/api/v2` that say that nobody was asked for anything. */
const UNTOUCHED = new Set([
  'BAD_REQUEST',
  'BODY_NOT_JSON',
  'BODY_TOO_LARGE',
  'UNAUTHORIZED',
  'CROSS_SITE',
  'LOGIN_REQUIRED',
]);

/** Refused for what was asked, before anything was begun. */
const REFUSED = /^(Invalid|Empty|Not a number|Will not resolve|No such|Unauthorized|Unable to determine|HEAD)/;

describe('requests of any content', function () {
  this.timeout(60_000 + 20 * REQUESTS);
  const houses: TestHttp[] = [];
  before(async () => {
    const basic = { ...SETTINGS.authentication, method: 'basic', user: 'u', password: 'p' };
    const proxy = {
      ...SETTINGS.authentication,
      method: 'proxy',
      powerUsers: ['root'],
      powerGroups: ['nobody-is-here'],
    };
    const all = [{}, {}, {}, { authentication: basic }, { authentication: proxy, readOnly: true }];
    houses.push(...(await Promise.all(all.map((settings) => TestHttp.start(settings)))));
    const [, leading, following] = houses;
    assert.ok(leading !== undefined && following !== undefined);
    leading.house.group = new FakeGroup(1);
    following.house.group = new FakeGroup(2).follow(leading.url);
  });
  after(() => Promise.all(houses.map((http) => http.stop())));

  it(`are answered or refused in order: ${REQUESTS} from seed ${SEED}`, async () => {
    const random = new SeededRandom(SEED);
    const statuses = new Map<number, number>();
    for (let number = 0; number < REQUESTS; number += 1) {
      const asked = fuzzRequest(random);
      const http = random.pick(houses);
      const before = http.house.calls.length;
      const answer = await http.get(asked.path, asked.headers, asked.method);
      const begun = http.house.calls.slice(before);
      const where = () => `request ${number} of seed ${SEED}: ${JSON.stringify(asked)} -> ${answer.text.slice(0, 300)}`;
      check(asked, answer, begun, where);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    }
    await stillServed();
    for (const status of [200, 404, 500])
      assert.ok((statuses.get(status) ?? 0) > REQUESTS / 30, `hardly any ${status}: ${JSON.stringify([...statuses])}`);
  });

  it(`to /api/v2 are answered as its document says: ${REQUESTS} from seed ${SEED}`, async () => {
    const random = new SeededRandom(SEED);
    const [first] = houses;
    assert.ok(first !== undefined);
    const { document } = await V2Client.of((...request) => first.get(...request));
    const clients = new Map<TestHttp, V2Client>();
    for (const http of houses) clients.set(http, new V2Client((...request) => http.get(...request), document));
    const statuses = new Map<number, number>();
    for (let number = 0; number < REQUESTS; number += 1) {
      const { method, path, headers, body } = v2FuzzRequest(random, document);
      const http = random.pick(houses);
      const before = http.house.calls.length;
      const answer = await http.get(`/api/v2${path}`, headers, method, body);
      const begun = http.house.calls.slice(before);
      const where = `request ${number} of seed ${SEED}: ${method} ${path} ${body?.slice(0, 300)}`;
      const operation = clients.get(http)?.operationOf(path, method);
      if (operation !== undefined) clients.get(http)?.checkAnswer(operation, answer, where);
      assert.ok(operation !== undefined || [401, 404, 405].includes(answer.status), `${where} -> ${answer.text}`);
      const { code } = (answer.status < 400 ? {} : (answer.json ?? {})) as { code?: string };
      assert.notEqual(code, 'INTERNAL', where);
      if (method === 'GET' || UNTOUCHED.has(code ?? '')) assert.deepEqual(begun, [], where);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    }
    await stillServed();
    for (const status of [200, 400, 404])
      assert.ok((statuses.get(status) ?? 0) > REQUESTS / 30, `hardly any ${status}: ${JSON.stringify([...statuses])}`);
  });

  async function stillServed(): Promise<void> {
    for (const http of houses.slice(0, 3)) assert.equal((await http.get('/api/lb-check')).text, '"OK"');
  }
});

function check({ method, path }: FuzzRequest, answer: Answer, begun: readonly string[], where: () => string): void {
  const { status, text, headers, json } = answer;
  assert.ok(
    [200, 302, 400, 401, 404, 405, 429, 500, 503, 508].includes(status) || isStatusAskedFor(path, status),
    where(),
  );
  assert.ok(!/internal error|\bat .*\.[jt]s\b|node:internal/.test(text), where());
  assert.equal(headers['x-evil'] ?? headers['set-cookie'], undefined, where());
  assert.equal(headers['access-control-allow-origin'], undefined, where());
  if (!['GET'].includes(method)) assert.deepEqual(begun, [], where());
  if (method === 'HEAD' || status === 401 || !path.startsWith('/api')) return;
  assert.notEqual(json, undefined, where());
  const message = (json as { Code?: string; Message?: string } | null)?.Message ?? '';
  if (status >= 400 && REFUSED.test(message)) assert.deepEqual(begun, [], where());
}

/** A failing check says what its caller wants to hear. */
function isStatusAskedFor(path: string, status: number): boolean {
  return path.includes('leader-check/') && status >= 400 && status < 600;
}
