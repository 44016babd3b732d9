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

export function line(label: string, { what, unit, samples }: Figure): string {
  const sorted = [...samples].sort((a, b) => a - b);
  if (sorted.length === 1) return `${label} ${what}: ${at(sorted, 1)} ${unit}`;
  const spread = `min ${at(sorted, 0)}, median ${at(sorted, 0.5)}, p95 ${at(sorted, 0.95)}, max ${at(sorted, 1)}`;
  return `${label} ${what}: ${spread} ${unit} (${sorted.length} runs)`;
}
