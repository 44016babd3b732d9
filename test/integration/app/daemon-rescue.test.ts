// Daemons whose group has lost its majority, or all of it: what they were told is there again.

import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBackend } from '../../support/backend-fixture.ts';
import { runCli } from '../../support/cli.ts';
import { type Daemon, until } from '../../support/daemon.ts';
import { DaemonGroup } from '../../support/daemon-group.ts';
import { oldBackend, TAKEN_AS_THEY_ARE } from '../../support/old-backend.ts';

describe('daemons without a majority', function () {
  this.timeout(90_000);
  let group: DaemonGroup;
  let first: Daemon;
  let second: Daemon;
  let third: Daemon;

  before(async () => {
    group = await DaemonGroup.start({ seeds: [], config: { RaftSnapshotEntries: 16, RaftTrailingEntries: 0 } });
    const [one, two, three] = group.daemons;
    assert.ok(one && two && three);
    [first, second, third] = [one, two, three];
    for (let at = 0; at < 40; at += 1) await say(`host-${at}`);
    await group.level();
  });

  after(() => group?.stop());

  const say = (name: string) =>
    until('it is agreed on', async () => {
      const leader = await group.leader();
      return (await leader.api<{ Code: string }>(`register-candidate/${name}/3306/prefer`)).Code === 'OK';
    });
  const rules = (daemon: Daemon) => daemon.rows('SELECT hostname FROM candidate_database_instance').length;
  const wipe = (daemon: Daemon) => {
    for (const name of ['raft', 'orchestrator.sqlite3', 'orchestrator.sqlite3-wal', 'orchestrator.sqlite3-shm'])
      rmSync(join(daemon.directory, name), { recursive: true, force: true });
  };
  const cli = ({ directory }: Daemon, ...args: readonly string[]) =>
    runCli(['-config', join(directory, 'orchestrator.conf.json'), ...args]);
  const nodeOf = async (daemon: Daemon) =>
    JSON.parse((await cli(daemon, '-dry-run', '-json', '-c', 'raft-recover')).stdout).survivor.node as string;

  it('go on from one that is left, and the others join it', async () => {
    await Promise.all(group.daemons.map((daemon) => daemon.kill()));
    for (const lost of [second, third]) wipe(lost);
    writeFileSync(join(first.directory, 'raft', 'peers.json'), JSON.stringify([await nodeOf(first)]));
    await first.launch();
    assert.equal(await group.leader(), first);
    await Promise.all([second, third].map((daemon) => daemon.launch()));
    await say('after');
    await group.level();
    assert.equal(rules(third), 41);
  });

  it('are a new group from a backup, in which nobody recovers anything by himself', async () => {
    await Promise.all(group.daemons.map((daemon) => daemon.kill()));
    const file = join(third.directory, 'group.backup');
    const kept = await cli(third, '-file', file, '-c', 'raft-backup');
    assert.equal(kept.status, 0, kept.stderr);
    for (const daemon of group.daemons) wipe(daemon);
    const restored = await cli(second, '-file', file, '-c', 'raft-restore');
    assert.equal(restored.status, 0, restored.stderr);
    await Promise.all(group.daemons.map((daemon) => daemon.launch()));
    await group.leader();
    await say('restored');
    await group.level();
    assert.equal(rules(first), 42);
    const { Details } = await first.api<{ Details: unknown }>('check-global-recoveries');
    assert.equal(Details, 'disabled');
  });

  it('are a new group from the backend of a deployment without one, once two imports are not both there', async () => {
    await Promise.all(group.daemons.map((daemon) => daemon.kill()));
    for (const daemon of group.daemons) wipe(daemon);
    const file = join(third.directory, 'old.sqlite3');
    await oldBackend(file, Date.now());
    for (const twice of [first, third]) {
      const imported = await cli(twice, '-from-backend', file, '-c', 'raft-import');
      assert.equal(imported.status, 0, imported.stderr);
    }
    const held = [first, third];
    const answering = held.map((daemon) => daemon.launch().catch(() => undefined)); // held back, they answer nothing
    for (const daemon of held) await daemon.logged('nothing is decided until most of its nodes are in it');
    assert.deepEqual(await group.leaders(), []);
    await third.kill();
    wipe(third);
    await second.launch();
    assert.equal(await group.leader(), first, 'who was imported, whoever votes later');
    await third.launch();
    await Promise.all(answering);
    await group.level();
    for (const daemon of group.daemons)
      for (const table of TAKEN_AS_THEY_ARE) {
        const sql = `SELECT * FROM ${table}`;
        const source = readBackend(file, sql).map(({ site_note: _, ...row }) => row);
        assert.deepEqual(daemon.rows(sql), source, table);
      }
    const [cut] = second.rows("SELECT end_recovery, all_errors FROM topology_recovery WHERE uid = 'cut short'");
    assert.match(String(cut?.all_errors), /the group was imported from a backend/);
    for (const daemon of group.daemons) {
      const servers = daemon.rows('SELECT hostname FROM database_instance ORDER BY hostname');
      assert.deepEqual(servers, [{ hostname: 'db1' }, { hostname: 'db2' }], 'watched, and known after a restart');
    }
  });
});
