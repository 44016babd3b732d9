import assert from 'node:assert/strict';
import { WireFault } from '../../../../internal/raft/wire/fault.ts';
import { Lane } from '../../../../internal/raft/wire/lane.ts';
import { laneSettings, wireSettings } from '../../../../internal/raft/wire/settings.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const T = 1_000;
const settings = wireSettings(T, 2 ** 20);
const LONG = 200_000;

/** Nobody is ever there. */
function world() {
  const clock = new FakeClock(0);
  const attempts: number[] = [];
  const mood = { patient: false };
  const lane = new Lane({
    ...{ clock, random: () => 0.99, settings: { ...settings, ...laneSettings(settings, 'swift') } },
    address: () => ({ host: '127.0.0.1', port: 1 }),
    dial: async () => {
      attempts.push(clock.monotonicMs());
      throw new WireFault('unreachable', 'nobody is there');
    },
    patient: () => mood.patient,
    onUp: () => assert.fail('nobody is there'),
    onDown: () => {},
  });
  return { clock, attempts, mood, lane };
}

/** The longest pause between two attempts. */
function longest(attempts: readonly number[]): number {
  return Math.max(...attempts.slice(1).map((at, before) => at - (attempts[before] ?? 0)));
}

describe('a lane to a node that is gone', () => {
  it('is tried at least about once in each election time-out', async () => {
    const { clock, attempts, lane } = world();
    lane.start();
    await clock.advance(LONG);
    assert.ok(longest(attempts) <= 1.25 * T, `${longest(attempts)} ms`);
    lane.stop('stopped');
  });

  it('is tried less and less often by who does without it, though every 30 s', async () => {
    const { clock, attempts, mood, lane } = world();
    mood.patient = true;
    lane.start();
    await clock.advance(LONG);
    assert.ok(longest(attempts) > 10 * T && longest(attempts) <= 30_000, `${longest(attempts)} ms`);
    lane.stop('stopped');
  });

  for (const [what, act, dials] of [
    ['when the node calls, or is told to be elsewhere', (lane: Lane) => lane.wake(), true],
    ['when it is dialled elsewhere', (lane: Lane) => lane.renew('renewed'), true],
    ['when patience is over', (lane: Lane) => lane.hurry(), true],
    ['and not otherwise', () => {}, false],
  ] as const)
    it(`is tried at once ${what}`, async () => {
      const { clock, attempts, mood, lane } = world();
      mood.patient = true;
      lane.start();
      await clock.advance(LONG);
      const earlier = attempts.length;
      while (attempts.length === earlier) await clock.advance(T);
      const before = attempts.length; // at the beginning of a long pause
      act(lane);
      assert.equal(attempts.length, dials ? before + 1 : before);
      lane.stop('stopped');
    });

  it('is not tried at once for the end of patience where its pause is short anyway', async () => {
    const { clock, attempts, lane } = world();
    lane.start();
    await clock.advance(LONG);
    const before = attempts.length;
    lane.hurry();
    assert.equal(attempts.length, before);
    lane.stop('stopped');
  });
});
