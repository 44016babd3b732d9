import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { withDeadline } from '../../../internal/runtime/deadline.ts';
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
