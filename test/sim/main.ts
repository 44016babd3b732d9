import { parseArgs } from 'node:util';
import { simulate } from './run.ts';
import { failureText, Tally } from './tally.ts';

// npm run test:sim -- --runs N --seed S: simulates N groups, the first from seed S, and prints what they went through. Leaves nothing behind.
// Exits with 1 where an invariant was violated, or where more than a hundred runs never reached something that they should have.
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    quiet: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
const first = Number(values.seed);
if (!Number.isInteger(runs) || runs < 1 || !Number.isInteger(first))
  throw new Error('--runs and --seed are whole numbers');

const tally = new Tally();
for (let seed = first; seed < first + runs; seed += 1) {
  const outcome = simulate(seed);
  tally.add(outcome);
  if (outcome.failure !== undefined)
    console.log(`${failureText(outcome)}${runs === 1 ? `\n${outcome.failure.stack}` : ''}`);
  if (tally.runs % 1000 === 0) console.log(tally.summary);
}
if (!values.quiet) console.log(tally.details);
console.log(tally.summary);
const missing = runs > 100 ? tally.missing : [];
if (missing.length > 0) console.log(`never reached: ${missing.join(', ')}`);
process.exitCode = tally.failures.length > 0 || missing.length > 0 ? 1 : 0;
