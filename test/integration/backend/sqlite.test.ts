import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Backend } from '../../../internal/backend/backend.ts';
import type { Value } from '../../../internal/backend/database.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { backendConformance } from './conformance.ts';

backendConformance('SQLite', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'backend-'));
  const file = join(directory, 'orchestrator.sqlite3');
  const clock = new ManualClock();
  const node = { hostname: 'here', token: 'token' };
  return {
    clock,
    open: async () => Backend.openSqlite(file, { node, clock, log: silentLog, flushMs: 200 }),
    sql: async (text, ...values) => {
      const db = new Database(file);
      try {
        const statement = db.prepare(text);
        if (statement.reader) return statement.all(...values) as Record<string, Value>[];
        statement.run(...values);
        return [];
      } finally {
        db.close();
      }
    },
    dispose: async () => rmSync(directory, { recursive: true, force: true }),
  };
});
