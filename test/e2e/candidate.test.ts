import assert from 'node:assert/strict';
import type { SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { until } from '../support/daemon.ts';
import { inSession, replicaStatus } from '../support/dialect.ts';
import { type Scenario, scenarios } from '../support/scenario.ts';

/** A write that did not come from the primary. */
async function writeLocally({ flavour }: Scenario, server: SandboxServer, id: number): Promise<void> {
  const insert = `INSERT INTO app.t VALUES (${id})`;
  if (flavour === 'mysql')
    await inSession(server, ['SET GLOBAL super_read_only = 0', insert, 'SET GLOBAL super_read_only = 1']);
  else await inSession(server, ['SET gtid_domain_id = 55', insert]);
}

scenarios('the successor', { tree: [undefined, 0, 0, 0] }, (scenario, test) => {
  test('is the preferred one, and not the one that must not lead', async () => {
    await scenario.watching();
    await scenario.prefer(scenario.server(1), 'must_not');
    await scenario.prefer(scenario.server(3));
    await scenario.kill(scenario.primary);
    assert.equal(await scenario.healed(scenario.replicas, [1]), scenario.server(3));
  });

  test('is the preferred one though it lags behind: it is fed first', async () => {
    const preferred = scenario.server(3);
    await scenario.watching();
    await scenario.prefer(preferred);
    await preferred.query(scenario.words.stopReceiver);
    await scenario.replicated(7, scenario.primary, [scenario.server(1), scenario.server(2)]);
    await scenario.kill(scenario.primary);
    assert.equal(await scenario.healed(scenario.replicas, [1, 7]), preferred);
    const [recovery] = await scenario.recoveries();
    assert.deepEqual(recovery?.LostReplicas, []);
  });

  test('holds what the only server that must not lead had received', async () => {
    const ahead = scenario.server(1);
    await scenario.watching();
    await scenario.prefer(ahead, 'must_not');
    for (const other of [scenario.server(2), scenario.server(3)]) await other.query(scenario.words.stopReceiver);
    await scenario.replicated(7, scenario.primary, [ahead]);
    await scenario.kill(scenario.primary);
    assert.notEqual(await scenario.healed(scenario.replicas, [1, 7]), ahead);
  });

  test('is one of two that each hold what the other lacks: the other one is kept aside and reported', async () => {
    const { primary, words } = scenario;
    const [mainline, follower, rogue] = [scenario.server(1), scenario.server(2), scenario.server(3)];
    const daemon = await scenario.watching();
    await daemon.api('disable-global-recoveries');
    for (const replica of [follower, rogue]) await replica.query(words.stopReplication);
    await scenario.replicated(7, primary, [mainline]);
    await writeLocally(scenario, rogue, 100);
    await follower.follow(rogue.key);
    await scenario.holds(follower, [1, 100]);
    await follower.query(words.stopReplication);
    await scenario.kill(primary);
    await follower.follow(primary.key);
    await rogue.query(words.startReplication);
    await scenario.seen(follower, primary);
    await daemon.api('enable-global-recoveries');
    const leader = await until('one leads', async () => (await scenario.writable(scenario.replicas))[0]);
    const [recovery] = await scenario.recoveries();
    const aside = leader === mainline ? [follower, rogue] : [mainline];
    await scenario.holds(leader, leader === mainline ? [1, 7] : [1, 100]);
    assert.deepEqual(recovery?.LostReplicas.map(({ Port }) => Port).sort(), aside.map(({ key }) => key.port).sort());
    for (const server of aside) {
      await scenario.holds(server, server === mainline ? [1, 7] : [1, 100]);
      assert.ok(!(await replicaStatus(server))?.receiving, 'it follows nobody');
      assert.ok(await scenario.isReadOnly(server));
    }
    for (const server of scenario.replicas)
      if (server !== leader && !aside.includes(server)) await scenario.follows(server, leader);
  });

  test('is not a replica with a write of its own, which stays attached', async () => {
    const errant = scenario.server(1);
    await writeLocally(scenario, errant, 100);
    await scenario.watching();
    await scenario.prefer(errant);
    await until('its own write is noticed', async () => (await errantGtid(errant)) !== '');
    await scenario.kill(scenario.primary);
    const leader = await scenario.healed([scenario.server(2), scenario.server(3)], [1]);
    assert.notEqual(leader, errant);
    await scenario.follows(errant, leader);
    await scenario.holds(errant, [1, 100, 1_001]);
    assert.notEqual(await errantGtid(errant), '');
  });

  async function errantGtid({ key: { hostname, port } }: SandboxServer): Promise<string> {
    return (await scenario.daemon.api<{ GtidErrant: string }>(`instance/${hostname}/${port}`)).GtidErrant;
  }

  test('is not the delayed replica, which keeps its delay below the new primary', async () => {
    const delayed = scenario.server(1);
    await delayed.query(scenario.words.stopReplication);
    await delayed.query(
      scenario.flavour === 'mysql'
        ? 'CHANGE REPLICATION SOURCE TO SOURCE_DELAY = 3600'
        : 'CHANGE MASTER TO MASTER_DELAY = 3600',
    );
    await delayed.query(scenario.words.startReplication);
    await scenario.watching();
    await scenario.replicated(7, scenario.primary, [scenario.server(2), scenario.server(3)]);
    await scenario.received();
    await scenario.kill(scenario.primary);
    const leader = await scenario.healed([scenario.server(2), scenario.server(3)], [1, 7]);
    await scenario.follows(delayed, leader);
    assert.equal((await replicaStatus(delayed))?.delaySeconds, 3600);
    await scenario.holds(delayed, [1]);
  });

  test('is not the one that lags behind in applying, which catches up below it', async () => {
    const [lagging, ...others] = scenario.replicas;
    assert.ok(lagging);
    await scenario.watching();
    const release = await scenario.holdAppliers([lagging]);
    await scenario.replicated(7, scenario.primary, others);
    await scenario.received();
    await scenario.kill(scenario.primary);
    const leader = await scenario.healed(others, [1, 7]); // before the other one has applied anything
    await scenario.holds(lagging, [1]);
    release();
    await scenario.follows(lagging, leader);
    await scenario.holds(lagging, [1, 7, 1_007]);
    assert.deepEqual((await scenario.recoveries())[0]?.LostReplicas, []);
  });

  test('applies what it received before it is written to, however long that takes', async () => {
    const { replicas } = scenario;
    await scenario.watching();
    const release = await scenario.holdAppliers(replicas);
    await scenario.insert(7);
    await scenario.received();
    await scenario.kill(scenario.primary);
    await scenario.begun('drain ');
    assert.deepEqual(await scenario.writable(replicas), []);
    release();
    await scenario.healed(replicas, [1, 7]);
  });

  test('is nobody when it cannot apply what it received in time: replicas wait as before', async () => {
    const { primary, replicas } = scenario;
    const daemon = await scenario.watching({
      PromotionDrainTimeoutMilliseconds: 500,
      FailedRecoveryRetryMilliseconds: 500,
    });
    const release = await scenario.holdAppliers(replicas);
    await scenario.insert(7);
    await scenario.received();
    await scenario.kill(primary);
    await daemon.logged('recovery ends');
    assert.deepEqual(await scenario.writable(replicas), []);
    release();
    await scenario.healed(replicas, [1, 7]);
  });
});

const withoutLog = { mysql: '--skip-log-replica-updates', mariadb: '--skip-log-slave-updates' } as const;

scenarios(
  'replicas that do not log what they replicate',
  { tree: [undefined, 0, 0], extraArguments: (flavour) => [[], [withoutLog[flavour]], []] },
  (scenario, test) => {
    test('do not lead, also where they received more', async () => {
      const [silent, other] = [scenario.server(1), scenario.server(2)];
      await scenario.watching();
      await scenario.prefer(silent);
      await scenario.kill(scenario.primary);
      assert.equal(await scenario.healed([silent, other], [1]), other);
    });
  },
);

scenarios(
  'replicas none of which logs what it replicates',
  { tree: [undefined, 0, 0], extraArguments: (flavour) => [[], [withoutLog[flavour]], [withoutLog[flavour]]] },
  (scenario, test) => {
    test('are left as they are, with the reason', async () => {
      const daemon = await scenario.watching();
      await scenario.kill(scenario.primary);
      await daemon.logged('does not log what it replicates');
      assert.deepEqual(await scenario.writable(scenario.replicas), []);
      await scenario.revive(scenario.primary);
      for (const replica of scenario.replicas) await scenario.follows(replica, scenario.primary);
    });
  },
);
