// Three daemons on a network that can be broken, real servers behind them, and what must hold whatever happens: never two daemons that
// say they lead, never two servers that take writes, the same recoveries on every node.

import { join } from 'node:path';
import type { Flavour, SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { type Daemon, until } from '../support/daemon.ts';
import { DaemonGroup, GROUP_PORTS } from '../support/daemon-group.ts';
import { type Host, type Network, openNetwork } from '../support/network/network.ts';
import { address, type Scenario, type ScenarioOptions, scenarios } from '../support/scenario.ts';
import { LeaderWatch } from './leader-watch.ts';

/** Asked for everything: `npm test` makes a selection. */
export const LONG = process.env.NEMESIS === 'all';
const LOG_TAIL = 6_000;

/** By what a link to this server is called. */
export const linkTo = (server: SandboxServer) => `server-${server.key.port}`;

export class Stage {
  readonly scenario: Scenario;
  #network: Network | undefined;
  #group: DaemonGroup | undefined;
  #watch: LeaderWatch | undefined;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
  }

  get network(): Network {
    return this.#network!;
  }

  get group(): DaemonGroup {
    return this.#group!;
  }

  async open(size: number): Promise<void> {
    this.#network = await openNetwork(size, GROUP_PORTS);
    for (const host of this.#network.hosts)
      for (const server of this.scenario.servers)
        await host.lead(linkTo(server), server.key.port, { path: join(server.directory, 's.sock') });
  }

  async close(): Promise<void> {
    await this.#network?.close();
  }

  /** A group whose nodes all know all servers. */
  async start(config: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const { scenario, network } = this;
    const group = await DaemonGroup.start({ seeds: [address(scenario.primary)], config, network });
    this.#group = group;
    this.#watch = new LeaderWatch(group.daemons);
    await this.allKnow();
    scenario.watchedBy(await group.leader());
  }

  /** Waits until each of these nodes knows every server. */
  async allKnow(daemons: readonly Daemon[] = this.group.daemons): Promise<void> {
    for (const daemon of daemons)
      await until('every server is discovered', async () => {
        return daemon.rows('SELECT hostname FROM database_instance').length === this.scenario.servers.length;
      });
  }

  hostOf(daemon: Daemon): Host {
    return this.network.hosts[this.group.daemons.indexOf(daemon)]!;
  }

  /** Who leads once it is none of these. The scenario asks it from now on. */
  async heirOf(...former: readonly Daemon[]): Promise<Daemon> {
    const heir = await until('another one leads', async () =>
      (await this.group.leaders()).find((daemon) => !former.includes(daemon)),
    );
    this.scenario.watchedBy(heir);
    return heir;
  }

  /** Nothing passes between the two sides. */
  async part(one: readonly Daemon[], other: readonly Daemon[]): Promise<void> {
    const names = (daemons: readonly Daemon[]) => daemons.map((daemon) => this.hostOf(daemon).name);
    await this.network.cut(names(one), names(other));
    await this.network.cut(names(other), names(one));
  }

  /** What `from` sends does not arrive at `to`. */
  async deafen(from: readonly Daemon[], to: readonly Daemon[]): Promise<void> {
    await this.network.cut(
      from.map((daemon) => this.hostOf(daemon).name),
      to.map((daemon) => this.hostOf(daemon).name),
    );
  }

  /** These nodes lose sight of a server. */
  async blind(daemons: readonly Daemon[], server: SandboxServer): Promise<void> {
    const names = daemons.map((daemon) => this.hostOf(daemon).name);
    await this.network.cut(names, [linkTo(server)]);
    await this.network.cut([linkTo(server)], names);
  }

  /** Exactly `count` recoveries, the same on all nodes that run, whatever else they hold being the same too. */
  async agree(count: number): Promise<void> {
    const running = this.group.daemons.filter(({ runs }) => runs);
    await until(`all nodes know of ${count} recoveries`, async () => {
      const all = running.map((daemon) =>
        daemon.rows('SELECT uid FROM topology_recovery ORDER BY uid').map(({ uid }) => uid),
      );
      if (all.every((uids) => uids.length === count && uids.join() === all[0]?.join())) return true;
      throw new Error(JSON.stringify(all));
    });
    await this.group.level(running);
  }

  async settle(): Promise<void> {
    const watch = this.#watch;
    this.#watch = undefined;
    await watch?.stop();
    await this.#group?.stop();
    this.#group = undefined;
    await this.#network?.mend();
  }

  /** What was wrong with the leaders, all along. */
  async verify(): Promise<void> {
    await this.#watch?.verify();
  }

  explain(): void {
    for (const daemon of this.#group?.daemons ?? [])
      console.log(`--- end of the log of ${this.hostOf(daemon).name}\n${daemon.log().slice(-LOG_TAIL)}---`);
  }
}

export interface StageOptions extends ScenarioOptions {
  readonly nodes?: number;
  /** In the selection that `npm test` makes; otherwise both. */
  readonly flavour: Flavour;
}

export function groupScenarios(
  title: string,
  options: StageOptions,
  define: (stage: Stage, test: (title: string, body: () => Promise<void>) => void) => void,
): void {
  const flavours = LONG ? (['mariadb', 'mysql'] as const) : [options.flavour];
  scenarios(title, { ...options, flavours }, (scenario, test) => {
    const stage = new Stage(scenario);
    before(() => stage.open(options.nodes ?? 3));
    afterEach(() => stage.settle());
    after(() => stage.close());
    define(stage, (name, body) =>
      test(name, async () => {
        try {
          await body();
          await stage.verify();
        } catch (err) {
          stage.explain();
          throw err;
        }
      }),
    );
  });
}
