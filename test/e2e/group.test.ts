import assert from 'node:assert/strict';
import { until } from '../support/daemon.ts';
import { DaemonGroup } from '../support/daemon-group.ts';
import { address, scenarios } from '../support/scenario.ts';

scenarios('a group of three daemons', { tree: [undefined, 0, 0], flavours: ['mariadb'] }, (scenario, test) => {
  let group: DaemonGroup;

  const watching = async () => {
    group = await DaemonGroup.start({ seeds: [address(scenario.primary)] });
    for (const daemon of group.daemons)
      await until('every server is discovered', async () => {
        return daemon.rows('SELECT hostname FROM database_instance').length === scenario.servers.length;
      });
    scenario.watchedBy(await group.leader());
  };

  afterEach(() => group?.stop());

  test('fails over once when the primary dies, and all know of it', async () => {
    await watching();
    await scenario.replicated(2);
    await scenario.kill(scenario.primary);
    await scenario.healed(scenario.replicas, [1, 2]);
    const [recovery] = await scenario.failovers();
    assert.ok(recovery);
    await until('all hold the same recovery', async () =>
      group.recoveries().every((uids) => uids.includes(recovery.UID)),
    );
    await group.level();
  });

  test('fails over once when its leader and the primary die', async () => {
    await watching();
    await scenario.replicated(2);
    const leader = await group.leader();
    await leader.kill();
    await scenario.kill(scenario.primary);
    const heir = await until('another one leads', async () => (await group.leaders()).find((one) => one !== leader));
    scenario.watchedBy(heir);
    await scenario.healed(scenario.replicas, [1, 2]);
    await scenario.failovers();
    await leader.launch();
    await until('the one that was away holds the same', async () =>
      group.recoveries().every((uids, _, all) => uids.length > 0 && uids.join() === all[0]?.join()),
    );
    await group.level();
  });

  test('keeps what was said to it when all of it is killed and started again', async () => {
    await watching();
    const key = address(scenario.replicas[0] ?? scenario.primary).replace(':', '/');
    const leader = await group.leader();
    await leader.api(`begin-downtime/${key}/me/testing/1h`);
    await until('all know', async () => group.downtimes().every((hosts) => hosts.length === 1));
    await Promise.all(group.daemons.map((daemon) => daemon.kill()));
    await Promise.all(group.daemons.map((daemon) => daemon.launch()));
    scenario.watchedBy(await group.leader());
    const heir = await group.leader();
    await until('it is in downtime still', async () => (await heir.api<unknown[]>('downtimed')).length === 1);
    assert.deepEqual(
      group.downtimes().map((hosts) => hosts.length),
      [1, 1, 1],
    );
  });
});
