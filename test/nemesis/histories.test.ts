import assert from 'node:assert/strict';
import { SeededRandom } from '../sim/random.ts';
import { until } from '../support/daemon.ts';
import { groupScenarios, LONG } from './group-scenarios.ts';
import { checkHistory, describeVerdict } from './linearizability.ts';
import { RegisterClients } from './registers.ts';

const SEED = Number(process.env.NEMESIS_SEED ?? 1);
const ROUNDS = LONG ? 6 : 2;
const CLIENTS = 5;

groupScenarios('clients of all nodes', { tree: [undefined, 0], flavour: 'mariadb' }, (stage, test) => {
  test(`see one register each, whatever happens to the nodes (seed ${SEED})`, async () => {
    await stage.start();
    const { daemons } = stage.group;
    const random = new SeededRandom(SEED);
    const clients = new RegisterClients(CLIENTS, daemons, stage.scenario.servers, SEED);
    const acknowledged = () =>
      clients.history.filter(({ action, outcome }) => action.kind === 'write' && outcome === 'ok');
    const more = async () => {
      const before = acknowledged().length;
      await until('more is written', async () => acknowledged().length > before + 10);
    };
    for (let round = 1; round <= ROUNDS; round += 1) {
      await more();
      const leader = await stage.group.leader();
      const others = await stage.group.others();
      const fault = random.pick(['killed', 'cut off', 'frozen'] as const);
      if (fault === 'killed') await leader.kill();
      else if (fault === 'frozen') leader.freeze();
      else await stage.part([leader], others);
      await stage.heirOf(leader);
      await more();
      await stage.network.mend();
      leader.thaw();
      if (!leader.runs) await leader.launch();
    }
    await more();
    const history = await clients.stop();
    const seen = history.filter(({ action, outcome }) => action.kind === 'read' && outcome === 'ok').length;
    assert.ok(seen > 50, `only ${seen} reads were answered`);
    assert.equal(describeVerdict(checkHistory(history)), 'linearizable');
  });
});
