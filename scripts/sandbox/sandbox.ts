// Real servers on loopback, for tests, for development and for `npm start`.

import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { baseDirectory } from './base.ts';
import { claim, release } from './claim.ts';
import { freePorts } from './ports.ts';
import type { Flavour } from './program.ts';
import { SandboxServer } from './server.ts';

export { ADMIN_LOGIN, APPLICATION_LOGIN, type Login, REPLICATION_LOGIN, TOPOLOGY_LOGIN } from './accounts.ts';
export { CACHE, type Flavour, findFlavours } from './program.ts';
export { SandboxServer } from './server.ts';

export interface SandboxOptions {
  readonly flavour: Flavour;
  readonly servers: number;
  /** Holds the data; a directory that holds some already is started as it was left. */
  readonly directory: string;
  /** `chain`: each server follows the one before it. Default: all follow the first. */
  readonly topology?: 'star' | 'chain';
  /** More server options, by index. */
  readonly extraArguments?: readonly (readonly string[])[];
}

/** A start is CPU: more at once only make each other late. */
const START_TOGETHER = 12;
const STOP_LIMIT_MS = 10_000;

/** Several servers that replicate by GTID. */
export class Sandbox {
  readonly servers: readonly SandboxServer[];
  /** Whether the data was there before, with whatever happened to it since it was made. */
  readonly kept: boolean;

  readonly #directory: string;

  private constructor(directory: string, kept: boolean, servers: readonly SandboxServer[]) {
    this.#directory = directory;
    this.kept = kept;
    this.servers = servers;
  }

  static async create(options: SandboxOptions): Promise<Sandbox> {
    const { directory, topology = 'star' } = options;
    await claim(directory);
    const portsFile = join(directory, 'sandbox.ports');
    const kept = existsSync(portsFile);
    const sandbox = new Sandbox(directory, kept, await (kept ? keptServers(options) : freshServers(options)));
    const { servers } = sandbox;
    try {
      for (let first = 0; first < servers.length; first += START_TOGETHER)
        await Promise.all(servers.slice(first, first + START_TOGETHER).map((server) => server.start()));
      if (kept) {
        await Promise.all(servers.map((server) => server.protectReplica()));
        return sandbox;
      }
      for (const [index, server] of servers.entries()) {
        const source = servers[topology === 'chain' ? index - 1 : 0];
        if (index > 0 && source !== undefined) await server.follow(source.key);
      }
      writeFileSync(portsFile, servers.map(({ key }) => `${key.port}\n`).join(''));
      return sandbox;
    } catch (err) {
      await sandbox.stop();
      throw err;
    }
  }

  /** Ends every process; the data stays. SIGTERM is the orderly way, with SIGKILL for who does not heed it. */
  async stop(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    await Promise.all(
      this.servers.map(async (server) => {
        const limit = setTimeout(() => void server.kill('SIGKILL'), STOP_LIMIT_MS);
        await server.kill(signal);
        clearTimeout(limit);
      }),
    );
    release(this.#directory);
  }
}

const serverDirectory = (directory: string, index: number) => join(directory, `server${index + 1}`);

function build(options: SandboxOptions, ports: readonly number[]): readonly SandboxServer[] {
  return ports.map((port, index) => {
    const directory = serverDirectory(options.directory, index);
    return new SandboxServer(options.flavour, port, directory, index + 1, options.extraArguments?.[index] ?? []);
  });
}

async function freshServers(options: SandboxOptions): Promise<readonly SandboxServer[]> {
  const base = baseDirectory(options.flavour);
  for (let index = 0; index < options.servers; index += 1) {
    const directory = serverDirectory(options.directory, index);
    rmSync(directory, { recursive: true, force: true }); // a set-up that was killed half-way
    cpSync(base, directory, { recursive: true });
  }
  return build(options, await freePorts(options.servers));
}

/** As many servers as were made, on the ports under which their replicas know them. */
async function keptServers(options: SandboxOptions): Promise<readonly SandboxServer[]> {
  const ports = readFileSync(join(options.directory, 'sandbox.ports'), 'utf8').trim().split('\n').map(Number);
  return build(options, ports);
}
