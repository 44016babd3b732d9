import assert from 'node:assert/strict';
import { simulate } from './run.ts';
import { failureText, Tally } from './tally.ts';

const RUNS = 200;
const BATCH = 20;

describe('a simulated group', () => {
  const tally = new Tally();

  for (let first = 1; first <= RUNS; first += BATCH) {
    it(`keeps every invariant (seeds ${first} to ${first + BATCH - 1})`, function () {
      this.timeout(120_000);
      for (let seed = first; seed < first + BATCH; seed += 1) tally.add(simulate(seed));
      assert.deepEqual(tally.failures.map(failureText), []);
    });
  }

  it('went through every fault and every transition', () => {
    console.log(`      ${tally.summary}`);
    assert.deepEqual(tally.missing, []);
  });

  it('does the same again from the same seed', () => {
    for (const seed of [3, 7, 10]) assert.equal(simulate(seed).trace, simulate(seed).trace);
  });
});
