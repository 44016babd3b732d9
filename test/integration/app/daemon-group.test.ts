// Daemons of a group that watch no server: what becomes of what they were told.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Daemon, until } from '../../support/daemon.ts';
import { DaemonGroup } from '../../support/daemon-group.ts';

describe('what a group of daemons was told', function () {
  this.timeout(90_000);
  let group: DaemonGroup;
  let secrets: string;

  before(async () => {
    // short logs, so that a node which was away is brought level by a snapshot
    secrets = mkdtempSync(join(tmpdir(), 'group-secret-'));
    const file = join(secrets, 'secret');
    writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
    const config = {
      RaftSnapshotEntries: 16,
      RaftTrailingEntries: 0,
      RaftSharedSecretFile: file,
      RaftLeaveOnShutdown: true,
    };
    group = await DaemonGroup.start({ seeds: [], config });
  });

  after(async () => {
    await group?.stop();
    rmSync(secrets, { recursive: true, force: true });
  });

  /** Rules for `count` servers, each said to whoever leads then. */
  const say = async (name: string, count: number) => {
    for (let at = 0; at < count; at += 1) {
      await until('it is agreed on', async () => {
        const leader = await group.leader();
        const { Code } = await leader.api<{ Code: string }>(`register-candidate/${name}-${at}/3306/prefer`);
        return Code === 'OK';
      });
    }
  };
  const rules = (daemon: Daemon) => daemon.rows('SELECT hostname FROM candidate_database_instance').length;
  const lose = (daemon: Daemon, what: readonly string[]) => {
    for (const name of what) rmSync(join(daemon.directory, name), { recursive: true, force: true });
  };
  const FILES = ['orchestrator.sqlite3', 'orchestrator.sqlite3-wal', 'orchestrator.sqlite3-shm'];

  for (const [title, lost] of [
    ['has reached a node that was away, by a snapshot', []],
    ['comes back to a node that lost its backend', FILES],
    ['comes back to a node that lost its log', ['raft']],
    ['comes back to a node that lost everything', [...FILES, 'raft']],
  ] as const) {
    it(title, async () => {
      const [away] = await group.others();
      assert.ok(away);
      await away.kill();
      lose(away, lost);
      await say(`h${lost.length}`, 40);
      await away.launch();
      await group.level();
      const known = rules(away);
      await say(`again${lost.length}`, 1);
      await until('it goes on', async () => rules(away) === known + 1);
    });
  }

  it('comes back to a node that has left the group, and joins it anew', async () => {
    const [away] = await group.others();
    assert.ok(away);
    await until('it is let go', async () => {
      await away.kill('SIGTERM');
      if (/this node has left the group/.test(away.log())) return true;
      await away.launch(); // not within five election time-outs: it is a member still
      return false;
    });
    await say('without', 1);
    await away.launch();
    assert.match(away.log(), /this node had left its group: it joins anew/);
    await group.level();
    const known = rules(away);
    await say('with', 1);
    await until('it goes on', async () => rules(away) === known + 1);
  });
});
