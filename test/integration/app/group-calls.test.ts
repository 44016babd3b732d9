// Calls under a key in a group whose leader is killed: one effect and one answer, whichever node is asked.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type Daemon, until } from '../../support/daemon.ts';
import { DaemonGroup } from '../../support/daemon-group.ts';

describe('a call under a key, in a group that loses its leader', () => {
  let group: DaemonGroup;
  before(async () => {
    group = await DaemonGroup.start({ seeds: [], config: { MySQLDiscoveryReadTimeoutSeconds: 10 } });
  });
  after(() => group?.stop());

  const ask = async ({ url }: Daemon, path: string, key: string) => {
    const headers = { 'Idempotency-Key': key };
    const answer = await fetch(`${url}/api/${path}`, { headers, signal: AbortSignal.timeout(20_000) });
    const { Message } = (await answer.clone().json()) as { Message: string };
    return { status: answer.status, text: await answer.text(), Message, headers: answer.headers };
  };
  /** As clients do: what was not done is asked for again. */
  const insist = (node: Daemon, path: string, key: string) =>
    until('somebody leads', async () => {
      const answer = await ask(node, path, key);
      return answer.status !== 502 && answer.status !== 503 && answer;
    });
  /** Who leads, and the others. */
  const three = async () => {
    const leader = await group.leader();
    const [one, other] = group.daemons.filter((daemon) => daemon !== leader);
    assert.ok(one !== undefined && other !== undefined);
    return [leader, one, other] as const;
  };

  it('that was answered is answered alike by the next leader, and not made again', async () => {
    const [leader, follower, other] = await three();
    const key = randomUUID();
    const lock = 'begin-maintenance/db1.example/3306/me/why'; // a second one would be refused
    const first = await ask(follower, lock, key);
    assert.equal(first.status, 200, first.text);
    await leader.kill();
    for (const node of [other, follower]) {
      const again = await insist(node, lock, key);
      assert.deepEqual([again.status, again.text], [200, first.text]);
      assert.equal(again.headers.get('idempotent-replayed'), 'true');
    }
    assert.match((await insist(other, lock, randomUUID())).Message, /^Cannot begin maintenance/);
    await leader.launch();
    await group.level();
  });

  it('that was under way has an unknown outcome, and is not made again', async () => {
    const calls: Socket[] = [];
    const silent = createServer((call) => calls.push(call)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    try {
      const [leader, follower, other] = await three();
      const key = randomUUID();
      const discover = `discover/127.0.0.1/${port}`;
      const lost = ask(follower, discover, key);
      await until('the leader is at it', async () => calls.length > 0);
      await leader.kill();
      assert.match((await lost).Message, new RegExp(`^outcome unknown: .* ask again with Idempotency-Key ${key}`));
      const made = calls.length;
      for (const node of [other, follower]) {
        const again = await insist(node, discover, key);
        assert.equal(again.status, 504, again.text);
        assert.match(again.Message, /^outcome unknown: the node that was asked first is gone/);
      }
      assert.equal(calls.length, made);
      await leader.launch();
      assert.match((await insist(leader, discover, key)).Message, /^outcome unknown/);
      await group.level();
    } finally {
      silent.close();
      for (const call of calls) call.destroy();
    }
  });
});
