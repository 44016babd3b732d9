// A daemon that watches sixty real servers: memory, CPU, and how long its event loop keeps others waiting.

import { setTimeout as delay } from 'node:timers/promises';
import { Daemon, until } from '../support/daemon.ts';
import { countersOf } from './daemon-counters.ts';
import type { Benchmark } from './figures.ts';
import { withSandbox } from './with-sandbox.ts';

const SERVERS = 60;
/** Per server: until then a good part of the CPU is the compiler's. */
const WARM_UP_PROBES = 30;

export const fleet: Benchmark = ({ flavour, runs }) =>
  withSandbox(flavour, SERVERS, async ([primary]) => {
    const daemon = await Daemon.start({ seeds: [`127.0.0.1:${primary?.key.port}`] });
    try {
      const known = async () => (await daemon.api<unknown[]>('all-instances')).length === SERVERS;
      await until(`${SERVERS} servers`, known, 60_000);
      await until('it is warm', async () => (await countersOf(daemon)).probes >= WARM_UP_PROBES * SERVERS, 120_000);
      const residentMiB: number[] = [];
      const lags: number[] = [];
      const before = await countersOf(daemon);
      for (let second = 0; second < runs; second += 1) {
        await delay(1_000);
        const now = await countersOf(daemon);
        residentMiB.push(now.residentMiB);
        lags.push(now.loopLagP99Ms);
      }
      const after = await countersOf(daemon);
      const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
      const label = `${SERVERS} servers`;
      return [
        { what: `${label}: resident memory of the daemon`, unit: 'MiB', samples: residentMiB },
        { what: `${label}: share of one core`, unit: '%', samples: [(cpuSeconds / runs) * 100] },
        {
          what: `${label}: CPU per probe`,
          unit: 'ms',
          samples: [(cpuSeconds * 1_000) / (after.probes - before.probes)],
        },
        { what: `${label}: event loop late, p99`, unit: 'ms', samples: lags },
      ];
    } finally {
      await daemon.stop();
    }
  });
