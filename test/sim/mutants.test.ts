import assert from 'node:assert/strict';
import { failingTranscripts } from '../unit/raft/transcript/file.ts';
import { type Mutant, withMutant } from './mutant.ts';
import { MUTANTS } from './mutants.ts';
import { simulate } from './run.ts';
import type { CoreClass } from './world.ts';

/** Most mutants fall within the first few runs; none may need more. */
const RUNS = 100;

for (const by of ['simulation', 'transcripts'] as const) {
  describe(`the ${by} of raft groups catch${by === 'simulation' ? 'es' : ''}`, () => {
    for (const mutant of MUTANTS.filter((each) => (each.by ?? 'simulation') === by)) {
      it(mutant.bug, async function () {
        this.timeout(120_000);
        const caught = await withMutant(mutant, (Core) =>
          by === 'simulation' ? isCaught(Core, mutant) : failingTranscripts(Core) > 0,
        );
        assert(
          caught,
          by === 'simulation' ? `no invariant was violated in ${RUNS} runs` : 'every transcript plays as before',
        );
      });
    }
  });
}

function isCaught(Core: CoreClass, { seed }: Mutant): boolean {
  if (seed !== undefined && simulate(seed, Core).failure !== undefined) return true;
  for (let next = 1; next <= RUNS; next += 1) if (simulate(next, Core).failure !== undefined) return true;
  return false;
}
