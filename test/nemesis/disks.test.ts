// Disks of nodes that fill up, or take long to keep anything: whoever leads leaves that to another one, does not end, and is as good as
// any other when the disk is well again.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Daemon, until } from '../support/daemon.ts';
import { SlowDisks } from '../support/preload.ts';
import { longScenarios } from './group-scenarios.ts';

const LIMIT_MS = 180_000;
const MIB = 2 ** 20;
/** Of the small disk. The reserve of a node, 32 MiB, and its log are on it. */
const SIZE_MIB = 160;
/** A quarter of it makes a node leave leading to others, by default 64 MiB. */
const RaftMinFreeBytes = 64 * MIB;
/** A sync longer than half of `RaftElectionTimeoutMilliseconds` is a slow one. */
const SLOW_MS = 700;

longScenarios('a leader whose disk is unwell', { tree: [undefined, 0, 0], limitMs: LIMIT_MS }, (stage, test) => {
  const { scenario } = stage;

  const concerns = async (daemon: Daemon) => (await stage.group.status(daemon)).Concerns;

  /** It gave the lead away for this reason, did not end, and the others fail over without it. */
  async function handsOver(leader: Daemon, reason: string): Promise<void> {
    await until('it says what is wrong', async () => {
      await stage.agrees();
      return (await concerns(leader)).includes(reason);
    });
    await stage.heirOf(leader);
    await stage.agrees();
    await scenario.kill(scenario.primary);
    await scenario.healed(scenario.replicas, [1, 2]);
    assert.ok(leader.runs, 'it did not end');
  }

  /** It is well again, has caught up, and leads when it is asked to. */
  async function resumes(former: Daemon): Promise<void> {
    await until('it has nothing to complain about', async () => (await concerns(former)).length === 0);
    await stage.agree(1);
    const { address } = stage.hostOf(former);
    await until('it leads again', async () => {
      const leader = await stage.group.leader();
      if (leader === former) return true;
      await leader.api(`raft-yield/${address}:10008`);
      return false;
    });
    await stage.agrees([former]);
    await stage.agree(1);
  }

  const fills = [
    { title: 'is nearly full hands over before it is', leave: 12 * MIB },
    { title: 'is full from one moment to the next hands over, and keeps what it has', leave: 0 },
  ];
  for (const { title, leave } of fills)
    test(`that ${title}; it resumes when there is room`, async () => {
      if (stage.network.kind !== 'namespaces') {
        assert.ok(!process.env.CI, 'network namespaces must be there under CI');
        console.log('SKIPPED: only a host with mounts of its own can have a small disk');
        return;
      }
      const directory = join(scenario.directory, 'small');
      const fill = `mkdir -p ${directory} && (mountpoint -q ${directory} || mount -t tmpfs -o size=${SIZE_MIB}m tmpfs ${directory}) && rm -rf ${directory}/*`;
      for (const host of stage.network.hosts) await host.runs('sh', ['-c', fill]);
      await stage.start({ RaftDataDir: directory, RaftMinFreeBytes });
      await scenario.replicated(2);
      const leader = await stage.group.leader();
      const host = stage.hostOf(leader);
      stage.strikesWith(`the disk of ${host.name} has ${leave} bytes left`);
      const free = `$(df --output=avail -B1 ${directory} | tail -1)`;
      const ballast = `head -c $((${free} - ${leave})) /dev/zero > ${directory}/ballast || true`;
      await host.runs('sh', ['-c', ballast]);
      await handsOver(leader, 'space');
      await host.runs('rm', [`${directory}/ballast`]);
      await resumes(leader);
    });

  test('that takes long to keep anything hands over, and resumes when it is quick again', async () => {
    const disks = SlowDisks.open(scenario.directory);
    if (disks === undefined) {
      assert.ok(!process.env.CI, 'a C compiler must be there under CI');
      console.log('SKIPPED: no C compiler to make a slow disk with');
      return;
    }
    await stage.start({}, { place: (place, at) => disks.place(place, `${at}`) });
    await scenario.replicated(2);
    const leader = await stage.group.leader();
    const name = String(stage.group.daemons.indexOf(leader));
    stage.strikesWith(`each sync of ${stage.nameOf(leader)} takes ${SLOW_MS} ms longer`);
    disks.set(name, SLOW_MS);
    await handsOver(leader, 'slow');
    disks.set(name, 0);
    await resumes(leader);
  });
});
