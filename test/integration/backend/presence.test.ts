// Who leads on a backend, as several programs see it: processes of ours, and the established product on the same file.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { takeLead } from '../../../internal/app/presence.ts';
import { Backend } from '../../../internal/backend/backend.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { backendTime, readBackend } from '../../support/backend-fixture.ts';
import { Daemon, until } from '../../support/daemon.ts';
import { ManualClock } from '../../support/manual-clock.ts';

describe('a daemon among others on its backend', () => {
  let daemon: Daemon;
  let file: string;

  beforeEach(async () => {
    daemon = await Daemon.start({ seeds: [] });
    file = join(daemon.directory, 'orchestrator.sqlite3');
  });
  afterEach(() => daemon.stop());

  const leader = () => readBackend(file, 'SELECT hostname, token, last_seen_active FROM active_node')[0];

  /** Another program says that it leads, once. */
  function beat(token: string): void {
    const database = new Database(file, { timeout: 5_000 });
    database
      .prepare('REPLACE INTO active_node (anchor, hostname, token, last_seen_active) VALUES (1, ?, ?, ?)')
      .run('elsewhere', token, backendTime(Date.now()));
    database.close();
  }

  it('beats as its leader and as a node, and leaves no trace when it stops', async () => {
    const before = leader();
    const { token } = readBackend(file, 'SELECT token FROM own_lead')[0] as { token: string };
    assert.equal(before?.token, token);
    await until('it beats', async () => leader()?.last_seen_active !== before?.last_seen_active);
    assert.deepEqual(readBackend(file, 'SELECT token, extra_info FROM node_health'), [
      { token, extra_info: 'HttpMode' },
    ]);
    await daemon.kill('SIGTERM');
    assert.equal(leader(), undefined);
    assert.deepEqual(readBackend(file, 'SELECT token FROM node_health'), []);
  });

  it('does not wait for the beats of its killed predecessor to run out', async () => {
    const first = leader();
    await daemon.kill('SIGKILL');
    assert.equal(leader()?.token, first?.token, 'they are there');
    const sleepless = new ManualClock(Date.now());
    const node = { hostname: 'here', token: 'successor' };
    const backend = Backend.openSqlite(file, { node, clock: sleepless, log: silentLog, flushMs: 50 });
    await takeLead(backend.nodes, sleepless, false);
    await backend.close();
    assert.equal(leader()?.token, 'successor');
  });

  it('refuses to lead beside a living one of another make', async () => {
    await daemon.kill('SIGTERM');
    beat('another');
    const beating = setInterval(() => beat('another'), 500);
    try {
      await assert.rejects(daemon.launch(), /another orchestrator, on elsewhere, leads on this backend: stop it/);
    } finally {
      clearInterval(beating);
    }
    assert.equal(leader()?.token, 'another');
  });

  it('takes the place of one that only seems to live', async () => {
    await daemon.kill('SIGTERM');
    beat('killed a moment ago');
    await daemon.launch();
    assert.notEqual(leader()?.token, 'killed a moment ago');
  });
});
