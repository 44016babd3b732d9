// Daemons on a network that can be broken, real servers behind them, and what must hold whatever happens: never two daemons that
// say they lead, never two leaders of one term, never two servers that take writes, the same recoveries on every node.

import { join } from 'node:path';
import type { Flavour, SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { type Daemon, until } from '../support/daemon.ts';
import { DaemonGroup, type DaemonGroupOptions, GROUP_PORTS } from '../support/daemon-group.ts';
import { type Host, type Network, openNetwork } from '../support/network/network.ts';
import { address, type Scenario, type ScenarioOptions, scenarios } from '../support/scenario.ts';
import { envelopeOf } from './clients.ts';
import { Evidence } from './evidence.ts';
import { LeaderWatch, verifyTerms } from './leader-watch.ts';

/** Asked for everything: `npm test` makes a selection. */
export const LONG = process.env.NEMESIS === 'all';
/** Where chance decides. */
export const SEED = Number(process.env.NEMESIS_SEED ?? 1);
const LOG_TAIL = 6_000;
const WORD_LIMIT_MS = 5_000;

/** By what a link to this server is called. */
export const linkTo = (server: SandboxServer) => `server-${server.key.port}`;

export class Stage {
  readonly scenario: Scenario;
  #network: Network | undefined;
  #group: DaemonGroup | undefined;
  #watch: LeaderWatch | undefined;
  #strikes = 0;
  #words = 0;
  /** What is kept of a scenario that fails, by name of the file. */
  readonly papers = new Map<string, () => string>();

  constructor(scenario: Scenario) {
    this.scenario = scenario;
  }

  /** Since the scenario began. */
  get strikes(): number {
    return this.#strikes;
  }

  /** Something is about to be broken: told, where everything is asked for, and counted. */
  strikesWith(what: string): void {
    this.#strikes += 1;
    if (LONG) console.log(`      ${what}`);
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
  async start(config: Readonly<Record<string, unknown>> = {}, more: GroupExtras = {}): Promise<void> {
    const group = await this.prepare(config, more);
    await Promise.all(group.daemons.map((daemon) => daemon.launch()));
    await this.serves();
  }

  /** Nodes that could be a group, and do not run yet. */
  async prepare(config: Readonly<Record<string, unknown>> = {}, more: GroupExtras = {}): Promise<DaemonGroup> {
    const { scenario, network } = this;
    const group = await DaemonGroup.prepare({ seeds: [address(scenario.primary)], config, network, ...more });
    this.#group = group;
    this.#watch = new LeaderWatch(group.daemons);
    return group;
  }

  /** Somebody leads, and all that run know every server. */
  async serves(): Promise<void> {
    this.scenario.watchedBy(await this.group.leader());
    await this.allKnow(this.group.daemons.filter(({ runs }) => runs));
  }

  nameOf(daemon: Daemon): string {
    return this.hostOf(daemon).name;
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
    const names = (daemons: readonly Daemon[]) => daemons.map((daemon) => this.nameOf(daemon));
    this.strikesWith(`nothing passes between ${names(one)} and ${names(other)}`);
    await this.network.cut(names(one), names(other));
    await this.network.cut(names(other), names(one));
  }

  /** What `from` sends does not arrive at `to`. */
  async deafen(from: readonly Daemon[], to: readonly Daemon[]): Promise<void> {
    const names = (daemons: readonly Daemon[]) => daemons.map((daemon) => this.nameOf(daemon));
    this.strikesWith(`what ${names(from)} send does not reach ${names(to)}`);
    await this.network.cut(names(from), names(to));
  }

  /** It ends by this signal. */
  async kills(daemon: Daemon, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.strikesWith(`${this.nameOf(daemon)} gets ${signal}`);
    await daemon.kill(signal);
  }

  /** Something new about the last server that these nodes have agreed on; resolves when the first of them has said so. */
  async agrees(daemons: readonly Daemon[] = this.group.daemons): Promise<string> {
    this.#words += 1;
    const word = `word-${this.#words}`;
    const { hostname, port } = this.scenario.servers.at(-1)!.key;
    await until('a change is agreed on', async () => {
      const asked = daemons
        .filter(({ runs }) => runs)
        .map(({ url }) =>
          fetch(`${url}/api/begin-downtime/${hostname}/${port}/test/${word}/48h`, {
            signal: AbortSignal.timeout(WORD_LIMIT_MS),
          }),
        );
      const answers = await Promise.all(asked.map(envelopeOf));
      return answers.some((answer) => answer?.Code === 'OK');
    });
    return word;
  }

  /** These nodes lose sight of a server. */
  async blind(daemons: readonly Daemon[], server: SandboxServer): Promise<void> {
    const names = daemons.map((daemon) => this.nameOf(daemon));
    this.strikesWith(`${names} do not see ${address(server)}`);
    await this.network.cut(names, [linkTo(server)]);
    await this.network.cut([linkTo(server)], names);
  }

  /**
   * Exactly `count` recoveries, the same on all nodes that run, whatever else they hold being the same too. Where a leader lost its office
   * before the promotion, the next one has let its recovery go and begun another.
   */
  async agree(count: number): Promise<void> {
    const running = this.group.daemons.filter(({ runs }) => runs);
    await until(`all nodes know of ${count} recoveries`, async () => {
      const all = running.map((daemon) =>
        daemon.rows('SELECT uid, is_successful, all_errors FROM topology_recovery ORDER BY uid'),
      );
      const [first = []] = all;
      const letGo = first.filter(
        (row) => row.is_successful !== 1 && /nothing was promoted/.test(String(row.all_errors)),
      );
      const alike = all.every((rows) => JSON.stringify(rows) === JSON.stringify(first));
      if (alike && first.length - letGo.length === count && (count > 0 || letGo.length === 0)) return true;
      throw new Error(JSON.stringify(all));
    });
    await this.group.level(running);
  }

  async settle(): Promise<void> {
    this.#strikes = 0;
    this.papers.clear();
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
    verifyTerms(this.#group?.daemons ?? []);
  }

  /** The end of each log; and everything there is, where somebody wants it kept. */
  explain(title: string): void {
    const evidence = Evidence.wanted(title);
    evidence?.keep(this.scenario.servers, this.#group?.daemons ?? [], this.papers);
    if (evidence !== undefined) {
      console.log(evidence.told(SEED));
      return;
    }
    for (const daemon of (this.#group?.daemons ?? []).filter(({ began }) => began))
      console.log(`--- end of the log of ${this.hostOf(daemon).name}\n${daemon.log().slice(-LOG_TAIL)}---`);
  }
}

/** What is particular to the nodes of one scenario. */
export type GroupExtras = Pick<DaemonGroupOptions, 'place' | 'particular'>;

export interface StageOptions extends ScenarioOptions {
  /** Hosts; every one gets a node. */
  readonly nodes?: number;
  /** In the selection that `npm test` makes; otherwise both. */
  readonly flavour: Flavour;
  /** Of one scenario. */
  readonly limitMs?: number;
}

export type DefineScenarios = (stage: Stage, test: (title: string, body: () => Promise<void>) => void) => void;

/** Too long for `npm test`: only where everything is asked for. */
export function longScenarios(title: string, options: Omit<StageOptions, 'flavour'>, define: DefineScenarios): void {
  if (LONG) groupScenarios(title, { ...options, flavour: 'mariadb' }, define);
}

export function groupScenarios(title: string, options: StageOptions, define: DefineScenarios): void {
  const flavours = options.flavours ?? (LONG ? (['mariadb', 'mysql'] as const) : [options.flavour]);
  scenarios(title, { ...options, flavours }, (scenario, test) => {
    const stage = new Stage(scenario);
    before(() => stage.open(options.nodes ?? 3));
    afterEach(() => stage.settle());
    after(() => stage.close());
    define(stage, (name, body) =>
      test(name, async (context) => {
        if (options.limitMs !== undefined) context.timeout(options.limitMs);
        try {
          await body();
          await stage.verify();
        } catch (err) {
          stage.explain(`${title} (${scenario.flavour}) ${name}`);
          throw err;
        } finally {
          context.strikes = stage.strikes; // for the matrix
        }
      }),
    );
  });
}
