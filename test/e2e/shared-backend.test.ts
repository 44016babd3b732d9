// Several daemons on one MySQL backend, without a group of their own: one leads, all answer.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Daemon, until } from '../support/daemon.ts';
import { MysqlBackendServer } from '../support/mysql-backend.ts';
import { address, scenarios } from '../support/scenario.ts';

// one family: what differs between them is in the rows, see the seat of the leader
scenarios('daemons that share a backend', { tree: [undefined, 0, 0], flavours: ['mysql'] }, (scenario, test) => {
  let backend: MysqlBackendServer;
  let daemons: readonly Daemon[] = [];

  before(async () => {
    backend = await MysqlBackendServer.start(scenario.flavour);
  });
  after(() => backend?.stop());
  afterEach(async () => {
    await Promise.all(daemons.map((daemon) => daemon.stop()));
    daemons = [];
    await backend.sql('DROP DATABASE IF EXISTS orchestrator', [], '');
  });

  const leads = async (daemon: Daemon) => {
    const answer = await fetch(`${daemon.url}/api/leader-check`, { signal: AbortSignal.timeout(10_000) }).catch(
      () => undefined,
    );
    return answer?.ok === true;
  };
  const leaders = async (among = daemons) => {
    const answers = await Promise.all(among.map(leads));
    return among.filter((_, at) => answers[at]);
  };
  const servers = async (daemon: Daemon) => (await daemon.api<unknown[]>('all-instances')).length;

  /** They run, one of them leads, and all show every server. */
  async function watching(size: number, own: (port: number) => object = () => ({})): Promise<Daemon> {
    const config = (_: string, port: number) => ({ ...backend.keys(), ...own(port) });
    const started: Daemon[] = [];
    for (let at = 0; at < size; at += 1)
      started.push(await Daemon.start({ seeds: [address(scenario.primary)], config }));
    daemons = started;
    for (const daemon of daemons)
      await until('every server is shown', async () => (await servers(daemon)) === scenario.servers.length);
    const leader = await oneLeads();
    scenario.watchedBy(leader);
    return leader;
  }

  /** Whose backend answers late does not lead for a moment. */
  const oneLeads = () =>
    until('one leads, and no more', async () => {
      const [leader, ...more] = await leaders();
      return more.length === 0 && leader;
    });
  const others = (leader: Daemon) => daemons.filter((daemon) => daemon !== leader);
  const stored = async () => (await backend.sql('SELECT uid FROM topology_recovery')).length;

  async function nextLeader(former: Daemon): Promise<Daemon> {
    const heir = await until('another one leads', async () => (await leaders(others(former)))[0]);
    scenario.watchedBy(heir);
    return heir;
  }

  test('another one leads after a kill, and fails over exactly once', async () => {
    const leader = await watching(3);
    await scenario.replicated(2);
    await leader.kill('SIGKILL');
    await scenario.kill(scenario.primary);
    await nextLeader(leader);
    await scenario.healed(scenario.replicas, [1, 2]);
    assert.equal((await scenario.recoveries())[0]?.IsSuccessful, true);
    await leader.launch();
    for (const daemon of daemons)
      await until('all tell of it', async () => (await daemon.api<unknown[]>('audit-recovery')).length === 1);
    await oneLeads();
    assert.equal(await stored(), 1);
  });

  test('one that was frozen leads no more when it thaws, and does nothing', async () => {
    const leader = await watching(2);
    leader.freeze();
    await scenario.kill(scenario.primary);
    const heir = await nextLeader(leader);
    await scenario.healed(scenario.replicas, [1]);
    await scenario.recoveries();
    leader.thaw();
    await leader.logged('this node leads no more');
    assert.equal(await oneLeads(), heir);
    await until('it knows of the recovery', async () => (await leader.api<unknown[]>('audit-recovery')).length === 1);
    assert.equal(await stored(), 1);
    assert.doesNotMatch(leader.log(), /recovery began|step/);
  });

  test('all answer, and the one that leads does what the others were asked', async () => {
    const leader = await watching(2);
    const [standby] = others(leader);
    assert.ok(standby);
    await until('it tells of both, and that it does not lead', async () => {
      const { Details } = await standby.api<{ Details: { IsActiveNode: boolean; AvailableNodes: unknown[] } }>(
        'health',
      );
      return !Details.IsActiveNode && Details.AvailableNodes.length === 2;
    });
    const key = address(scenario.replicas[0] ?? scenario.primary).replace(':', '/');
    for (const [wish, shown] of [
      [`begin-downtime/${key}/me/testing/1h`, async () => (await leader.api<unknown[]>('downtimed')).length === 1],
      [
        'disable-global-recoveries',
        async () => (await leader.api<{ Details: string }>('check-global-recoveries')).Details === 'disabled',
      ],
      [`begin-maintenance/${key}/me/testing`, async () => (await leader.api<unknown[]>('maintenance')).length === 1],
    ] as const) {
      await standby.done(wish);
      await until(`the leader knows: ${wish}`, shown);
    }
    const locks = await Promise.all(daemons.map((one) => one.api<{ MaintenanceId: number }[]>('maintenance')));
    assert.equal(locks[0]?.[0]?.MaintenanceId, locks[1]?.[0]?.MaintenanceId);
    const refused = await standby.api<{ Code: string; Message: string }>(
      `graceful-master-takeover-auto/${address(scenario.primary)}`,
    );
    assert.deepEqual([refused.Code, /another node leads/.test(refused.Message)], ['ERROR', true]);
    await leader.api('enable-global-recoveries');
    await until('the other one shows it', async () => {
      return (await standby.api<{ Details: string }>('check-global-recoveries')).Details === 'enabled';
    });
  });

  test('what concerns servers is asked of any of them, and done by the one that leads', async () => {
    const leader = await watching(2, (port) => ({ HTTPAdvertise: `http://127.0.0.1:${port}` }));
    const [standby] = others(leader);
    assert.ok(standby);
    const key = randomUUID();
    const ask = async (daemon: Daemon, path: string) => {
      const answer = await fetch(`${daemon.url}/api/${path}`, { headers: { 'Idempotency-Key': key } });
      return { status: answer.status, text: await answer.text(), again: answer.headers.get('idempotent-replayed') };
    };
    const takeover = `graceful-master-takeover-auto/${address(scenario.primary)}`;
    await until(
      'it knows where the leader is',
      async () => !/another node leads/.test((await ask(standby, takeover)).text),
    );
    const answers = [await ask(standby, takeover), await ask(leader, takeover)];
    assert.deepEqual([answers[0]?.status, answers[0]?.text], [200, answers[1]?.text]);
    assert.deepEqual(
      answers.map(({ again }) => again),
      ['true', 'true'],
    );
    await until('it is stored', async () => (await stored()) > 0);
    assert.equal(await stored(), 1);
    await leader.kill('SIGKILL');
    await nextLeader(leader);
    assert.deepEqual(await ask(standby, takeover), answers[0], 'the next one knows it too');
  });

  test('the lead is grabbed, and given up for a new election', async () => {
    const leader = await watching(2);
    const [standby] = others(leader);
    assert.ok(standby);
    await standby.done('grab-election');
    await until('it leads alone', async () => {
      const now = await leaders();
      return now.length === 1 && now[0] === standby;
    });
    await standby.done('reelect');
    await until('the other one leads alone', async () => {
      const now = await leaders();
      return now.length === 1 && now[0] === leader;
    });
    const epochs = await backend.sql('SELECT epoch FROM own_seat');
    assert.deepEqual(epochs, [{ epoch: 3 }]);
  });
});
