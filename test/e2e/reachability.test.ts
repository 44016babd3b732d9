import assert from 'node:assert/strict';
import { ADMIN_LOGIN, APPLICATION_LOGIN, TOPOLOGY_LOGIN } from '../../scripts/sandbox/sandbox.ts';
import { until } from '../support/daemon.ts';
import { replicaStatus } from '../support/dialect.ts';
import { Relay } from '../support/relay.ts';
import { address, scenarios } from '../support/scenario.ts';

scenarios('a primary behind a broken network', { tree: [undefined, 0, 0] }, (scenario, test) => {
  /** From now on its replicas and the daemon reach the primary through the relay. */
  async function behindRelay(config = {}): Promise<Relay> {
    const { primary, replicas, words } = scenario;
    const relay = await Relay.before(primary.key.port, TOPOLOGY_LOGIN.user);
    scenario.onSettle(() => relay.close());
    for (const replica of replicas) {
      await replica.query(words.stopReplication);
      await replica.follow({ hostname: '127.0.0.1', port: relay.port });
    }
    await scenario.replicated(2);
    await scenario.watching(config, `127.0.0.1:${relay.port}`);
    return relay;
  }

  test('that only the daemon cannot reach goes on leading: its replicas are connected to it', async () => {
    const { primary, replicas } = scenario;
    const relay = await behindRelay({ ReconnectSettleMilliseconds: 5_000 }); // however long connecting takes
    const { daemon } = scenario;
    relay.silence('daemon');
    await scenario.analysed('UnreachableMaster');
    await daemon.logged('asking its replicas to reconnect');
    await until('the replicas are connected again', async () => {
      const states = await Promise.all(replicas.map(replicaStatus));
      return states.every((status) => status?.receiving && status.applying);
    });
    await scenario.replicated(3);
    await until('every replica was read since', async () => (await unreachableFor(relay.port)) > 10);
    await scenario.analysed('UnreachableMaster');
    await scenario.noRecovery();
    assert.deepEqual(await scenario.writable(scenario.servers), [primary]);
  });

  test('that nobody reaches is replaced, and fenced on the first packet that gets through', async () => {
    const { primary, replicas } = scenario;
    const relay = await behindRelay();
    const client = await scenario.session(primary, APPLICATION_LOGIN);
    const ended = new Promise((resolve) => client.on('error', resolve));
    await scenario.session(primary, ADMIN_LOGIN); // whom the daemon may not be allowed to end
    scenario.isolates(primary);
    relay.silence('all');
    await client.query('INSERT INTO app.t VALUES (77)');
    const leader = await scenario.healed(replicas, [1, 2]);
    await client.query('INSERT INTO app.t VALUES (78)');
    scenario.rejoins(primary);
    relay.mend();
    await scenario.fenced(primary);
    await ended;
    const another = await scenario.session(primary, APPLICATION_LOGIN);
    await assert.rejects(another.query('INSERT INTO app.t VALUES (79)'), /read.only/);
    assert.match(await scenario.audited('fence-replaced-primary'), new RegExp(`that ${address(leader)} lacks: \\S+`));
    await scenario.holds(primary, [1, 2, 77, 78]);
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
    await daemon.done('ack-all-recoveries?comment=seen');
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
    await scenario.sees(primary); // from now on no new recovery begins
    const begun = await daemon.api<unknown[]>('audit-recovery');
    if (begun.length > 0) await scenario.recoveries();
    const leader = await until('one server takes writes', async () => {
      const [one, ...more] = await scenario.writable(scenario.servers);
      return more.length === 0 && one;
    });
    await scenario.insert(2, leader);
    for (const replica of scenario.replicas) {
      if (replica === leader) continue;
      await scenario.follows(replica, leader);
      await scenario.holds(replica, [1, 2]);
    }
    assert.equal((await daemon.api<unknown[]>('audit-recovery')).length, leader === primary ? 0 : 1);
  });
});
