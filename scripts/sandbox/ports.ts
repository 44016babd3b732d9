import { createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Below the range that the kernel hands out to clients: a port of ours is not taken while its server is down. */
const LOWEST = 20_000;
const HIGHEST = 32_000;
const RELEASE_LIMIT_MS = 2_000;

/** Undefined: somebody has it. */
function hold(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

const release = (server: Server) => new Promise((resolve) => server.close(resolve));

/** Whether a port is free, or becomes so shortly: a killed process is gone a moment before its sockets are. */
export async function isFree(port: number): Promise<boolean> {
  const end = Date.now() + RELEASE_LIMIT_MS;
  for (;;) {
    const server = await hold(port);
    if (server !== undefined) await release(server);
    if (server !== undefined || Date.now() > end) return server !== undefined;
    await delay(20);
  }
}

/** Free ports on loopback, all different: each is held until the last is found. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const held = new Map<number, Server>();
  while (held.size < count) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    const server = await hold(port);
    if (server !== undefined) held.set(port, server);
  }
  await Promise.all([...held.values()].map(release));
  return [...held.keys()];
}
