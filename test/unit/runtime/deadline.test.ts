import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { whileProgressing, withDeadline } from '../../../internal/runtime/deadline.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

describe('withDeadline', () => {
  it('ends work that takes too long', async () => {
    const clock = new FakeClock();
    const done = assert.rejects(withDeadline(clock, 30, new AbortController().signal, untilAborted), {
      name: 'TimeoutError',
      message: 'no end within 30 ms',
    });
    await clock.advance(30);
    await done;
  });

  it('ends work along with the outer signal, at once where that was aborted before', async () => {
    const outer = new AbortController();
    const done = assert.rejects(withDeadline(new FakeClock(), 30, outer.signal, untilAborted), /stopped/);
    outer.abort(new Error('stopped'));
    await done;
    const aborted = await withDeadline(new FakeClock(), 30, outer.signal, async (signal) => signal.aborted);
    assert.equal(aborted, true);
  });

  it('leaves nothing behind on the outer signal, whatever became of the work', async () => {
    const outer = new AbortController();
    assert.equal(await withDeadline(new FakeClock(), 30, outer.signal, async () => 7), 7);
    await assert.rejects(
      withDeadline(new FakeClock(), 30, outer.signal, () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.deepEqual(getEventListeners(outer.signal, 'abort'), []);
  });
});

describe('whileProgressing', () => {
  const patience = { silentMs: 30, mostMs: 100 };
  const CASES: readonly (readonly [title: string, tellsAtMs: readonly number[], endsAtMs: number, message: string])[] =
    [
      ['ends work that never gets on', [], 30, 'no end within 30 ms'],
      ['ends work that gets on no more', [20, 45], 75, 'no progress within 30 ms'],
      ['ends work that gets on for ever', [20, 40, 60, 80, 99], 100, 'no end within 100 ms'],
    ];
  for (const [title, tells, endsAtMs, message] of CASES)
    it(title, async () => {
      const clock = new FakeClock(0);
      let ended: number | undefined;
      const done = whileProgressing(clock, patience, new AbortController().signal, (signal, progressed) => {
        for (const atMs of tells) clock.after(atMs, progressed);
        return untilAborted(signal);
      }).catch((err: unknown) => {
        ended = clock.monotonicMs();
        throw err;
      });
      const refused = assert.rejects(done, { name: 'TimeoutError', message });
      for (let ms = 0; ms < 110; ms += 1) await clock.advance(1);
      await refused;
      assert.equal(ended, endsAtMs);
    });

  it('ends work along with the outer signal', async () => {
    const outer = new AbortController();
    const done = assert.rejects(whileProgressing(new FakeClock(), patience, outer.signal, untilAborted), /stopped/);
    outer.abort(new Error('stopped'));
    await done;
    assert.deepEqual(getEventListeners(outer.signal, 'abort'), []);
  });
});
