import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { type Daemon, until } from '../support/daemon.ts';
import { DaemonGroup } from '../support/daemon-group.ts';

/** Time that a node goes on answering once another leads, s. */
const DRAIN_SECONDS = 2;
/** A load balancer that asks every second and needs one answer does not notice less (C-102). */
const UNNOTICED_MS = 500;
/** Who may lead or not: this machine was too busy to hear it. */
const SILENT = -1;

describe('a member of a group that is told to stop', () => {
  let group: DaemonGroup;
  before(async () => {
    group = await DaemonGroup.start({
      seeds: [],
      config: { ShutdownDrainSeconds: DRAIN_SECONDS },
    });
  });
  after(() => group?.stop());

  const code = async (daemon: Daemon, path: string) => {
    try {
      return (await fetch(`${daemon.url}${path}`, { signal: AbortSignal.timeout(2_000) })).status;
    } catch (err) {
      return (err as Error).name === 'TimeoutError' ? SILENT : 0;
    }
  };
  const well = () =>
    until('all are ready', async () =>
      (await Promise.all(group.daemons.map((one) => code(one, '/readyz')))).every((status) => status === 200),
    );

  it('leads until another does, is not ready at once, and answers all the while', async () => {
    await well();
    const leader = await group.leader();
    const startMs = Date.now();
    let stopped = false;
    const stop = leader.kill('SIGTERM').then(() => {
      stopped = true;
    });
    let sinceMs: number | undefined; // nobody has said that it leads since then
    let gapMs = 0;
    const changes: number[] = [];
    const watch = async () => {
      while (!stopped) {
        const askedMs = Date.now();
        const answers = await Promise.all(group.daemons.map((daemon) => code(daemon, '/api/leader-check')));
        if (answers.some((status) => status === 200 || status === SILENT)) sinceMs = undefined;
        else sinceMs ??= askedMs;
        gapMs = Math.max(gapMs, askedMs - (sinceMs ?? askedMs));
        await delay(5);
      }
    };
    const answersMs = startMs + DRAIN_SECONDS * 1000; // from then on its door may be closed
    const change = async (daemon: Daemon) => {
      while (!stopped) {
        const status = await code(daemon, '/api/enable-global-recoveries');
        if (Date.now() < answersMs || daemon !== leader) changes.push(status);
        await delay(5);
      }
    };
    const notReady = until('it is not ready', async () => (await code(leader, '/readyz')) === 503);
    const [follower] = group.daemons.filter((one) => one !== leader);
    await Promise.all([stop, watch(), change(leader), change(follower!), notReady]);
    assert.ok(Date.now() - startMs >= DRAIN_SECONDS * 1000);
    assert.ok(gapMs <= UNNOTICED_MS, `for ${gapMs} ms nobody said that it leads`);
    assert.deepEqual(
      changes.filter((status) => ![200, 503, 508, SILENT].includes(status)),
      [],
    );
    assert.ok(changes.filter((status) => status !== 200).length < changes.length / 2, String(changes));
    await leader.launch();
    await well();
  });

  it('is drained without being stopped, and taken back', async () => {
    await well();
    const leader = await group.leader();
    assert.equal(await leader.api('raft-drain'), 'drained');
    assert.deepEqual([await code(leader, '/readyz'), await code(leader, '/api/leader-check')], [503, 404]);
    assert.equal(await leader.api('raft-drain?undo=true'), 'in service');
    await well();
  });

  it('does not wait any longer when told so twice', async () => {
    await well();
    const [follower] = await group.others();
    follower!.reconfigure({ ShutdownDrainSeconds: 50 });
    await follower!.logged('configuration reloaded');
    const startMs = Date.now();
    const stopped = follower!.kill('SIGTERM');
    await until('it is not ready', async () => (await code(follower!, '/readyz')) === 503);
    const heardMs = Date.now(); // by now it has had the first one
    await until('another signal is another wish', async () => Date.now() - heardMs > 1_100);
    await follower!.kill('SIGTERM');
    await stopped;
    assert.ok(Date.now() - startMs < 20_000);
  });
});
