// Prints what a job has run as a table: node dist/test/nemesis/matrix.js RESULTS

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** One line of the results. */
export interface Result {
  readonly suite: string;
  readonly title: string;
  readonly result: 'passed' | 'failed' | 'skipped';
  /** How often something was broken. */
  readonly strikes: number;
  readonly seconds: number;
  readonly seed: number;
  readonly reason?: string;
}

interface Row {
  readonly scenario: string;
  readonly results: readonly Result[];
}

const WIDTH = 110;

/** Scenarios in the order of their first run, all their seeds together; what failed is told below, with a way to have it again. */
export function matrix(results: readonly Result[]): string {
  const rows = new Map<string, Result[]>();
  for (const one of results) {
    const scenario = `${one.suite}: ${one.title}`.replace(/[, ]*(\(seed \d+\)|with seed \d+)/, '');
    rows.set(scenario, [...(rows.get(scenario) ?? []), one]);
  }
  const lines = [...rows].map(([scenario, all]) => line({ scenario, results: all }));
  const total = line({ scenario: 'all', results });
  const failures = results.filter(({ result }) => result === 'failed').map(describeFailure);
  return [HEAD, RULE, ...lines, RULE, total, ...failures].join('\n');
}

const shortened = (text: string) => (text.length <= WIDTH ? text : `${text.slice(0, WIDTH - 1)}…`);
const columns = (scenario: string, ...rest: readonly string[]) =>
  `${shortened(scenario).padEnd(WIDTH)} ${rest.map((text) => text.padStart(8)).join('')}  `;
const HEAD = `${columns('scenario', 'runs', 'faults', 'seconds')}result`;
const RULE = '-'.repeat(WIDTH + 36);

function line({ scenario, results }: Row): string {
  const sum = (of: (result: Result) => number) => results.reduce((total, one) => total + of(one), 0);
  const counts = [results.length, sum(({ strikes }) => strikes), Math.round(sum(({ seconds }) => seconds))];
  return columns(scenario, ...counts.map(String)) + outcome(results);
}

function outcome(results: readonly Result[]): string {
  const counted = (['passed', 'failed', 'skipped'] as const).map((kind) => {
    const count = results.filter(({ result }) => result === kind).length;
    return count === 0 ? [] : [count === results.length ? kind : `${count} ${kind}`];
  });
  return counted.flat().join(', ');
}

function describeFailure({ suite, title, seed, reason = '' }: Result): string {
  const only = `${suite} ${title}`.replaceAll("'", "'\\''");
  const [first = ''] = reason.split('\n');
  return `\nfailed: ${suite}: ${title}\n  ${first}\n  npm run test:nemesis -- --minutes 1 --seed ${seed} --only '${only}'`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = readFileSync(process.argv[2] ?? '', 'utf8');
  console.log(matrix(text.split('\n').flatMap((one) => (one === '' ? [] : [JSON.parse(one) as Result]))));
}
