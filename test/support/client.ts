import { clientMain } from '../../internal/client/main.ts';
import type { CliResult } from './cli.ts';

/** The client inside this process: what it prints, and the status it would end with. */
export async function callClient(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CliResult> {
  let [stdout, stderr] = ['', ''];
  const status = await clientMain(argv, {
    out: (text) => {
      stdout += text;
    },
    err: (text) => {
      stderr += text;
    },
    env,
  });
  return { status, stdout, stderr };
}
