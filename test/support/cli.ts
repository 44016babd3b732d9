import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { main } from '../../internal/cli/main.ts';

export const CLI_ENTRY = fileURLToPath(new URL('../../cmd/orchestrator.js', import.meta.url));

export interface CliResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly ended: Promise<CliResult>;
  kill(signal: NodeJS.Signals): void;
}

/** The compiled command line as an operator runs it: a process of its own. */
export function spawnCli(argv: readonly string[], timeoutMs = 60_000): RunningCli {
  let kill: RunningCli['kill'] = () => {};
  const ended = new Promise<CliResult>((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [CLI_ENTRY, ...argv],
      { encoding: 'utf8', timeout: timeoutMs, env: { ...process.env, TZ: 'UTC' } },
      (_err, stdout, stderr) => {
        if (child.exitCode === null) reject(new Error(`killed: orchestrator ${argv.join(' ')}\n${stderr}`));
        else resolve({ status: child.exitCode, stdout, stderr });
      },
    );
    kill = (signal) => void child.kill(signal);
  });
  return { ended, kill: (signal) => kill(signal) };
}

export function runCli(argv: readonly string[]): Promise<CliResult> {
  return spawnCli(argv).ended;
}

/** The same command line inside this process: what it prints, and the status it would end with. */
export async function callCli(argv: readonly string[]): Promise<CliResult> {
  let stdout = '';
  let stderr = '';
  const status = await main(argv, {
    out: (text) => {
      stdout += text;
    },
    err: (text) => {
      stderr += text;
    },
    env: process.env,
  });
  return { status, stdout, stderr };
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
