import assert from 'node:assert/strict';
import { SeededRandom } from '../sim/random.ts';
import { until } from '../support/daemon.ts';
import { Clients } from './clients.ts';
import { groupScenarios, LONG, longScenarios, SEED } from './group-scenarios.ts';
import { checkHistory, describeOperation, describeVerdict } from './linearizability.ts';
import { maintenanceLock, verifyLocks } from './locks.ts';
import { downtimeRegister, staleRegister } from './registers.ts';

const ROUNDS = LONG ? 6 : 2;
const CLIENTS = 5;
const LIMIT_MS = 300_000;
const ENOUGH_LIMIT_MS = 60_000;

groupScenarios(
  'clients of all nodes',
  { tree: [undefined, 0], flavour: 'mariadb', limitMs: LIMIT_MS },
  (stage, test) => {
    test(`see one register each, and locks that one of them holds, whatever happens to the nodes (seed ${SEED})`, async () => {
      await stage.start();
      const { daemons } = stage.group;
      const random = new SeededRandom(SEED);
      const { servers } = stage.scenario;
      const registers = new Clients(downtimeRegister, CLIENTS, daemons, servers, SEED);
      const locks = new Clients(maintenanceLock, CLIENTS, daemons, servers, SEED + 100);
      stage.papers.set('registers.txt', () => registers.history.map(describeOperation).join('\n'));
      stage.papers.set('locks.txt', () => locks.history.map(describeOperation).join('\n'));
      const more = async () => {
        const before = [registers.acknowledged, locks.acknowledged] as const;
        await until('more is written', async () => {
          return registers.acknowledged > before[0] + 10 && locks.acknowledged > before[1] + 10;
        });
      };
      for (let round = 1; round <= ROUNDS; round += 1) {
        await more();
        const leader = await stage.group.leader();
        const others = await stage.group.others();
        const fault = random.pick(['killed', 'cut off', 'frozen'] as const);
        stage.strikesWith(`${stage.nameOf(leader)}, which leads, is ${fault}`);
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
      for (const clients of [registers, locks]) {
        await until('enough is read', async () => clients.readings > 50, ENOUGH_LIMIT_MS);
        const history = await clients.stop();
        assert.equal(describeVerdict(checkHistory(history)), 'linearizable');
      }
      await stage.group.level();
      verifyLocks(daemons, locks.history);
    });
  },
);

// What finds nothing has to be able to find something: here a node that is cut off answers from memory, and clients believe it.
longScenarios('clients that believe any node', { tree: [undefined, 0], limitMs: LIMIT_MS }, (stage, test) => {
  test('are found out by their history', async () => {
    await stage.start();
    const { daemons } = stage.group;
    const clients = new Clients(staleRegister, CLIENTS, daemons, stage.scenario.servers, SEED);
    const leader = await stage.group.leader();
    const [follower, other] = await stage.group.others();
    await stage.part([follower!], [leader, other!]);
    const before = clients.acknowledged;
    await until('much is written', async () => clients.acknowledged > before + 50);
    const verdict = checkHistory(await clients.stop());
    assert.equal(verdict.kind, 'violation', describeVerdict(verdict));
  });
});
