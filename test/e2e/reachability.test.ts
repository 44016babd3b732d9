import assert from 'node:assert/strict';
import { TOPOLOGY_LOGIN } from '../../scripts/sandbox/sandbox.ts';
import { until } from '../support/daemon.ts';
import { replicaStatus } from '../support/dialect.ts';
import { Relay } from '../support/relay.ts';
import { address, scenarios } from '../support/scenario.ts';

scenarios('a primary that only the daemon cannot reach', { tree: [undefined, 0, 0] }, (scenario, test) => {
  test('goes on leading: its replicas are connected to it', async () => {
    const { primary, replicas } = scenario;
    const relay = await Relay.before(primary.key.port, TOPOLOGY_LOGIN.user);
    scenario.onSettle(() => relay.close());
    for (const replica of replicas) {
      await replica.query(scenario.words.stopReplication);
      await replica.follow({ hostname: '127.0.0.1', port: relay.port });
    }
    await scenario.replicated(2);
    const daemon = await scenario.watching({}, `127.0.0.1:${relay.port}`);
    relay.silence();
    await scenario.analysed('UnreachableMaster');
    await daemon.logged('asking its replicas to reconnect');
    await until('the replicas are connected again', async () => {
      const states = await Promise.all(replicas.map(replicaStatus));
      return states.every((status) => status?.receiving && status.applying);
    });
    await scenario.replicated(3);
    await until('every replica was read since', async () => (await unreachableFor(relay.port)) > 5);
    await scenario.analysed('UnreachableMaster');
    await scenario.noRecovery();
    assert.deepEqual(await scenario.writable(scenario.servers), [primary]);
  });

  /** Seconds since the daemon last saw the server. */
  async function unreachableFor(port: number): Promise<number> {
    const one = await scenario.daemon.api<{ SecondsSinceLastSeen: { Int64: number } }>(`instance/127.0.0.1/${port}`);
    return one.SecondsSinceLastSeen.Int64;
  }
});

scenarios('a primary that comes and goes', { tree: [undefined, 0, 0, 0] }, (scenario, test) => {
  test('is replaced once; the next one is not, within the block period, and the reason is named', async () => {
    const daemon = await scenario.watching();
    await scenario.kill(scenario.primary);
    const second = await scenario.healed(scenario.replicas, [1]);
    for (let turn = 0; turn < 3; turn += 1) {
      await scenario.revive(scenario.primary);
      await scenario.fenced(scenario.primary);
      await scenario.kill(scenario.primary);
    }
    assert.equal((await scenario.recoveries()).length, 1);
    await scenario.kill(second);
    await until('the gate is named', async () =>
      daemon
        .log()
        .split('\n')
        .some((line) => line.includes(address(second)) && line.includes('"not blocked"')),
    );
    const rest = scenario.replicas.filter((server) => server !== second);
    assert.deepEqual(await scenario.writable(rest), []);
    assert.equal((await scenario.recoveries()).length, 1);
  });

  test('is replaced again once the first recovery was acknowledged', async () => {
    const daemon = await scenario.watching();
    await scenario.kill(scenario.primary);
    const second = await scenario.healed(scenario.replicas, [1]);
    await scenario.recoveries();
    assert.equal((await daemon.api<{ Code: string }>('ack-all-recoveries?comment=seen')).Code, 'OK');
    await scenario.kill(second);
    const rest = scenario.replicas.filter((server) => server !== second);
    await scenario.healed(rest, [1, 1_001]);
    assert.equal((await scenario.recoveries(2)).length, 2);
  });

  test('by freezing for moments ends with one server that takes writes, and at most one recovery', async () => {
    const daemon = await scenario.watching();
    const { primary } = scenario;
    for (let turn = 0; turn < 6; turn += 1) {
      await scenario.freeze(primary);
      await daemon.api('all-instances');
      await scenario.thaw(primary);
      await scenario.rows(primary);
    }
    const all = await daemon.api<unknown[]>('audit-recovery');
    assert.ok(all.length <= 1);
    await until('one server takes writes', async () => (await scenario.writable(scenario.servers)).length === 1);
    const [leader] = await scenario.writable(scenario.servers);
    assert.ok(leader);
    await scenario.insert(2, leader);
    for (const replica of scenario.replicas) {
      if (replica === leader) continue;
      await scenario.follows(replica, leader);
      await scenario.holds(replica, [1, 2]);
    }
  });
});
