// What a load balancer waits for its answer while the same daemon serves large listings: one server with 1,000 instances in memory, asked
// from another thread, once with nothing else to do and once under load.

import { once } from 'node:events';
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
const READS = ['/api/all-instances', '/api/clusters-info', '/api/topology/db1.example:3306', '/api/search/db'];

interface Ask {
  readonly url: string;
  readonly seconds: number;
  readonly loaded: boolean;
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
    const idle = await asked({ url: http.url, seconds, loaded: false });
    const loaded = await asked({ url: http.url, seconds, loaded: true });
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

async function asked(ask: Ask): Promise<readonly number[]> {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: ask });
  const [samples] = (await once(worker, 'message')) as [readonly number[]];
  return samples;
}

function p999(samples: readonly number[]): number {
  return [...samples].sort((a, b) => a - b)[Math.ceil(samples.length * 0.999) - 1] ?? Number.NaN;
}

/** The other thread. Checks go out at their times, whether or not the last one was answered. */
async function ask({ url, seconds, loaded }: Ask): Promise<readonly number[]> {
  const endMs = performance.now() + seconds * 1_000;
  const samples: number[] = [];
  const checks: Promise<void>[] = [];
  const check = async () => {
    const startMs = performance.now();
    const { status } = await fetch(`${url}/api/leader-check`);
    if (status !== 200) throw new Error(`status ${status}`);
    samples.push(performance.now() - startMs);
  };
  const list = async (n: number) => {
    for (let at = n; performance.now() < endMs; at += 1)
      await (await fetch(`${url}${READS[at % READS.length]}`)).text();
  };
  const listing = loaded ? Promise.all(Array.from({ length: LISTENERS }, (_, n) => list(n))) : undefined;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      checks.push(check());
      if (performance.now() < endMs) return;
      clearInterval(timer);
      resolve();
    }, EVERY_MS);
  });
  await Promise.all([...checks, listing]);
  return samples;
}

if (!isMainThread && parentPort !== null && 'loaded' in Object(workerData))
  parentPort.postMessage(await ask(workerData as Ask));
