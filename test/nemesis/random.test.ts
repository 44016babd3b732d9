// Faults in random order, from one seed, against three daemons and a primary with two replicas: nodes killed and frozen, links cut one
// way or both, servers out of sight. Between them everything comes together again: one leader, no recovery that nobody needed, the same
// words on all nodes. At the end of each round the primary dies, and exactly one failover is what there was.

import { SeededRandom } from '../sim/random.ts';
import { type Daemon, until } from '../support/daemon.ts';
import { groupScenarios, LONG, type Stage } from './group-scenarios.ts';

const ROUNDS_IN_A_MINUTE = 5;
const ROUNDS = LONG ? Math.ceil(Number(process.env.NEMESIS_MINUTES ?? 1) * ROUNDS_IN_A_MINUTE) : 0;
const SEED = Number(process.env.NEMESIS_SEED ?? 1);
const FAULTS = 4;

interface Fault {
  readonly title: string;
  readonly strike: (stage: Stage, nodes: readonly Daemon[]) => Promise<void>;
}

/** On the first of the nodes, in the order in which chance has put them. */
const KINDS: readonly Fault[] = [
  { title: 'is killed', strike: async (_, [node]) => node!.kill() },
  { title: 'is stopped in order', strike: async (_, [node]) => node!.kill('SIGTERM') },
  { title: 'freezes', strike: async (_, [node]) => node!.freeze() },
  { title: 'is cut off', strike: (stage, [node, ...others]) => stage.part([node!], others) },
  { title: 'hears nobody', strike: (stage, [node, ...others]) => stage.deafen(others, [node!]) },
  { title: 'is heard by nobody', strike: (stage, [node, ...others]) => stage.deafen([node!], others) },
  { title: 'does not reach one other', strike: (stage, [node, other]) => stage.part([node!], [other!]) },
  {
    title: 'does not see the primary',
    strike: async (stage, [node]) => {
      if (stage.network.cutsServers) await stage.blind([node!], stage.scenario.primary);
    },
  },
];

// In both families where everything is asked for; the selection of `npm test` has none of it.
if (ROUNDS > 0)
  groupScenarios('faults in random order', { tree: [undefined, 0, 0], flavour: 'mariadb' }, (stage, test) => {
    const { scenario } = stage;

    async function round(seed: number): Promise<void> {
      const random = new SeededRandom(seed);
      await stage.start();
      await scenario.replicated(2);
      const { daemons } = stage.group;
      for (let count = 1; count <= FAULTS; count += 1) {
        const nodes = random.chance(0.5)
          ? [await stage.group.leader(), ...(await stage.group.others())]
          : random.shuffled(daemons);
        const fault = random.pick(KINDS);
        const last = count === FAULTS;
        console.log(`      ${stage.hostOf(nodes[0]!).name} ${fault.title}${last ? ', and the primary dies' : ''}`);
        await fault.strike(stage, nodes);
        if (last) await scenario.kill(scenario.primary);
        await until('somebody leads', async () => (await stage.group.leaders()).length > 0);
        if (last) {
          scenario.watchedBy(await stage.group.leader());
          await scenario.healed(scenario.replicas, [1, 2]);
        }
        await mend();
        await stage.agree(last ? 1 : 0);
      }
    }

    async function mend(): Promise<void> {
      await stage.network.mend();
      for (const daemon of stage.group.daemons) {
        daemon.thaw();
        if (!daemon.runs) await daemon.launch();
      }
      await stage.group.leader();
    }

    for (let seed = SEED; seed < SEED + ROUNDS; seed += 1) test(`do no harm, with seed ${seed}`, () => round(seed));
  });
