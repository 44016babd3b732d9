// What a group agreed on, on every kind of database: the same rows come of the same entries, whatever the database went through.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Agreed } from '../../../internal/backend/agreed.ts';
import { Backend } from '../../../internal/backend/backend.ts';
import type { RecoveryRecord } from '../../../internal/recovery/book.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { until } from '../../support/daemon.ts';
import { backendFlavours, MysqlBackendServer } from '../../support/mysql-backend.ts';

const FLAVOURS = await backendFlavours();
const A = { hostname: 'db-a', port: 3306 };
const B = { hostname: 'db-b', port: 3307 };
const STAMP_MS = Date.UTC(2026, 0, 31, 10);
const OPTIONS = { node: { hostname: 'here', token: 't' }, clock: systemClock, log: silentLog, flushMs: 50 };

const recovery: RecoveryRecord = {
  ...{ uid: 'one', kind: 'primary', code: 'DeadMaster', failed: A, cluster: 'db-a:3306', alias: 'main' },
  ...{ startedMs: STAMP_MS, successful: false, successorAlias: '', lost: [], participants: [B] },
  ...{ errors: [], harmless: false },
};
const downtime = { owner: 'me', reason: 'test', beginMs: STAMP_MS, endMs: STAMP_MS + 60_000 };

/** One of each kind, in the order of a failover. */
const works: readonly ((agreed: Agreed) => Promise<unknown>)[] = [
  ({ tables }) => tables.names.put('aliasOverride', 'db-a:3306', 'mine'),
  ({ tables }) => tables.words.promotionRule(B, 'prefer'),
  ({ tables }) =>
    tables.detections.detected({
      ...{ uid: 'd', code: 'DeadMaster', failed: A, cluster: 'db-a:3306', alias: 'main' },
      ...{ replicas: [B], actionable: true, detectedMs: STAMP_MS },
    }),
  ({ tables }) => tables.recoveries.opened(recovery),
  ({ tables }) => tables.journal.stepStarted('one', 1, 'promote'),
  ({ tables }) => tables.journal.stepEnded('one', 1, undefined, 'promoted'),
  ({ tables }) => tables.journal.fenceIntended(A, 'db-a:3306', B),
  ({ tables }) => tables.recoveries.closed({ ...recovery, endedMs: STAMP_MS + 2_000, successful: true, successor: B }),
  ({ tables }) => tables.names.moveOverride('db-a:3306', 'db-b:3307'),
  ({ tables }) => tables.words.downtime(A, downtime),
  ({ tables }) => tables.words.beginMaintenance(B, { ...downtime, bounded: true }, 11),
  ({ tables }) => tables.words.recoveriesDisabled(true),
  ({ tables }) => tables.names.tag(A, 'role', 'backup'),
  ({ tables }) => tables.names.tag(B, 'role', 'batch'),
  ({ tables }) => tables.names.untag([A, B], 'role', 'batch'),
  ({ tables }) => tables.names.virtualName('db-a', 'vip'),
  ({ tables }) =>
    tables.tokens.taken({ publicToken: 'p', secret: 's', issuedMs: STAMP_MS, lifeMs: 60_000, owner: 'node-7' }),
  ({ tables }) => tables.pools.submitted('readers', [A]),
  ({ tables }) => tables.pools.submitted('readers', [A, B]),
];

function writeAll(backend: Backend): Promise<unknown> {
  const entries = works.map((work, at) => {
    const entry = { index: at + 1, term: 2, stampMs: STAMP_MS + at * 1_000, node: 'node-7' };
    return backend.agreed.write(entry, [async () => void (await work(backend.agreed))]);
  });
  return Promise.all(entries);
}

describe('what a group agreed on', () => {
  let directory: string;
  let file: Backend;
  let expected: string;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'agreed-'));
    file = Backend.openSqlite(join(directory, 'one.sqlite3'), OPTIONS);
    await writeAll(file);
    expected = await file.agreed.digest();
  });
  after(async () => {
    await file.close();
    rmSync(directory, { recursive: true, force: true });
  });

  for (const flavour of FLAVOURS) {
    describe(`on ${flavour}`, () => {
      let server: MysqlBackendServer;
      let backend: Backend;

      before(async () => {
        server = await MysqlBackendServer.start(flavour);
      });
      after(() => server?.stop());
      beforeEach(async () => {
        backend = await Backend.openMysql(server.settings(), OPTIONS);
        await server.empty();
      });
      afterEach(() => backend.close());

      it('is what SQLite holds, although numbers were used up', async () => {
        for (const table of ['topology_recovery', 'topology_recovery_steps', 'topology_failure_detection'])
          await server.sql(`ALTER TABLE ${table} AUTO_INCREMENT = 41`);
        await writeAll(backend);
        assert.equal(await backend.agreed.digest(), expected);
        assert.deepEqual(await server.sql('SELECT recovery_id FROM topology_recovery'), [{ recovery_id: 41 }]);
        assert.equal((await backend.agreed.position())?.index, works.length);
      });

      it('is the same where the server was away meanwhile', async () => {
        await server.server.kill('SIGKILL');
        const written = writeAll(backend);
        await until('it is told of', async () => !backend.health().ok);
        await server.server.start();
        await written;
        assert.equal(await backend.agreed.digest(), expected);
        assert.deepEqual(await backend.names.all('aliasOverride'), new Map([['db-b:3307', 'mine']]));
      });
    });
  }
});
