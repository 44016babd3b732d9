import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Daemon, until } from '../support/daemon.ts';
import { groupScenarios, LONG } from './group-scenarios.ts';

if (LONG)
  // more than a minute
  groupScenarios('a group of which nodes come and go', { tree: [undefined, 0, 0], flavour: 'mysql' }, (stage, test) => {
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
        await Promise.all(stage.group.daemons.map((daemon) => daemon.kill()));
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

    test('is restarted node by node, the leader last, without losing a word or acting on a server', async () => {
      await stage.start();
      const leader = await stage.group.leader();
      let count = 0;
      for (const daemon of [...(await stage.group.others()), leader]) {
        await daemon.kill('SIGTERM');
        count += 1;
        await until('it is said without that one', () => say(`word-${count}`));
        await daemon.launch();
        await until('it knows', async () => (await lastWord(daemon)) === `word-${count}`);
      }
      await stage.agree(0);
    });

    test('goes on while the disk of its leader is full, and has that one back when there is room', async () => {
      const { network } = stage;
      if (network.kind !== 'namespaces') {
        console.log('SKIPPED: only a host with mounts of its own can have a small disk');
        return;
      }
      const directory = join(scenario.directory, 'small');
      for (const host of network.hosts)
        await host.runs('sh', ['-c', `mkdir -p ${directory} && mount -t tmpfs -o size=96m tmpfs ${directory}`]);
      await stage.start({ RaftDataDir: directory });
      await until('it is said', () => say('before'));
      const leader = await stage.group.leader();
      const host = stage.hostOf(leader);
      await host.runs('sh', ['-c', `head -c 200m /dev/zero > ${directory}/ballast || true`]);
      for (let count = 1; count <= 3; count += 1) await until('it is said', () => say(`word-${count}`));
      await scenario.kill(scenario.primary);
      await scenario.healed(scenario.replicas, [1]);
      await host.runs('rm', [`${directory}/ballast`]);
      await stage.agree(1);
      assert.ok(leader.runs);
    });
  });
