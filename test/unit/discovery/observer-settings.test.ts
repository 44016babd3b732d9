// What each setting of the observer changes, in virtual time.

import assert from 'node:assert/strict';
import { keyOf, observedWorld } from '../../support/observed-world.ts';
import { anInstance } from '../topology/builders.ts';

/** What is due begins at the next tick, ms. */
const TICK_MS = 25;

describe('a setting of the observer', () => {
  for (const [suspectTimeoutMs, hotIntervalMs, hotWindowMs] of [
    [400, 50, 5_000],
    [300, 200, 5_000],
    [300, 200, 2_000],
  ] as const)
    it(`${suspectTimeoutMs} ms for a probe, ${hotIntervalMs} ms between two, for ${hotWindowMs} ms, where something seems wrong`, async () => {
      const { clock, fleet, observer } = observedWorld({ suspectTimeoutMs, hotIntervalMs, hotWindowMs });
      fleet.lives(anInstance(1));
      observer.watch(keyOf('h1'));
      await clock.advance(2_000);
      fleet.dies(keyOf('h1'));
      await clock.advance(20_000);
      const hot = fleet.asked.filter(({ timeoutMs }) => timeoutMs === suspectTimeoutMs).map(({ atMs }) => atMs);
      for (const gapMs of gaps(hot)) assertNear(gapMs, suspectTimeoutMs + hotIntervalMs);
      const lastedMs = (hot.at(-1) ?? 0) - (hot[0] ?? 0);
      assert.ok(lastedMs <= hotWindowMs && lastedMs >= hotWindowMs - suspectTimeoutMs - hotIntervalMs - TICK_MS);
    });

  for (const most of [3, 5])
    it(`so many probes at the same time, and so many of those that never answered: ${most}`, async () => {
      for (const kind of ['newcomers', 'failing'] as const) {
        const limits = { maxConcurrency: 10, maxDeadConcurrency: 10 };
        const { clock, fleet, observer } = observedWorld({
          ...limits,
          [kind === 'newcomers' ? 'maxConcurrency' : 'maxDeadConcurrency']: most,
        });
        for (let n = 0; n < 10; n += 1) observer.watch(keyOf(`dead${n}`));
        await clock.advance(kind === 'newcomers' ? 100 : 20_000);
        if (kind === 'failing') {
          fleet.most = 0; // every one has failed by now
          await clock.advance(20_000);
        }
        assert.equal(fleet.most, most, kind);
      }
    });

  for (const [title, settings, waits] of [
    ['as they are', {}, [1_000, 1_000, 1_000, 1_000]],
    ['twice the one before', { deadIntervalFactor: 2 }, [1_000, 1_000, 2_000, 4_000, 8_000]],
    ['at most so long', { deadIntervalFactor: 2, deadIntervalMaxMs: 3_000 }, [1_000, 1_000, 2_000, 3_000, 3_000]],
  ] as const)
    it(`pauses before a failed server is tried again: ${title}`, async () => {
      const { clock, fleet, observer } = observedWorld({ ...settings, probeTimeoutMs: 500 });
      observer.watch(keyOf('dead'));
      await clock.advance(60_000);
      const found = gaps(fleet.asked.map(({ atMs }) => atMs));
      for (const [index, wait] of waits.entries()) assertNear(found[index] ?? 0, 500 + wait);
    });

  for (const intervalMs of [1_000, 2_500])
    it(`${intervalMs} ms between two probes of one that lives`, async () => {
      const { clock, fleet, observer } = observedWorld({ intervalMs });
      fleet.lives(anInstance(1));
      observer.watch(keyOf('h1'));
      await clock.advance(20_000);
      for (const gapMs of gaps(fleet.asked.map(({ atMs }) => atMs))) assertNear(gapMs, intervalMs);
    });

  for (const logFailing of [true, false])
    it(`when a failed server is tried again is ${logFailing ? '' : 'not '}logged`, async () => {
      const { clock, observer, debugged } = observedWorld({ logFailing });
      observer.watch(keyOf('dead'));
      await clock.advance(10_000);
      assert.equal(debugged.includes('failed server will be tried again'), logFailing);
    });
});

const gaps = (times: readonly number[]) => times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0));

function assertNear(ms: number, expectedMs: number): void {
  assert.ok(ms >= expectedMs && ms <= expectedMs + TICK_MS, `${ms} ms, expected ${expectedMs}`);
}
