// Two primaries that replicate from each other, one of which takes writes and is lost.

import assert from 'node:assert/strict';
import { until } from '../support/daemon.ts';
import { CREDENTIALS } from '../support/operating.ts';
import { type Scenario, scenarios } from '../support/scenario.ts';

/** The first replica becomes the other one of the pair; it stays read-only. */
async function paired(scenario: Scenario, config: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await scenario.watching({ ...CREDENTIALS, ...config });
  const { hostname, port } = scenario.server(1).key;
  const answer = await scenario.daemon.api<{ Code: string; Message: string }>(`make-co-master/${hostname}/${port}`);
  assert.equal(answer.Code, 'OK', answer.Message);
  await scenario.follows(scenario.primary, scenario.server(1));
  await scenario.seen(scenario.primary, scenario.server(1));
}

scenarios('a pair of co-primaries with two replicas', { tree: [undefined, 0, 0, 0] }, (scenario, test) => {
  test('goes on with the other one when the first is killed, which follows it afterwards', async () => {
    const [partner, ...rest] = scenario.replicas;
    assert.ok(partner);
    await paired(scenario);
    await scenario.prefer(rest[0] ?? partner); // the other one of the pair leads all the same
    await scenario.kill(scenario.primary);
    assert.equal(await scenario.healed([partner, ...rest], [1]), partner);
    const [recovery] = await scenario.recoveries();
    assert.equal(recovery?.AnalysisEntry.Analysis, 'DeadCoMaster');
    await scenario.revive(scenario.primary);
    await scenario.fenced(scenario.primary);
    await scenario.follows(scenario.primary, partner);
    await scenario.holds(scenario.primary, await scenario.rows(partner));
  });

  if (scenario.flavour === 'mariadb')
    test('goes on when the first one freezes and its replicas still believe in it', async () => {
      const [partner, ...rest] = scenario.replicas;
      assert.ok(partner);
      await paired(scenario);
      await scenario.freeze(scenario.primary);
      assert.equal(await scenario.healed([partner, ...rest], [1]), partner);
      await scenario.thaw(scenario.primary);
      await scenario.fenced(scenario.primary);
    });

  if (scenario.flavour === 'mysql')
    test('goes on with a replica, which takes no writes from the ring, where the other one may not lead', async () => {
      const [partner, second, third] = scenario.replicas;
      assert.ok(partner && second && third);
      await paired(scenario, { CoMasterRecoveryMustPromoteOtherCoMaster: false });
      await scenario.prefer(partner, 'must_not');
      await scenario.kill(scenario.primary);
      const leader = await scenario.healed([partner, second, third], [1]);
      assert.notEqual(leader, partner);
      await until('the ring is broken', async () => {
        const [row] = await leader.query(scenario.flavour === 'mysql' ? 'SHOW REPLICA STATUS' : 'SHOW SLAVE STATUS');
        return row === undefined;
      });
    });
});
