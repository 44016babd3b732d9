// Faults in random order, from one seed, against three or five daemons and a primary with two replicas, while clients read and write
// through all of them: nodes killed, frozen and wiped, wall clocks put wrong, links cut one way or both, servers out of sight. Between them everything comes together again: one leader, no recovery that nobody needed, the same
// words on all nodes. At the end of each round the primary dies, and exactly one failover is what there was.

import assert from 'node:assert/strict';
import { SeededRandom } from '../sim/random.ts';
import { type Daemon, until } from '../support/daemon.ts';
import { WallClocks } from '../support/preload.ts';
import { Clients } from './clients.ts';
import { LONG, longScenarios, SEED, type Stage } from './group-scenarios.ts';
import { checkHistory, describeOperation, describeVerdict } from './linearizability.ts';
import { downtimeRegister } from './registers.ts';

/** With both families of servers. */
const ROUNDS_IN_A_MINUTE = 1;
const ROUNDS = Math.ceil(Number(process.env.NEMESIS_MINUTES ?? 1) * ROUNDS_IN_A_MINUTE);
const FAULTS = 4;
const CLIENTS = 3;
const LIMIT_MS = 180_000;
const HOUR_S = 3_600;

/** What the faults of one round have at hand. */
interface Means {
  readonly stage: Stage;
  readonly random: SeededRandom;
  readonly clocks: WallClocks | undefined;
}

interface Fault {
  readonly title: string;
  readonly strike: (means: Means, nodes: readonly Daemon[]) => Promise<void>;
}

/** On the first of the nodes, in the order in which chance has put them. */
const KINDS: readonly Fault[] = [
  { title: 'is killed', strike: async (_, [node]) => node!.kill() },
  { title: 'is stopped in order', strike: async (_, [node]) => node!.kill('SIGTERM') },
  { title: 'freezes', strike: async (_, [node]) => node!.freeze() },
  { title: 'is cut off', strike: ({ stage }, [node, ...others]) => stage.part([node!], others) },
  { title: 'hears nobody', strike: ({ stage }, [node, ...others]) => stage.deafen(others, [node!]) },
  { title: 'is heard by nobody', strike: ({ stage }, [node, ...others]) => stage.deafen([node!], others) },
  { title: 'does not reach one other', strike: ({ stage }, [node, other]) => stage.part([node!], [other!]) },
  {
    title: 'is killed, and comes back with an empty disk',
    strike: async (_, [node]) => {
      await node!.kill();
      node!.wipe();
    },
  },
  {
    title: 'has another wall clock',
    strike: async ({ stage, random, clocks }, [node]) => {
      const ahead = random.pick([HOUR_S, -HOUR_S]);
      clocks?.set(stage.nameOf(node!), ahead, random.pick([1, 1, 0.5, 2]));
    },
  },
  {
    title: 'is on the smaller side',
    strike: ({ stage }, nodes) => {
      const smaller = Math.floor((nodes.length - 1) / 2);
      return stage.part(nodes.slice(0, smaller), nodes.slice(smaller));
    },
  },
  {
    title: 'does not see the primary',
    strike: async ({ stage }, [node]) => {
      if (stage.network.cutsServers) await stage.blind([node!], stage.scenario.primary);
    },
  },
];

for (const nodes of [3, 5])
  longScenarios(
    `faults in random order against ${nodes} nodes`,
    { tree: [undefined, 0, 0], nodes, limitMs: LIMIT_MS },
    (stage, test) => {
      const { scenario } = stage;

      async function round(seed: number): Promise<void> {
        const random = new SeededRandom(seed);
        const clocks = WallClocks.open(scenario.directory);
        const hosts = stage.network.hosts.map(({ name }) => name);
        await stage.start({}, clocks === undefined ? {} : { place: (place, at) => clocks.place(place, hosts[at]!) });
        await scenario.replicated(2);
        const { daemons } = stage.group;
        const registers = new Clients(downtimeRegister, CLIENTS, daemons, scenario.replicas.slice(1), seed);
        stage.papers.set('registers.txt', () => registers.history.map(describeOperation).join('\n'));
        try {
          for (let count = 1; count <= FAULTS; count += 1) await strike({ stage, random, clocks }, count === FAULTS);
        } finally {
          await registers.stop();
        }
        await stage.agree(1);
        assert.equal(describeVerdict(checkHistory(registers.history)), 'linearizable');
      }

      /** With the last one the primary dies. */
      async function strike(means: Means, last: boolean): Promise<void> {
        const { random } = means;
        const order = random.chance(0.5)
          ? [await stage.group.leader(), ...(await stage.group.others())]
          : random.shuffled(stage.group.daemons);
        const fault = random.pick(KINDS);
        stage.strikesWith(`${stage.nameOf(order[0]!)} ${fault.title}${last ? ', and the primary dies' : ''}`);
        await fault.strike(means, order);
        if (last) await scenario.kill(scenario.primary);
        await until('somebody leads', async () => (await stage.group.leaders()).length > 0);
        if (last) {
          scenario.watchedBy(await stage.group.leader());
          await scenario.healed(scenario.replicas, [1, 2]);
        }
        await mend();
        await until('all vote again', async () => {
          // with an emptied disk one is a member again only when it knows so itself
          for (const daemon of stage.group.daemons) if (!(await stage.group.status(daemon)).Healthy) return false;
          const { Members } = await stage.group.status(await stage.group.leader());
          return Members.length === stage.group.daemons.length && Members.every(({ Kind }) => Kind === 'voter');
        });
        if (!last) await scenario.noRecovery();
      }

      async function mend(): Promise<void> {
        await stage.network.mend();
        for (const daemon of stage.group.daemons) {
          daemon.thaw();
          if (!daemon.runs) await daemon.launch();
        }
        scenario.watchedBy(await stage.group.leader());
      }

      const rounds = Array.from({ length: LONG ? ROUNDS : 0 }, (_, at) => SEED + at);
      for (const seed of rounds.filter((one) => (one % 2 === 0) === (nodes === 3)))
        test(`do no harm, with seed ${seed}`, () => round(seed));
    },
  );
