// What a load balancer waits for its answer while the same daemon serves large listings: one server with 1,000 instances in memory, asked
// from another thread, once with nothing else to do and once under load.

import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { FakeGroup } from '../support/fake-group.ts';
import { TestHttp } from '../support/http.ts';
import { aReplica } from '../unit/topology/builders.ts';
import type { Figure } from './figures.ts';

const SERVERS = 1_000;
/** A check every so often, as a proxy per host of a large installation makes them, ms. */
const EVERY_MS = 5;
const LISTENERS = 4;
/** Shorter than the server keeps a connection that nothing is asked on. */
const IDLE_MS = 2_000;
const READS = [
  ...['/api/all-instances', '/api/clusters-info', '/api/topology/db1.example:3306', '/api/search/db'],
  ...['/api/v2/instances?limit=500', '/api/v2/analyses?all=true&limit=500'],
];

const connections = new Agent({ keepAlive: true, timeout: IDLE_MS });

interface Part {
  readonly url: string;
  readonly seconds: number;
  readonly does: 'check' | 'list';
}

/** @param seconds of either part */
export async function leaderCheck(seconds: number): Promise<readonly Figure[]> {
  const http = await TestHttp.start();
  http.house.group = new FakeGroup(1);
  for (let n = 10; n < SERVERS; n += 1) {
    const key = { hostname: `db${n}.example`, port: 3306 };
    const source = { hostname: 'db1.example', port: 3306 };
    const replica = aReplica(n, '', '', { key, replication: { source, receiver: 'running', lagSeconds: 0 } });
    http.house.inventory.recordSuccess(replica, Date.now());
  }
  try {
    const part = (does: Part['does']) => onAnotherThread({ url: http.url, seconds, does });
    const idle = await part('check');
    const [loaded] = await Promise.all([part('check'), part('list')]);
    return [
      { what: 'leader-check', unit: 'ms', samples: idle },
      { what: 'leader-check, p99.9', unit: 'ms', samples: [p999(idle)] },
      { what: `leader-check while ${LISTENERS} clients list ${SERVERS} servers`, unit: 'ms', samples: loaded },
      { what: 'the same, p99.9', unit: 'ms', samples: [p999(loaded)] },
    ];
  } finally {
    await http.stop();
  }
}

async function onAnotherThread(part: Part): Promise<readonly number[]> {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: part });
  const [samples] = (await once(worker, 'message')) as [readonly number[]];
  return samples;
}

function p999(samples: readonly number[]): number {
  return [...samples].sort((a, b) => a - b)[Math.ceil(samples.length * 0.999) - 1] ?? Number.NaN;
}

/** Checks go out at their times, whether or not the last one was answered. The milliseconds that each took. */
async function check(url: string, endMs: number): Promise<readonly number[]> {
  const samples: number[] = [];
  const checks: Promise<void>[] = [];
  const once = async () => {
    const startMs = performance.now();
    await ask(`${url}/api/leader-check`);
    samples.push(performance.now() - startMs);
  };
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      checks.push(once());
      if (performance.now() < endMs) return;
      clearInterval(timer);
      resolve();
    }, EVERY_MS);
  });
  await Promise.all(checks);
  return samples;
}

/** Clients that each ask for the next list as soon as they have one. */
async function list(url: string, endMs: number): Promise<readonly number[]> {
  const client = async (n: number) => {
    for (let at = n; performance.now() < endMs; at += 1) {
      await ask(`${url}${READS[at % READS.length]}`);
    }
  };
  await Promise.all(Array.from({ length: LISTENERS }, (_, n) => client(n)));
  return [];
}

/** Keeps nothing of the answer: what the client collects, and clears away, would be measured as the server's. */
async function ask(url: string): Promise<void> {
  const [response] = (await once(get(url, { agent: connections }), 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`${url}: status ${response.statusCode}`);
  await once(response.resume(), 'end');
}

if (!isMainThread && parentPort !== null && 'does' in Object(workerData)) {
  const { url, seconds, does } = workerData as Part;
  const endMs = performance.now() + seconds * 1_000;
  parentPort.postMessage(await (does === 'check' ? check : list)(url, endMs));
}
