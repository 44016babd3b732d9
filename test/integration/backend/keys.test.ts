// Keys about the backend as a whole, on a file: those about the server behind it are in mysql-keys.test.ts.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { openBackend } from '../../../internal/app/own-backend.ts';
import type { Config } from '../../../internal/config/keys.ts';
import { defaultConfig } from '../../../internal/config/load.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { readBackend } from '../../support/backend-fixture.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { aWatchedInstance } from './watched-instance.ts';

describe('a backend as the configuration wants it', () => {
  let directory = '';
  let file = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'backend-keys-'));
    file = join(directory, 'orchestrator.sqlite3');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const clock = new ManualClock();
  const open = (more: Partial<Config> = {}) =>
    openBackend(
      { ...defaultConfig(), BackendDB: 'sqlite', SQLite3DataFile: file, ...more },
      { node: { hostname: 'here', token: 't' }, clock, log: silentLog },
    );

  for (const BackendFlushIntervalMilliseconds of [200, 5_000])
    it(`gets what probes found every ${BackendFlushIntervalMilliseconds} ms`, async () => {
      const backend = await open({ BackendFlushIntervalMilliseconds });
      try {
        const stored = () => readBackend(file, 'SELECT read_only FROM database_instance').map((row) => row.read_only);
        backend.instances.seen(aWatchedInstance({ readOnly: false }), 'db:3306', 0);
        await clock.advance(0); // a new one at once
        assert.deepEqual(stored(), [0]);
        backend.instances.seen(aWatchedInstance({ readOnly: true }), 'db:3306', 0);
        await clock.advance(BackendFlushIntervalMilliseconds - 1);
        assert.deepEqual(stored(), [0]);
        await clock.advance(1);
        assert.deepEqual(stored(), [1]);
      } finally {
        await backend.close();
      }
    });

  it('is not set up where SkipOrchestratorDatabaseUpdate is on', async () => {
    await assert.rejects(open({ SkipOrchestratorDatabaseUpdate: true }), { code: 'BACKEND_FAILED' });
    await (await open()).close();
    await (await open({ SkipOrchestratorDatabaseUpdate: true })).close();
  });

  it('of another release is refused where PanicIfDifferentDatabaseDeploy is on', async () => {
    const careful = { PanicIfDifferentDatabaseDeploy: true };
    await (await open()).close();
    await (await open(careful)).close();
    const db = new Database(file);
    db.exec("UPDATE orchestrator_db_deployments SET deployed_version = '3.2.6'");
    db.close();
    await assert.rejects(open(careful), { code: 'BACKEND_FAILED' });
    await (await open()).close();
  });
});
