// A daemon as an operator runs it, on a file that fails.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { readBackend } from '../../support/backend-fixture.ts';
import { runCli } from '../../support/cli.ts';
import { Daemon, until } from '../../support/daemon.ts';

/** How long SQLite's driver waits for a lock unless it is told otherwise. */
const BUSY_MS = 5_000;

interface Health {
  readonly Code: string;
  readonly Message: string;
  readonly Details: { readonly Healthy: boolean; readonly IsActiveNode: boolean };
}

async function health(daemon: Daemon): Promise<Health & { readonly status: number }> {
  const response = await fetch(`${daemon.url}/api/health`);
  return { status: response.status, ...((await response.json()) as Health) };
}

describe('a daemon on a backend that fails', () => {
  it('goes on while another program locks the file, and writes everything afterwards', async () => {
    const daemon = await Daemon.start({ seeds: [] });
    const file = join(daemon.directory, 'orchestrator.sqlite3');
    try {
      const other = new Database(file, { timeout: 5000 });
      other.exec('BEGIN IMMEDIATE');
      try {
        const began = performance.now();
        for (const state of ['disable', 'enable', 'disable']) await daemon.api(`${state}-global-recoveries`);
        assert.ok(performance.now() - began < 3 * BUSY_MS, 'each of them has waited for the lock');
        const { Details } = await daemon.api<{ Details: string }>('check-global-recoveries');
        assert.equal(Details, 'disabled');
        await daemon.logged('the backend takes nothing');
        const ill = await health(daemon);
        assert.deepEqual(
          [ill.status, ill.Code, ill.Details.Healthy, ill.Details.IsActiveNode],
          [500, 'ERROR', false, true],
        );
        assert.match(ill.Message, /^Application node is unhealthy: .*(busy|locked)/);
        assert.deepEqual(readBackend(file, 'SELECT * FROM global_recovery_disable'), []);
      } finally {
        other.close();
      }
      await daemon.logged('the backend takes changes again');
      assert.deepEqual([(await health(daemon)).status, (await health(daemon)).Details.Healthy], [200, true]);
      await until('the switch is stored', async () => {
        return readBackend(file, 'SELECT * FROM global_recovery_disable').length === 1;
      });
      assert.equal(daemon.log().split('the backend takes nothing').length, 2, 'told of once');
    } finally {
      await daemon.stop();
    }
  });

  it('does not start on a file that is no database: says which one and what to do, and leaves it alone', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'daemon-'));
    const file = join(directory, 'orchestrator.sqlite3');
    const config = join(directory, 'orchestrator.conf.json');
    try {
      writeFileSync(file, 'not a database, and longer than the header of one'.repeat(100));
      writeFileSync(
        config,
        JSON.stringify({ BackendDB: 'sqlite', SQLite3DataFile: file, ListenAddress: '127.0.0.1:0' }),
      );
      const { status, stderr } = await runCli(['-config', config, 'http']);
      assert.equal(status, 1);
      assert.match(stderr, /FATAL cannot use the SQLite backend .*orchestrator\.sqlite3: .*damaged.*keep it/);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
