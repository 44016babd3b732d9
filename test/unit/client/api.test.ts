import assert from 'node:assert/strict';
import { Api } from '../../../internal/client/api.ts';
import type { Asked, Response } from '../../../internal/client/transport.ts';

const ok: Response = { status: 200, text: '{"Code":"OK","Message":"","Details":null}' };
const refused = () => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

/** What each request is answered, in order; the last one for all that follow. */
function scripted(answers: readonly (Response | Error)[] | ((asked: Asked) => Response | Error), apis = ['http://a']) {
  const asked: Asked[] = [];
  const pauses: number[] = [];
  const told: string[] = [];
  const api = new Api({
    apis,
    sleep: async (ms) => void pauses.push(ms),
    tell: (text) => told.push(text),
    transport: async (one) => {
      asked.push(one);
      const answer = typeof answers === 'function' ? answers(one) : (answers[asked.length - 1] ?? answers.at(-1));
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error('nothing scripted');
      return answer;
    },
  });
  return { api, asked, pauses, told };
}

describe('calls of the client', () => {
  it('are tried again under one key while nothing in JSON comes back', async () => {
    const { api, asked, pauses } = scripted([refused(), { status: 502, text: '' }, { status: 500, text: 'oops' }, ok]);
    assert.deepEqual((await api.call('relocate/a/1/b/1', true)).json, JSON.parse(ok.text));
    assert.deepEqual(pauses, [100, 200, 500]);
    const keys = asked.map(({ headers }) => headers?.['Idempotency-Key']);
    assert.equal(new Set(keys).size, 1);
    assert.match(String(keys[0]), /^[0-9a-f-]{36}$/);
  });

  it('end after eight attempts, and say what may have happened', async () => {
    const { api, asked, pauses, told } = scripted([refused()], ['http://me:secret@a:3000']);
    await assert.rejects(api.call('relocate/a/1/b/1', true), (err: Error) => {
      assert.match(err.message, /^Cannot access orchestrator at http:\/\/a:3000: connect ECONNREFUSED \(8 attempts\)/);
      assert.match(err.message, /It may have been done/);
      return true;
    });
    assert.equal(asked.length, 8);
    assert.deepEqual(told, ['http://a:3000: connect ECONNREFUSED; trying again for ten seconds']);
    assert.equal(
      pauses.reduce((sum, pause) => sum + pause, 0),
      11_300,
    );
  });

  it('carry no key where nothing changes', async () => {
    const { api, asked } = scripted([ok]);
    await api.call('clusters', false);
    assert.deepEqual(asked[0]?.headers, {});
  });

  for (const [name, answer, message] of [
    ['a login is asked for', { status: 401, text: 'Not Authorized' }, /^http:\/\/a\/api\/x asks for a login .*-b USER/],
    ['there is no API', { status: 404, text: '404 page not found' }, /^there is no API at http:\/\/a\/api\/x /],
    ['something else answers', { status: 200, text: '<html>' }, /^there is no API at .* \(status 200\)/],
    [
      'a certificate is wrong',
      Object.assign(new Error('expired'), { code: 'CERT_HAS_EXPIRED' }),
      /not trusted: expired/,
    ],
  ] as const)
    it(`are not tried again where ${name}`, async () => {
      const { api, asked } = scripted([answer]);
      await assert.rejects(api.call('x', false), { message });
      assert.equal(asked.length, 1);
    });

  it('take an empty answer for nothing to say, unless it tells of a failure', async () => {
    assert.equal((await scripted([{ status: 200, text: '' }]).api.call('x', false)).json, null);
    await assert.rejects(scripted([{ status: 502, text: '' }]).api.call('x', false), /status 502 without an answer/);
  });

  it('go to the node that leads, and to another one when that is lost', async () => {
    let leader = 'http://b:1/api';
    let checks = 0;
    const { api, asked, pauses } = scripted(
      ({ api: at, path }) => {
        checks += path === 'leader-check' ? 1 : 0;
        if (path === 'leader-check' && checks > 9) leader = 'http://c:1/api';
        if (path.endsWith('leader-check')) return { status: at === leader ? 200 : 404, text: '"Not leader"' };
        return at === leader ? ok : refused();
      },
      ['http://a:1', 'http://b:1/api/', 'http://c:1'],
    );
    assert.equal(await api.base(), 'http://b:1/api');
    leader = 'none, for a moment';
    await api.call('x', false);
    assert.equal(asked.at(-1)?.api, 'http://c:1/api');
    assert.deepEqual(pauses, [100, 200, 500]);
  });

  it('wait for the next leader, and tell in the end what the last node said', async () => {
    const undone = { status: 503, text: '{"Code":"ERROR","Message":"no leader","Details":null}' };
    const { api, asked } = scripted([undone, undone, ok]);
    assert.equal((await api.call('stop-replica/a/1', true)).status, 200);
    assert.equal(new Set(asked.map(({ headers }) => headers?.['Idempotency-Key'])).size, 1);
    assert.equal((await scripted([undone]).api.call('stop-replica/a/1', true)).text, undone.text);
  });

  it('go through a node that can lead to the leader, or nowhere', async () => {
    const through = (reached: string) =>
      scripted(({ path }) => ({ status: path === reached ? 200 : 404, text: '""' }), ['http://a', 'http://b']);
    assert.equal(await through('routed-leader-check').api.base(), 'http://a/api');
    const { api, pauses } = through('nothing');
    await assert.rejects(api.call('x', true), /^ClientError: Cannot determine leader from http:\/\/a http:\/\/b/);
    assert.ok(pauses.reduce((sum, pause) => sum + pause, 0) < 4_000);
  });
});
