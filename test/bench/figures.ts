// What a benchmark measured, and its one line in the output.

export interface Figure {
  readonly what: string;
  readonly unit: string;
  /** One per run, or a single one. */
  readonly samples: readonly number[];
}

export interface BenchOptions {
  readonly flavour: 'mariadb' | 'mysql';
  /** How often a thing is done, or for how many seconds it is watched. */
  readonly runs: number;
}

export type Benchmark = (options: BenchOptions) => Promise<readonly Figure[]>;

/** Samples at a share of the sorted order; the nearest rank, so that each printed figure was measured. */
function at(sorted: readonly number[], share: number): string {
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** Minimum, median and tails; the 99th percentile where there are runs enough for one. */
const SHARES: readonly (readonly [name: string, share: number, runs: number])[] = [
  ['min', 0, 2],
  ['median', 0.5, 2],
  ['p95', 0.95, 2],
  ['p99', 0.99, 30],
  ['max', 1, 2],
];

export function line(label: string, { what, unit, samples }: Figure): string {
  const sorted = [...samples].sort((a, b) => a - b);
  if (sorted.length === 1) return `${label} ${what}: ${at(sorted, 1)} ${unit}`;
  const spread = SHARES.filter(([, , runs]) => sorted.length >= runs).map(
    ([name, share]) => `${name} ${at(sorted, share)}`,
  );
  return `${label} ${what}: ${spread.join(', ')} ${unit} (${sorted.length} runs)`;
}

/** A row of docs/benchmarks.md, with how busy the machine was meanwhile. */
export function tableRow(name: string, { what, unit, samples }: Figure, load: string): string {
  const sorted = [...samples].sort((a, b) => a - b);
  const of = (share: number, runs: number) => (sorted.length >= runs ? at(sorted, share) : '');
  const cells = [`\`${name}\``, what, unit, `${sorted.length}`, of(0.5, 1), of(0.95, 2), of(0.99, 30), of(1, 2), load];
  return `| ${cells.join(' | ')} |`;
}

export const TABLE_HEAD = `| \`npm run bench --\` | | Unit | Runs | Median | p95 | p99 | Max | Load |
|---|---|---|---|---|---|---|---|---|`;
