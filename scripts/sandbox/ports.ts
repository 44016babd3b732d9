import { createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Below the range that the kernel hands out to clients: a port of ours is not taken while its server is down. */
const LOWEST = 20_000;
const HIGHEST = 32_000;
/** Of each of the test runs that go on at the same time, see scripts/tests/lane.ts. */
const PER_SLOT = 1_000;
const SLOTS = (HIGHEST - LOWEST) / PER_SLOT;
const RELEASE_LIMIT_MS = 2_000;

/** Where this process looks: in its own range, where it has been given one. */
const slot = process.env.ORCHESTRATOR_TEST_SLOT;
const first = slot === undefined ? LOWEST : LOWEST + (Number(slot) % SLOTS) * PER_SLOT;
const count = slot === undefined ? HIGHEST - LOWEST : PER_SLOT;
/** From somewhere, and then onwards: a port that was found a moment ago may not be in use yet. */
let turn = Math.floor(Math.random() * count);

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
export async function freePorts(wanted: number): Promise<readonly number[]> {
  const held = new Map<number, Server>();
  while (held.size < wanted) {
    turn = (turn + 1) % count;
    const port = first + turn; // others take their turns meanwhile
    const server = await hold(port);
    if (server !== undefined) held.set(port, server);
  }
  await Promise.all([...held.values()].map(release));
  return [...held.keys()];
}
