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
/** To which a node may move. */
export const OTHER_PORT = 10_009;
/** What nodes dial on each other's hosts. */
export const GROUP_PORTS: readonly number[] = [PORT, OTHER_PORT, HTTP_PORT];
const SECRET = 'known to the nodes of this test and to nobody else';

export interface DaemonGroupOptions {
  readonly size?: number;
  /** Nodes that may join later, on loopback; see `grow`. */
  readonly spares?: number;
  readonly seeds: readonly string[];
  readonly config?: Readonly<Record<string, unknown>>;
  /** A node on each of its hosts. */
  readonly network?: Network;
  /** Where one runs is changed by this, such as with a clock of its own. */
  readonly place?: (place: Place, at: number) => Place;
  /** More keys, for one of them. */
  readonly particular?: (at: number, directory: string) => Readonly<Record<string, unknown>>;
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

/** What scenarios ask of `raft-status`. */
export interface GroupStatus {
  readonly State: string;
  readonly Term: number;
  readonly Healthy: boolean;
  readonly Leader: string;
  readonly Concerns: readonly string[];
  readonly Warnings: readonly string[];
  readonly Members: readonly { readonly Address: string; readonly Name: string; readonly Kind: string }[];
}

export class DaemonGroup {
  readonly #daemons: Daemon[];
  readonly #spares: Daemon[];

  private constructor(daemons: readonly Daemon[], spares: readonly Daemon[]) {
    this.#daemons = [...daemons];
    this.#spares = [...spares];
  }

  /** Those that were started, in their order. */
  get daemons(): readonly Daemon[] {
    return this.#daemons;
  }

  /** Daemons that were started one by one. */
  static of(daemons: readonly Daemon[]): DaemonGroup {
    return new DaemonGroup(daemons, []);
  }

  /** They run, and one of them leads. */
  static async start(options: DaemonGroupOptions): Promise<DaemonGroup> {
    const group = await DaemonGroup.prepare(options);
    await Promise.all(group.daemons.map((daemon) => daemon.launch()));
    await group.leader();
    return group;
  }

  /** They have their configurations, and none of them runs. */
  static async prepare(options: DaemonGroupOptions): Promise<DaemonGroup> {
    const { size = 3, spares = 0, seeds, config = {}, network, particular: own } = options;
    const { place: changed = (place) => place } = options;
    const planned = network === undefined ? onLoopback(size + spares) : await onHosts(network);
    const founders = planned.slice(0, planned.length - spares).map(({ node }) => node);
    const daemons = await Promise.all(
      planned.map(({ node, place, config: particular }, at) =>
        Daemon.prepare({
          seeds,
          config: (directory, port) => ({
            ...{ RaftEnabled: true, RaftDataDir: join(directory, 'raft') },
            RaftNodes: [...new Set([...founders, node])],
            HTTPAdvertise: `http://127.0.0.1:${port}`,
            ...particular(directory),
            ...config,
            ...own?.(at, directory),
          }),
          ...(place === undefined ? {} : { place: changed(place, at) }),
        }),
      ),
    );
    return new DaemonGroup(daemons.slice(0, founders.length), daemons.slice(founders.length));
  }

  /** Starts the next spare node, which joins by itself; that it is in is not waited for. */
  async grow(): Promise<Daemon> {
    const daemon = this.#spares.shift();
    assert.ok(daemon !== undefined, 'a spare node');
    this.#daemons.push(daemon);
    await daemon.launch();
    return daemon;
  }

  async leads(daemon: Daemon): Promise<boolean> {
    try {
      return (await fetch(`${daemon.url}/api/leader-check`, { signal: AbortSignal.timeout(1_000) })).ok;
    } catch {
      return false;
    }
  }

  /** Who says that it leads, once somebody does. */
  leader(deadlineMs = 40_000): Promise<Daemon> {
    return until('one of the daemons leads', async () => (await this.leaders())[0], deadlineMs);
  }

  async leaders(): Promise<readonly Daemon[]> {
    const answers = await Promise.all(this.daemons.map((daemon) => daemon.runs && this.leads(daemon)));
    return this.daemons.filter((_, at) => answers[at]);
  }

  async others(): Promise<readonly Daemon[]> {
    const leader = await this.leader();
    return this.daemons.filter((daemon) => daemon !== leader);
  }

  /** What this node says of the group. */
  async status({ url }: Daemon): Promise<GroupStatus> {
    const answer = await fetch(`${url}/api/raft-status`, { signal: AbortSignal.timeout(20_000) });
    return (await answer.json()) as GroupStatus;
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
    await Promise.all([...this.#daemons, ...this.#spares].map((daemon) => daemon.stop()));
  }
}
