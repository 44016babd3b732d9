import assert from 'node:assert/strict';
import { noticing, wallTimeOf } from '../../../internal/runtime/wall-clock.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const HOUR_MS = 3_600_000;

describe('a clock that notices how the wall clock is set', () => {
  for (const [title, steps, noticed] of [
    ['not at all', [0, 0], []],
    ['a little', [-60, 30], []],
    ['back', [-HOUR_MS, 0], [-HOUR_MS]],
    ['back twice', [-HOUR_MS, -1_000], [-HOUR_MS, -1_000]],
    ['forward', [HOUR_MS, 0], [HOUR_MS]],
    ['forward, and back again', [HOUR_MS, -HOUR_MS], [HOUR_MS, -HOUR_MS]],
    ['back little by little', [-60, -60], [-120]],
  ] as const)
    it(title, async () => {
      const clock = new FakeClock();
      const told: number[] = [];
      const one = noticing(clock, (byMs) => told.push(byMs));
      for (const byMs of steps) {
        await clock.advance(5_000);
        clock.setBy(byMs);
        assert.equal(one.nowMs(), clock.nowMs());
      }
      assert.deepEqual(told, noticed);
    });

  for (const [pause, stalls] of [
    ['before it looks at the wall clock', 'nowMs'],
    ['before it looks at the other one', 'monotonicMs'],
  ] as const)
    it(`takes no pause ${pause} for a change`, () => {
      let passedMs = 0;
      const clock = new FakeClock();
      const told: number[] = [];
      const slow = {
        ...noticing(clock, () => undefined),
        nowMs: () => clock.nowMs() + passedMs,
        monotonicMs: () => clock.monotonicMs() + passedMs,
      };
      const one = noticing(slow, (byMs) => told.push(byMs));
      const read = slow[stalls];
      slow[stalls] = () => {
        passedMs += 500;
        return read();
      };
      for (let look = 0; look < 5; look += 1) one.nowMs();
      assert.deepEqual([told, passedMs > 2_000], [[], true]);
    });

  it('tells of it before anybody hears the new time', () => {
    const clock = new FakeClock();
    let knows = false;
    const one = noticing(clock, () => {
      knows = true;
    });
    clock.setBy(-HOUR_MS);
    assert.deepEqual([knows, one.monotonicMs(), knows], [false, clock.monotonicMs(), false]);
    one.nowMs();
    assert.equal(knows, true);
  });

  it('tells the time of a moment by the wall clock as it is now', async () => {
    const clock = new FakeClock();
    const atMs = clock.monotonicMs();
    await clock.advance(5_000);
    clock.setBy(-HOUR_MS);
    assert.equal(wallTimeOf(atMs, clock), clock.nowMs() - 5_000);
    assert.equal(wallTimeOf(Number.POSITIVE_INFINITY, clock), Number.POSITIVE_INFINITY);
  });
});
