import assert from 'node:assert/strict';
import { type CallOutcome, Calls, type KnownCall } from '../../../internal/command/calls.ts';

const TEN_MINUTES_MS = 600_000;
const DONE: CallOutcome = { status: 200, json: '"done"' };

const call = (n: number, more: Partial<KnownCall> = {}): Omit<KnownCall, 'outcome'> => {
  const { outcome: _, ...rest } = {
    id: `c${n}`,
    request: 'r',
    attempt: `a${n}`,
    beganMs: n,
    index: n,
    ...more,
  } as KnownCall;
  return rest;
};

describe('calls that were made under a key', () => {
  it('belong to the attempt that finds them unknown, until it says how they ended', () => {
    const calls = new Calls();
    assert.deepEqual(calls.begin(call(1)), { kind: 'begun' });
    assert.deepEqual(calls.begin(call(1)), { kind: 'begun' }, 'the same entry once more');
    assert.deepEqual(calls.begin(call(1, { attempt: 'other' })), { kind: 'open', request: 'r' });
    assert.equal(calls.end('c1', 'other', DONE), false);
    assert.equal(calls.end('c1', 'a1', DONE), true);
    assert.equal(calls.end('c1', 'a1', { status: 500, json: '"later"' }), false);
    for (const attempt of ['a1', 'other'])
      assert.deepEqual(calls.begin(call(1, { attempt })), { kind: 'ended', request: 'r', outcome: DONE });
  });

  it('that came to nothing may be made anew', () => {
    const calls = new Calls();
    calls.begin(call(1));
    assert.equal(calls.end('c1', 'a1', undefined), true);
    assert.deepEqual(calls.begin(call(1, { attempt: 'other' })), { kind: 'begun' });
  });

  it('are let go of after ten minutes by the clock of the stamps', () => {
    const calls = new Calls();
    calls.begin(call(1, { beganMs: 1_000 }));
    calls.begin(call(2, { beganMs: 2_000 }));
    assert.deepEqual(calls.forgetOld(1_000 + TEN_MINUTES_MS - 1), []);
    assert.deepEqual(calls.forgetOld(1_000 + TEN_MINUTES_MS), ['c1']);
    assert.deepEqual(calls.forgetOld(2_000 + TEN_MINUTES_MS), ['c2']);
  });

  it('are as many as fit, the newest, and the same ones in a node that was started anew', () => {
    const [running, restarted] = [new Calls(), new Calls()];
    const known: KnownCall[] = [];
    const big = { status: 200, json: 'x'.repeat(1024 * 1024) };
    for (let n = 1; n <= 20; n += 1) {
      running.begin(call(n));
      running.end(`c${n}`, `a${n}`, big);
      known.unshift({ ...call(n), outcome: big });
    }
    restarted.restore(known);
    const dropped = ['c1', 'c2', 'c3', 'c4'];
    for (const calls of [running, restarted]) {
      assert.deepEqual(calls.forgetOld(20), dropped);
      assert.deepEqual(calls.forgetOld(20), []);
      assert.equal(calls.find('c5')?.outcome, big);
    }
    for (let n = 21; n <= 10_020; n += 1) running.begin(call(n));
    assert.equal(running.forgetOld(20).length, 16);
  });
});
