import assert from 'node:assert/strict';
import { until } from '../support/daemon.ts';
import { groupScenarios } from './group-scenarios.ts';

groupScenarios('a group whose leader is lost', { tree: [undefined, 0, 0] }, (stage, test) => {
  const { scenario } = stage;

  test('has another one, which fails over once when the primary dies', async () => {
    await stage.start();
    await scenario.replicated(2);
    const leader = await stage.group.leader();
    await leader.kill();
    await stage.heirOf(leader);
    await scenario.kill(scenario.primary);
    await scenario.healed(scenario.replicas, [1, 2]);
    assert.equal((await scenario.recoveries()).length, 1);
    await leader.launch();
    await stage.agree(1);
  });

  test('in the middle of a recovery ends it, with one promotion', async () => {
    await stage.start({ PreFailoverProcesses: ['sleep 3'] });
    await scenario.replicated(2);
    const leader = await stage.group.leader();
    await scenario.kill(scenario.primary);
    await until('the recovery is open', async () => leader.rows('SELECT uid FROM topology_recovery').length > 0);
    await leader.kill();
    await stage.heirOf(leader);
    await scenario.healed(scenario.replicas, [1, 2]);
    assert.equal((await scenario.recoveries('any')).filter(({ IsSuccessful }) => IsSuccessful).length, 1);
    await leader.launch();
    await stage.group.level();
  });
});
