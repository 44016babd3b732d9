import assert from 'node:assert/strict';
import { simulateForming } from './run.ts';

const RUNS = 1000;
const BATCH = 250;

/** Something that many runs must have been through for them to say anything. */
const REACHED = [
  ...['crash', 'wiped', 'formed', 'promise kept', 'promise released', 'promise in doubt', 'operator needed'],
  ...['claim ours', 'claim taken', 'claim unknown', 'parted', 'too many to found'],
  ...['message hail', 'message propose', 'message promise', 'message abort', 'message formed'],
];

describe('the simulated founding of a group', () => {
  const counts = new Map<string, number>();

  for (let first = 1; first <= RUNS; first += BATCH)
    it(`keeps every invariant (seeds ${first} to ${first + BATCH - 1})`, () => {
      const failures: string[] = [];
      for (let seed = first; seed < first + BATCH; seed += 1) {
        const run = simulateForming(seed);
        if (run.failure !== undefined) failures.push(run.failure);
        for (const [what, times] of run.counts) counts.set(what, (counts.get(what) ?? 0) + times);
      }
      assert.deepEqual(failures, []);
    });

  it('went through everything that can happen', () => {
    console.log(`      ${RUNS} runs: ${[...counts].map(([what, times]) => `${what} ${times}`).join(', ')}`);
    assert.deepEqual(
      REACHED.filter((what) => !counts.has(what)),
      [],
    );
  });
});
