import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { runCli } from '../support/cli.ts';
import { type Daemon, until } from '../support/daemon.ts';
import { DaemonGroup } from '../support/daemon-group.ts';
import { EventListener } from '../support/sse.ts';
import { V2Client } from '../support/v2.ts';

const LIMIT_MS = 60_000;

interface RaftStatus {
  readonly State: string;
  readonly Leader: string;
  readonly LeaderURI: string;
  readonly RaftAdvertise: string;
  readonly Tolerates: number;
  readonly Healthy: boolean;
  readonly Life: { readonly State: string; readonly Milliseconds: number };
  readonly Peers: readonly string[];
}

describe('the API of a group of three daemons', function () {
  this.timeout(LIMIT_MS);
  let group: DaemonGroup;
  before(async () => {
    group = await DaemonGroup.start({ seeds: [] });
  });
  after(() => group?.stop());

  const ask = (daemon: Daemon, path: string) => fetch(`${daemon.url}${path}`, { signal: AbortSignal.timeout(10_000) });
  const status = (daemon: Daemon) => daemon.api<RaftStatus>('raft-status');
  const pair = async () => {
    const leader = await group.leader();
    const [follower] = await group.others();
    assert.ok(follower);
    await until(
      'the follower knows where the API of the leader is',
      async () => (await status(follower)).LeaderURI === leader.url,
    );
    return { leader, follower };
  };
  const whole = () =>
    until('all are well, and know it', async () => {
      const all = await Promise.all(group.daemons.map(status));
      return all.every(({ Healthy, Tolerates, LeaderURI }) => Healthy && Tolerates === 1 && LeaderURI !== '');
    });

  it('every member names the same leader and its API, and what may be lost', async () => {
    await whole();
    const leader = await group.leader();
    const all = await Promise.all(group.daemons.map(status));
    const own = await status(leader);
    for (const one of all) {
      assert.deepEqual([one.Leader, one.LeaderURI, one.Peers.length], [own.RaftAdvertise, leader.url, 3]);
      assert.equal(one.Life.State, 'voter');
      assert.equal(one.State, one.RaftAdvertise === own.RaftAdvertise ? 'Leader' : 'Follower');
    }
    const { Details } = await leader.api<{ Details: { RaftHealthyMembers: string[] } }>('health');
    assert.equal(Details.RaftHealthyMembers.length, 3);
  });

  it('answers through any member, each class of routes where it belongs', async () => {
    const { leader, follower } = await pair();
    const checks = ['leader-check', 'leader-check/503', 'routed-leader-check', 'raft-health', 'lb-check'];
    const codes = (daemon: Daemon) =>
      Promise.all(checks.map(async (path) => (await ask(daemon, `/api/${path}`)).status));
    await until('each answers as it should', async () => {
      assert.deepEqual(await codes(leader), [200, 200, 200, 200, 200]);
      assert.deepEqual(await codes(follower), [404, 503, 200, 200, 200]);
      return true;
    });
    assert.equal((await ask(follower, '/api/clusters')).status, 200);
    const changed = await follower.api<{ Code: string }>('begin-downtime/db1.example/3306/me/why/1h');
    assert.equal(changed.Code, 'OK', JSON.stringify(changed));
    await until('all backends have it', async () => group.downtimes().every((hosts) => hosts.length === 1));
    const pooled = await follower.api<{ Details: string }>(
      'submit-pool-instances/readers?instances=db1.example,db2.example:3307',
    );
    assert.equal(pooled.Details, 'readers', JSON.stringify(pooled));
    const rows = 'SELECT hostname, port, pool, registered_at FROM database_instance_pool ORDER BY hostname';
    await until('all backends have the pool', async () =>
      group.daemons.every((daemon) => daemon.rows(rows).length === 2),
    );
    for (const daemon of group.daemons) assert.deepEqual(daemon.rows(rows), leader.rows(rows));
    assert.equal(await follower.api('raft-snapshot'), 'snapshot created');
    assert.equal((await follower.api<{ Message: string }>('reload-configuration')).Message, 'Unauthorized');
    for (const probe of ['/livez', '/startupz', '/readyz', '/readyz?sync=true'])
      await until(`${probe} is well`, async () => (await ask(follower, probe)).ok);
    assert.match(await (await ask(follower, '/metrics')).text(), /^orchestrator_raft_role\{role="follower"\} 1$/m);
  });

  it('a command of the command line goes through the API of its node, and is made by the leader', async () => {
    const { follower } = await pair();
    const config = `${follower.directory}/orchestrator.conf.json`;
    const run = (...words: readonly string[]) => runCli(['-config', config, ...words]);
    const { status: ended, stderr } = await run('-c', 'begin-downtime', '-i', 'db2.example:3306', '-reason', 'cli');
    assert.equal(ended, 0, stderr);
    await until('all backends have it', async () => group.downtimes().every((hosts) => hosts.length === 2));
    assert.equal((await run('-c', 'clusters')).status, 0);
  });

  it('is asked by real verbs through any member, once under one key, and each member tells what happens', async () => {
    const { leader, follower } = await pair();
    await whole();
    const listeners = await Promise.all(group.daemons.map(({ url }) => EventListener.open(`${url}/api/v2/events`)));
    try {
      for (const one of listeners) await one.hears('the beginning', ({ event }) => event === 'open');
      const body = { server: 'db9.example:3306', reason: 'v2' };
      const wanted = { method: 'POST', body, headers: { 'Idempotency-Key': 'downtime-of-db9' } };
      const first = await (await V2Client.at(follower.url)).ask('/downtimes', wanted);
      assert.equal(first.status, 201, first.text);
      const again = await (await V2Client.at(leader.url)).ask('/downtimes', wanted);
      assert.deepEqual([again.status, again.text], [201, first.text]);
      assert.equal(again.headers['idempotent-replayed'], 'true');
      for (const one of listeners)
        await one.hears('the downtime', ({ data }) => data.type === 'downtime' && data.server === body.server);
      const { RaftAdvertise } = await status(leader);
      const client = await V2Client.at(follower.url);
      await until('leadership is handed over', () =>
        client.done('/leadership-transfers', { method: 'POST', body: { wait: true } }),
      );
      for (const one of listeners)
        await one.hears(
          'who leads now',
          ({ data }) => data.type === 'group' && data.leader !== null && data.leader !== RaftAdvertise,
        );
      assert.ok(listeners.every(({ ended }) => !ended));
    } finally {
      for (const one of listeners) one.close();
    }
  });

  it('leadership goes where it is wanted, asked for through a follower', async () => {
    const { leader, follower } = await pair();
    await whole();
    const { RaftAdvertise } = await status(follower);
    const yielded = await until('leadership is handed over', async () => {
      const answer = await follower.api<{ Code: string; Message: string }>(`raft-yield/${RaftAdvertise}?wait=true`);
      if (answer.Code !== 'OK') throw new Error(answer.Message); // an order lapses after a second
      return answer;
    });
    assert.equal(yielded.Message, 'Asynchronously yielded');
    await until('the one that was named leads', async () => group.leads(follower));
    assert.equal(await group.leads(leader), false);
    const refused = await leader.api<{ Code: string; Message: string }>('raft-yield-hint/nowhere');
    assert.deepEqual([refused.Code, refused.Message], ['ERROR', 'no voter of the group matches nowhere']);
  });

  it('changes meet a leader again after it was killed, and are refused with a reason in between', async () => {
    const { leader, follower } = await pair();
    await whole();
    await leader.kill();
    const seen = new Set<number>();
    await until('a change is made again', async () => {
      const answer = await ask(follower, '/api/disable-global-recoveries');
      seen.add(answer.status);
      if (answer.status !== 200) assert.equal(((await answer.json()) as { Code: string }).Code, 'ERROR');
      return answer.ok;
    });
    assert.deepEqual(
      [...seen].filter((code) => ![200, 502, 503, 504, 508].includes(code)),
      [],
    );
    assert.equal((await ask(follower, '/api/clusters')).status, 200);
    await leader.launch();
    await whole();
  });

  it('a member is removed and added again through any other', async () => {
    const { leader, follower } = await pair();
    await whole();
    const third = group.daemons.find((daemon) => daemon !== leader && daemon !== follower)!;
    const { RaftAdvertise: address } = await status(third);
    assert.equal(await follower.api(`raft-remove-peer/${address}`), address);
    await until('it is none', async () => (await status(leader)).Peers.length === 2);
    await third.kill();
    rmSync(`${third.directory}/raft`, { recursive: true });
    rmSync(`${third.directory}/orchestrator.sqlite3`);
    await third.launch();
    assert.equal(await follower.api(`raft-add-peer/${address}`), address);
    await until('it is one again, and hears the leader', async () => {
      const { Peers, Healthy, LeaderURI } = await status(third);
      return Peers.length === 3 && Healthy && LeaderURI === (await group.leader()).url;
    });
  });
});
