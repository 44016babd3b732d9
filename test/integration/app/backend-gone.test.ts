import assert from 'node:assert/strict';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type Daemon, until } from '../../support/daemon.ts';
import { DaemonGroup } from '../../support/daemon-group.ts';

describe('a node of a group whose backend takes nothing any more', () => {
  let group: DaemonGroup;
  let daemon: Daemon;
  before(async () => {
    group = await DaemonGroup.start({ size: 1, seeds: [], config: { RaftExitOnBackendFailureSeconds: 2 } });
    daemon = await group.leader();
  });
  after(() => group?.stop());

  it('ends after RaftExitOnBackendFailureSeconds', async () => {
    const other = new Database(join(daemon.directory, 'orchestrator.sqlite3'), { timeout: 5_000 });
    other.exec('BEGIN IMMEDIATE');
    try {
      void daemon.api('disable-global-recoveries').catch(() => undefined); // it has something to write
      await until('it ended', async () => !daemon.runs);
    } finally {
      other.close();
    }
    const [, silentMs] = /FATAL the backend takes nothing since (\d+) ms: .*locked by another/.exec(daemon.log()) ?? [];
    assert.ok(Number(silentMs) >= 2_000, daemon.log().slice(-300));
  });
});
