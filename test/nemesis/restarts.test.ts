import assert from 'node:assert/strict';
import { type Daemon, until } from '../support/daemon.ts';
import { longScenarios } from './group-scenarios.ts';
import { RetryingClient } from './retrying-client.ts';

const LIMIT_MS = 240_000;

longScenarios('a group of which nodes come and go', { tree: [undefined, 0, 0], limitMs: LIMIT_MS }, (stage, test) => {
  const { scenario } = stage;

  /** One word of its own about the first replica, agreed on; true when it was acknowledged. */
  async function say(word: string): Promise<boolean> {
    const { hostname, port } = scenario.replicas[0]!.key;
    try {
      const leader = await stage.group.leader();
      return (await leader.api<{ Code: string }>(`begin-downtime/${hostname}/${port}/test/${word}/1h`)).Code === 'OK';
    } catch {
      return false; // it ended meanwhile
    }
  }

  async function lastWord(daemon: Daemon): Promise<unknown> {
    return daemon.rows('SELECT reason FROM database_instance_downtime')[0]?.reason;
  }

  test('keeps every acknowledged word while all are killed at once, again and again, and fails over after it', async () => {
    await stage.start();
    await scenario.replicated(2);
    let acknowledged = '';
    for (let round = 1; round <= 5; round += 1) {
      const end = `round-${round}`;
      await until('it is said', () => say(end));
      acknowledged = end;
      await Promise.all(stage.group.daemons.map((daemon) => stage.kills(daemon)));
      await Promise.all(stage.group.daemons.map((daemon) => daemon.launch()));
      await stage.group.leader();
      for (const daemon of stage.group.daemons)
        await until('it knows', async () => (await lastWord(daemon)) === acknowledged);
    }
    scenario.watchedBy(await stage.group.leader());
    await scenario.kill(scenario.primary);
    await scenario.healed(scenario.replicas, [1, 2]);
    await stage.agree(1);
  });

  test('is restarted node by node, twice over, and a client that asks once more has every word of its acknowledged', async () => {
    await stage.start();
    const client = new RetryingClient(stage.group.daemons, scenario.replicas[0]!);
    for (let round = 1; round <= 2; round += 1)
      for (const daemon of stage.group.daemons) {
        await stage.kills(daemon, 'SIGTERM');
        const before = client.acknowledged.length;
        await until('words are said without that one', async () => client.acknowledged.length > before + 10);
        await daemon.launch();
        await until('it is ready', async () => (await fetch(`${daemon.url}/readyz`)).ok);
      }
    const last = await client.stop();
    assert.deepEqual(client.failed, []);
    assert.ok(client.acknowledged.length > 100, `only ${client.acknowledged.length} words`);
    for (const daemon of stage.group.daemons) await until('it knows', async () => (await lastWord(daemon)) === last);
    await stage.agree(0);
  });
});
