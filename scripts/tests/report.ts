// What a process that runs test files tells the one that started it.

/** One test, or one hook of a block, that failed. */
export interface Failure {
  /** Source of the test, from the project's root; empty: it never came to a file. */
  readonly file: string;
  /** Title, message, difference and stack, as printed. */
  readonly text: string;
}

export type Report =
  /** A test or a hook. */
  | { readonly kind: 'begins'; readonly title: string }
  | { readonly kind: 'passed' | 'skipped' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** @property cpuSeconds of the process and of every child that it has waited for */
  | { readonly kind: 'done'; readonly cpuSeconds: number };

/** Counts of one process, or of several. */
export interface Tally {
  readonly passed: number;
  readonly skipped: number;
  readonly failures: readonly Failure[];
}

export const NOTHING: Tally = { passed: 0, skipped: 0, failures: [] };

export function added(one: Tally, other: Tally): Tally {
  return {
    passed: one.passed + other.passed,
    skipped: one.skipped + other.skipped,
    failures: [...one.failures, ...other.failures],
  };
}

export function counted(tally: Tally, report: Report): Tally {
  switch (report.kind) {
    case 'passed':
      return { ...tally, passed: tally.passed + 1 };
    case 'skipped':
      return { ...tally, skipped: tally.skipped + 1 };
    case 'failed':
      return { ...tally, failures: [...tally.failures, report.failure] };
    default:
      return tally;
  }
}

/**
 * The last line, and how many tests count as failed: no test at all does, and under CI so does a skipped one.
 */
export function lastLine({ passed, skipped, failures }: Tally, ci: boolean): { line: string; failed: number } {
  const none = passed + skipped + failures.length === 0 ? 1 : 0;
  const failed = failures.length + none + (ci ? skipped : 0);
  return { line: `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`, failed };
}

/** The source of a compiled file, as people name it. */
export const sourceOf = (compiled: string) => compiled.replace(/^dist\//, '').replace(/\.js$/, '.ts');
