import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Flavour, Sandbox, type SandboxServer } from '../../scripts/sandbox/sandbox.ts';

/** Runs `body` on servers of its own, the first of them the primary; afterwards they and their data are gone. */
export async function withSandbox<T>(
  flavour: Flavour,
  servers: number,
  body: (servers: readonly SandboxServer[]) => Promise<T>,
  extraArguments: readonly (readonly string[])[] = [],
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'));
  const sandbox = await Sandbox.create({ flavour, servers, directory, extraArguments });
  try {
    return await body(sandbox.servers);
  } finally {
    await sandbox.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}
