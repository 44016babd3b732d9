import assert from 'node:assert/strict';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { readBackend } from '../support/backend-fixture.ts';
import { until } from '../support/daemon.ts';
import { scenarios } from '../support/scenario.ts';

scenarios('backend locked', { tree: [undefined, 0, 0] }, (scenario, test) => {
  test('fails over while another program holds the backend, and tells of it there afterwards', async () => {
    const daemon = await scenario.watching();
    const file = join(daemon.directory, 'orchestrator.sqlite3');
    const other = new Database(file, { timeout: 5000 });
    other.exec('BEGIN IMMEDIATE');
    try {
      await scenario.kill(scenario.primary);
      const leader = await scenario.healed(scenario.replicas, [1]);
      const [recovery] = await scenario.recoveries();
      assert.deepEqual([recovery?.IsSuccessful, recovery?.SuccessorKey.Port], [true, leader.key.port]);
      assert.deepEqual(readBackend(file, 'SELECT uid FROM topology_recovery'), [], 'the lock held');
    } finally {
      other.close();
    }
    const stored = await until('the recovery is stored', async () => {
      const rows = readBackend(file, 'SELECT uid, is_successful FROM topology_recovery WHERE end_recovery IS NOT NULL');
      return rows.length === 1 && rows[0];
    });
    assert.equal(stored.is_successful, 1);
    const open = readBackend(file, 'SELECT step FROM recovery_journal WHERE ended_at IS NULL');
    assert.deepEqual(open, [], 'each step has its end behind it');
    assert.equal(readBackend(file, 'SELECT detection_id FROM topology_failure_detection').length, 1);
  });
});
