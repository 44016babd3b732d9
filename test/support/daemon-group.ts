// Several daemons as one group: each with an address, a directory and a backend of its own, on loopback or on hosts of a network that
// a test can break.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { STATE_TABLES } from '../../internal/backend/state-tables.ts';
import { Daemon, type Place, until } from './daemon.ts';
import type { Network } from './network/network.ts';

const PORT = 10_008;
const HTTP_PORT = 3_000;
/** What nodes dial on each other's hosts. */
export const GROUP_PORTS: readonly number[] = [PORT, HTTP_PORT];
const SECRET = 'known to the nodes of this test and to nobody else';

export interface DaemonGroupOptions {
  readonly size?: number;
  readonly seeds: readonly string[];
  readonly config?: Readonly<Record<string, unknown>>;
  /** A node on each of its hosts. */
  readonly network?: Network;
}

/** One node to be: what it is called by the others, what is particular to its configuration, where it runs. */
interface Planned {
  readonly node: string;
  readonly config: (directory: string) => Readonly<Record<string, unknown>>;
  readonly place?: Place;
}

function onLoopback(size: number): readonly Planned[] {
  const net = `127.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  return Array.from({ length: size }, (_, at) => {
    const node = `${net}.${at + 1}`; // as in the established samples: without a port
    return { node, config: () => ({ RaftBind: node }) };
  });
}

function onHosts({ hosts }: Network): Promise<readonly Planned[]> {
  return Promise.all(
    hosts.map(async (host) => ({
      node: `${host.address}:${PORT}`,
      config: (directory: string) => {
        const secret = join(directory, 'secret');
        writeFileSync(secret, SECRET);
        return {
          RaftBind: `${host.bind}:${PORT}`,
          RaftAdvertise: `${host.address}:${PORT}`,
          HTTPAdvertise: `http://${host.address}:${HTTP_PORT}`,
          RaftSharedSecretFile: secret,
        };
      },
      place: {
        run: (file: string, args: readonly string[], log: string) => host.run(file, args, log),
        listen: `${host.bind}:${HTTP_PORT}`,
        door: await host.door(HTTP_PORT),
        ready: '/livez',
      },
    })),
  );
}

export class DaemonGroup {
  readonly daemons: readonly Daemon[];

  private constructor(daemons: readonly Daemon[]) {
    this.daemons = daemons;
  }

  /** They run, and one of them leads. */
  static async start({ size = 3, seeds, config = {}, network }: DaemonGroupOptions): Promise<DaemonGroup> {
    const planned = network === undefined ? onLoopback(size) : await onHosts(network);
    const RaftNodes = planned.map(({ node }) => node);
    const daemons = await Promise.all(
      planned.map(({ place, config: particular }) =>
        Daemon.start({
          seeds,
          config: (directory, port) => ({
            ...{ RaftEnabled: true, RaftDataDir: join(directory, 'raft'), RaftNodes },
            HTTPAdvertise: `http://127.0.0.1:${port}`,
            ...particular(directory),
            ...config,
          }),
          ...(place === undefined ? {} : { place }),
        }),
      ),
    );
    const group = new DaemonGroup(daemons);
    await group.leader();
    return group;
  }

  async leads(daemon: Daemon): Promise<boolean> {
    try {
      return (await fetch(`${daemon.url}/api/leader-check`, { signal: AbortSignal.timeout(1_000) })).ok;
    } catch {
      return false;
    }
  }

  /** Who says that it leads, once somebody does. */
  leader(deadlineMs = 20_000): Promise<Daemon> {
    return until('one of the daemons leads', async () => (await this.leaders())[0], deadlineMs);
  }

  async leaders(): Promise<readonly Daemon[]> {
    const answers = await Promise.all(this.daemons.map((daemon) => this.leads(daemon)));
    return this.daemons.filter((_, at) => answers[at]);
  }

  async others(): Promise<readonly Daemon[]> {
    const leader = await this.leader();
    return this.daemons.filter((daemon) => daemon !== leader);
  }

  /** Recoveries that were begun, by the backend of each daemon. */
  recoveries(): readonly (readonly string[])[] {
    return this.daemons.map((daemon) =>
      daemon.rows('SELECT uid FROM topology_recovery ORDER BY recovery_id').map(({ uid }) => String(uid)),
    );
  }

  /** Waits until the backends of all that run hold the same rows, and says which differ where they never do. */
  async level(daemons: readonly Daemon[] = this.daemons): Promise<void> {
    const tables = STATE_TABLES.filter(({ local }) => local !== true);
    await until('all backends hold the same', async () => {
      for (const { name } of tables) {
        const [first, ...rest] = daemons.map((one) =>
          one.rows(`SELECT * FROM ${name}`).map((row) => JSON.stringify(row)),
        );
        for (const rows of rest) assert.deepEqual(rows.sort(), first?.sort(), name);
      }
      return true;
    });
  }

  /** Servers in downtime, by the backend of each daemon. */
  downtimes(): readonly (readonly unknown[])[] {
    return this.daemons.map((daemon) => daemon.rows('SELECT hostname FROM database_instance_downtime'));
  }

  async stop(): Promise<void> {
    await Promise.all(this.daemons.map((daemon) => daemon.stop()));
  }
}
