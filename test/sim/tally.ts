import { FAULT_NAMES } from './faults.ts';
import type { Outcome } from './run.ts';

/** What every set of runs must have reached at least once, or the simulation says nothing about it. */
const EXPECTED: readonly string[] = [
  ...FAULT_NAMES.map((name) => `fault: ${name}`),
  'follower to preCandidate',
  'preCandidate to candidate',
  'preCandidate to follower',
  'candidate to leader',
  'candidate to follower',
  'candidate to preCandidate',
  'follower to candidate',
  'leader to follower',
  'log cut',
  'log compacted',
  'snapshot installed',
  'transferred',
  'members: joint',
  'members: learners',
  'members: one voter',
  'votes exchanged for their spread',
  'message removed',
  'message stale',
  'crash',
  'restart',
];

/** Adds up what a set of runs has been through. */
export class Tally {
  runs = 0;
  steps = 0;
  simulatedMs = 0;
  readonly failures: Outcome[] = [];
  readonly counts = new Map<string, number>();

  add(outcome: Outcome): void {
    this.runs += 1;
    this.steps += outcome.steps;
    this.simulatedMs += outcome.simulatedMs;
    for (const [what, times] of outcome.counts) this.counts.set(what, (this.counts.get(what) ?? 0) + times);
    if (outcome.failure !== undefined) this.failures.push(outcome);
  }

  /** What no run has reached. */
  get missing(): readonly string[] {
    return EXPECTED.filter((what) => !this.counts.has(what));
  }

  /** One line for people, without the counts. */
  get summary(): string {
    const hours = (this.simulatedMs / 3_600_000).toFixed(1);
    const faults = [...this.counts]
      .filter(([what]) => what.startsWith('fault: '))
      .reduce((sum, [, times]) => sum + times, 0);
    return `${this.runs} runs, ${hours} simulated hours, ${this.steps} steps, ${faults} faults, ${this.failures.length} failures`;
  }

  get details(): string {
    return [...this.counts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([what, times]) => `  ${String(times).padStart(10)}  ${what}`)
      .join('\n');
  }
}

/** What failed, in which run, and the command that shows it again. */
export function failureText({ seed, plan, failure }: Outcome): string {
  const families = plan.families.length === 0 ? 'none' : plan.families.join(', ');
  return [
    `seed ${seed}: ${failure?.message}`,
    `  ${plan.founders} founders; faults: ${families}`,
    `  again: npm run test:sim -- --runs 1 --seed ${seed}`,
  ].join('\n');
}
