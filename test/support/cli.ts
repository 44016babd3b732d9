import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../cmd/orchestrator.js', import.meta.url));

export interface CliResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The compiled command line as an operator runs it: a process of its own. */
export function runCli(argv: readonly string[], options: { readonly timeoutMs?: number } = {}): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [entry, ...argv],
      { encoding: 'utf8', timeout: options.timeoutMs ?? 20_000, env: { ...process.env, TZ: 'UTC' } },
      (_err, stdout, stderr) => {
        if (child.exitCode === null) reject(new Error(`killed: orchestrator ${argv.join(' ')}\n${stderr}`));
        else resolve({ status: child.exitCode, stdout, stderr });
      },
    );
  });
}

/** Runs `work` on each of `items`, `width` at a time; results in the order of the items. */
export async function inParallel<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const queue = [...items.entries()];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
