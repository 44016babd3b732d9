import assert from 'node:assert/strict';
import type { CallOutcome } from '../../../internal/command/calls.ts';
import { ownCalls, RepeatedCalls } from '../../../internal/http/repeated-calls.ts';
import { OrchestratorError } from '../../../internal/runtime/errors.ts';
import { until } from '../../support/daemon.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeGroup } from '../../support/fake-group.ts';
import { SETTINGS, TestHttp } from '../../support/http.ts';

const WRITE = '/api/begin-downtime/db2.example/3306/me/why';
const keyed = (key: string) => ({ 'Idempotency-Key': key });
const message = (json: unknown) => (json as { Message: string }).Message;

describe('a change that is asked for again', () => {
  let http: TestHttp;
  beforeEach(async () => {
    http = await TestHttp.start();
  });
  afterEach(() => http.stop());

  it('under the same key is made once, and answered alike', async () => {
    const first = await http.get(WRITE, keyed('k1'));
    const again = await http.get(WRITE, keyed('k1'));
    assert.deepEqual([again.status, again.text], [first.status, first.text]);
    assert.deepEqual([first.headers['idempotent-replayed'], again.headers['idempotent-replayed']], [undefined, 'true']);
    assert.equal(http.house.calls.length, 1);
    await http.get(WRITE, keyed('k2'));
    await http.get(WRITE);
    assert.equal(http.house.calls.length, 3);
  });

  it('is told of its failure too, and not tried again', async () => {
    const held = '/api/begin-maintenance/db3.example/3306/me/why';
    const [first, again] = [await http.get(held, keyed('k')), await http.get(held, keyed('k'))];
    assert.deepEqual([first.status, again.status, again.text], [500, 500, first.text]);
    assert.equal(http.house.calls.length, 1);
  });

  it('through a follower is made once by the leader, whichever node is asked', async () => {
    const follower = await TestHttp.start();
    try {
      http.house.group = new FakeGroup(1);
      follower.house.group = new FakeGroup(2).follow(http.url);
      const first = await follower.get(WRITE, keyed('k'));
      const again = await http.get(WRITE, keyed('k'));
      assert.deepEqual([again.status, again.text], [200, first.text]);
      assert.equal(http.house.calls.length, 1);
    } finally {
      await follower.stop();
    }
  });

  it('that was refused for want of a leader is made when there is one', async () => {
    const group = new FakeGroup(1);
    http.house.group = group;
    const remove = '/api/raft-remove-peer/10.0.0.2';
    assert.equal((await http.get(remove, keyed('k'))).status, 503);
    assert.equal((await http.get(remove, keyed('k'))).status, 503);
    assert.equal(group.calls.length, 2);
  });

  it('is another one where the caller is another, and refused where the request is', async () => {
    const authentication = { ...SETTINGS.authentication, method: 'proxy', userHeader: 'X-User' };
    const shared = await TestHttp.start({ authentication });
    try {
      for (const user of ['ann', 'bob']) await shared.get(WRITE, { ...keyed('k'), 'X-User': user });
      assert.equal(shared.house.calls.length, 2);
    } finally {
      await shared.stop();
    }
    await http.get(WRITE, keyed('k'));
    const other = await http.get(`${WRITE}/2h`, keyed('k'));
    assert.equal(message(other.json), 'Idempotency-Key k was used for another request');
    assert.match(message((await http.get(WRITE, keyed('a b'))).json), /printable/);
    assert.equal(http.house.calls.length, 1);
  });

  it('and was begun on a node that is gone has an unknown outcome; it is not made', async () => {
    http.house.callMemory.begin = async (_, request) => ({ kind: 'open', request });
    const again = await http.get(WRITE, keyed('k'));
    assert.equal(again.status, 504);
    assert.match(message(again.json), /^outcome unknown: the node that was asked first is gone/);
    assert.equal(http.house.calls.length, 0);
  });

  it('is told to whoever waits for it, although the other nodes cannot be told any more: they will not make it again', async () => {
    http.house.callMemory.end = async () => {
      throw new OrchestratorError('NOT_LEADER', 'as the test has it');
    };
    const first = await http.get(WRITE, keyed('k'));
    assert.equal(first.status, 200);
    assert.equal(http.house.calls.length, 1);
    assert.equal((await http.get(WRITE, keyed('k'))).status, 504);
    assert.equal(http.house.calls.length, 1);
  });

  it('while the first one is under way waits for its outcome; after ten minutes it is a new one', async () => {
    const clock = new FakeClock();
    const calls = new RepeatedCalls(ownCalls(clock));
    const ends: ((outcome: CallOutcome) => void)[] = [];
    const ask = () =>
      calls.once({ key: 'k', caller: '', path: '/' }, () => new Promise((resolve) => ends.push(resolve)));
    const [first, second] = [ask(), ask()];
    await until('it is under way', async () => ends.length > 0);
    ends[0]?.({ status: 200, json: '"done"' });
    assert.deepEqual(
      [await first, await second].map(({ json, repeated }) => [json, repeated]),
      [
        ['"done"', false],
        ['"done"', true],
      ],
    );
    await clock.advance(599_999);
    assert.equal((await ask()).repeated, true);
    await clock.advance(1);
    const another = ask();
    await until('it is under way', async () => ends.length > 1);
    ends[1]?.({ status: 200, json: '"anew"' });
    assert.deepEqual(await another, { status: 200, json: '"anew"', repeated: false });
  });
});
