// What it costs to watch one server: round trips and bytes of one probe, counted on the wire by a relay, and what the
// daemon needs to be there at all. The CPU of a probe among many is in fleet.ts.

import { connect, createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../../scripts/sandbox/ports.ts';
import { Daemon, until } from '../support/daemon.ts';
import { countersOf } from './daemon-counters.ts';
import type { Benchmark } from './figures.ts';
import { withSandbox } from './with-sandbox.ts';

const WARM_UP_PROBES = 10;

export const probe: Benchmark = async ({ flavour, runs }) => {
  const [port = 0] = await freePorts(1);
  return withSandbox(
    flavour,
    1,
    async ([server]) => {
      const relay = await CountingRelay.listen(port, server?.key.port ?? 0);
      const daemon = await Daemon.start({ seeds: [`127.0.0.1:${port}`] });
      try {
        await until('it is warm', async () => (await countersOf(daemon)).probes >= WARM_UP_PROBES, 60_000);
        const before = { ...(await countersOf(daemon)), requests: relay.requests, bytes: relay.bytes };
        await delay(runs * 1_000);
        const after = { ...(await countersOf(daemon)), requests: relay.requests, bytes: relay.bytes };
        const probes = after.probes - before.probes;
        if (probes === 0 || after.failedProbes > before.failedProbes) throw new Error('probes failed while measuring');
        const per = (name: keyof typeof before) => (after[name] - before[name]) / probes;
        return [
          { what: `round trips per probe, over ${probes} probes`, unit: '', samples: [per('requests')] },
          { what: 'bytes per probe, both ways', unit: 'bytes', samples: [per('bytes')] },
          {
            what: 'CPU of the whole daemon, one server watched',
            unit: 'ms per second',
            samples: [((after.cpuSeconds - before.cpuSeconds) * 1_000) / runs],
          },
        ];
      } finally {
        await daemon.stop();
        relay.close();
      }
    },
    [[`--report-port=${port}`]], // the daemon takes the server for what it reports to be
  );
};

/** Passes bytes on and counts the requests: what a client sends after the server has spoken. */
class CountingRelay {
  requests = 0;
  bytes = 0;
  readonly #server: Server;

  private constructor(target: number) {
    this.#server = createServer((client) => {
      const server = connect(target, '127.0.0.1');
      let clientMaySpeak = false;
      client.on('data', (chunk) => {
        this.bytes += chunk.length;
        if (clientMaySpeak) this.requests += 1;
        clientMaySpeak = false;
        server.write(chunk);
      });
      server.on('data', (chunk) => {
        this.bytes += chunk.length;
        clientMaySpeak = true;
        client.write(chunk);
      });
      for (const [one, other] of [
        [client, server],
        [server, client],
      ] as const) {
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
      }
    });
  }

  static async listen(port: number, target: number): Promise<CountingRelay> {
    const relay = new CountingRelay(target);
    await new Promise<void>((resolve) => relay.#server.listen(port, '127.0.0.1', resolve));
    return relay;
  }

  close(): void {
    this.#server.close();
  }
}
