// From naming one replica to a daemon that knows nothing, over its API, to all four servers read and shown as one cluster.

import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { Daemon } from '../support/daemon.ts';
import type { Benchmark } from './figures.ts';
import { withSandbox } from './with-sandbox.ts';

const SERVERS = 4;
const LIMIT_MS = 30_000;

export const discovery: Benchmark = ({ flavour, runs }) =>
  withSandbox(flavour, SERVERS, async (servers) => {
    const samples: number[] = [];
    for (let run = 0; run < runs; run += 1) samples.push(await once(servers));
    return [{ what: `one seed to all ${SERVERS} servers known`, unit: 'ms', samples }];
  });

async function once(servers: readonly SandboxServer[]): Promise<number> {
  const seed = servers.at(-1)?.key;
  const daemon = await Daemon.start({ seeds: [] });
  try {
    const startedMs = performance.now();
    const asked = daemon.api(`discover/${seed?.hostname}/${seed?.port}`);
    for (;;) {
      const found = await daemon.api<{ ClusterName: string; IsLastCheckValid: boolean }[]>('all-instances');
      const ms = performance.now() - startedMs;
      const clusters = new Set(found.map(({ ClusterName }) => ClusterName));
      if (found.length === SERVERS && clusters.size === 1 && found.every((one) => one.IsLastCheckValid)) {
        await asked;
        return ms;
      }
      if (ms > LIMIT_MS) throw new Error(`not discovered within ${LIMIT_MS / 1000} s:\n${daemon.log().slice(-4_000)}`);
      await delay(2);
    }
  } finally {
    await daemon.stop();
  }
}
