import assert from 'node:assert/strict';
import { type Daemon, until } from '../support/daemon.ts';
import { DaemonGroup } from '../support/daemon-group.ts';
import { address, scenarios } from '../support/scenario.ts';

scenarios('a leader that is stalled in the middle of a recovery', { tree: [undefined, 0, 0] }, (scenario, test) => {
  let group: DaemonGroup;
  let stalled: Daemon | undefined;

  afterEach(async () => {
    stalled?.thaw();
    stalled = undefined;
    await group?.stop();
  });

  for (const steps of [1, 4]) {
    test(`at step ${steps} is replaced by one that ends the recovery, and changes nothing when it wakes`, async () => {
      group = await DaemonGroup.start({ seeds: [address(scenario.primary)] });
      for (const daemon of group.daemons)
        await until('every server is discovered', async () => {
          return daemon.rows('SELECT hostname FROM database_instance').length === scenario.servers.length;
        });
      const leader = await group.leader();
      scenario.watchedBy(leader);
      await scenario.replicated(2);
      await scenario.kill(scenario.primary);
      await leader.atStep(steps);
      leader.freeze();
      stalled = leader;
      const others = group.daemons.filter((daemon) => daemon !== leader);
      const heir = await until('another one leads', async () => {
        for (const daemon of others) if (await group.leads(daemon)) return daemon;
        return undefined;
      });
      scenario.watchedBy(heir);
      const successor = await scenario.healed(scenario.replicas, [1, 2]);
      const successes = async () =>
        (await scenario.recoveries('any')).filter(({ IsSuccessful }) => IsSuccessful).map(({ UID }) => UID);
      const [uid, ...more] = await successes();
      assert.deepEqual(more, []);

      leader.thaw();
      await until('it says that it does not lead', async () => !(await group.leads(leader)));
      await group.level();
      for (const replica of scenario.replicas) if (replica !== successor) await scenario.follows(replica, successor);
      assert.deepEqual(await scenario.writable(scenario.replicas), [successor]);
      assert.deepEqual(await successes(), [uid]);
    });
  }
});
