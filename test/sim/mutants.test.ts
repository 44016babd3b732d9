import assert from 'node:assert/strict';
import { withMutant } from './mutant.ts';
import { MUTANTS } from './mutants.ts';
import { simulate } from './run.ts';

/** Most mutants fall within the first few runs; none may need more. */
const RUNS = 150;

describe('the simulation catches', () => {
  for (const mutant of MUTANTS) {
    it(mutant.bug, async function () {
      this.timeout(120_000);
      const caught = await withMutant(mutant, (Core) => firstFailure(Core));
      assert.notEqual(caught, undefined, `no invariant was violated in ${RUNS} runs`);
    });
  }
});

function firstFailure(Core: Parameters<typeof simulate>[1]) {
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const { failure } = simulate(seed, Core);
    if (failure !== undefined) return failure;
  }
  return undefined;
}
