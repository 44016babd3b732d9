// What the clock alone does to a running daemon, on a real file: only the servers are absent.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assemble } from '../../../internal/app/assemble.ts';
import { AuditTrail } from '../../../internal/app/audit-trail.ts';
import type { Orchestrator } from '../../../internal/app/orchestrator.ts';
import { settingsFrom } from '../../../internal/app/settings-from-config.ts';
import { restore } from '../../../internal/app/storage.ts';
import { Upkeep } from '../../../internal/app/upkeep.ts';
import { Backend } from '../../../internal/backend/backend.ts';
import type { Config } from '../../../internal/config/keys.ts';
import { defaultConfig } from '../../../internal/config/load.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import {
  backendTime,
  fillBackend,
  instanceColumns,
  readBackend,
  replicaColumns,
} from '../../support/backend-fixture.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { aWatchedInstance } from './watched-instance.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const DB1 = { hostname: 'db1', port: 3306 };
const DB2 = { hostname: 'db2', port: 3306 };

describe('the upkeep of a daemon', () => {
  let directory = '';
  let file = '';
  let clock: ManualClock;
  let backend: Backend;
  let orchestrator: Orchestrator;
  let upkeep: Upkeep;

  const start = async (more: Partial<Config> = {}, passive = true) => {
    const config = { ...defaultConfig(), SQLite3DataFile: file, AuditToBackendDB: true, ...more };
    const settings = settingsFrom(config, { noop: false });
    backend = Backend.openSqlite(file, {
      node: { hostname: 'here', token: 'token' },
      clock,
      log: silentLog,
      flushMs: 200,
    });
    orchestrator = assemble({
      current: { config, settings },
      store: backend,
      restored: await restore(backend, 0),
      trail: new AuditTrail({ audits: backend.audits, config: () => config, clock, log: silentLog }),
      hostname: 'here',
      clock,
      log: silentLog,
      hooksLog: silentLog,
      onProbed: () => undefined,
      passive,
    });
    upkeep = new Upkeep({
      inGroup: false,
      orchestrator,
      backend,
      settings: {
        pollMs: 5_000,
        lostDowntimeMs: 365 * DAY_MS,
        blockedMs: 3_000,
        recordTopologiesMs: HOUR_MS,
        retention: {
          auditMs: 7 * DAY_MS,
          unseenMs: 10 * DAY_MS,
          candidateMs: 4 * MINUTE_MS,
          topologyMs: 10 * DAY_MS,
          poolMs: 4 * MINUTE_MS,
          resolvedMs: 2 * HOUR_MS,
          recoveryBlockMs: HOUR_MS,
          detectionMs: HOUR_MS,
        },
      },
      clock,
      log: silentLog,
    });
    upkeep.start();
  };
  const stop = async () => {
    upkeep.stop();
    await orchestrator.stop();
    await backend.close();
  };
  const stored = (sql: string) => readBackend(file, sql);
  const ago = (ms: number) => backendTime(clock.nowMs() - ms);

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'upkeep-'));
    file = join(directory, 'orchestrator.sqlite3');
    clock = new ManualClock();
    await start();
    await stop(); // the tables are there
  });

  afterEach(async () => {
    await stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('ends a downtime whose time is over, prolongs one that must not run out, and keeps the others', async () => {
    const downtime = (hostname: string, reason: string, endMs: number) => ({
      hostname,
      port: 3306,
      downtime_active: 1,
      begin_timestamp: ago(DAY_MS),
      end_timestamp: backendTime(clock.nowMs() + endMs),
      owner: 'me',
      reason,
    });
    fillBackend(file, {
      database_instance: [instanceColumns(clock.nowMs(), { hostname: 'db1' })],
      database_instance_downtime: [
        downtime('db1', 'disk', 7_000),
        downtime('db2', 'disk', HOUR_MS),
        downtime('db3', 'lost-in-recovery', HOUR_MS),
        downtime('no host, name', 'written by hand', 1_000),
      ],
    });
    await start();
    await clock.advance(5_000);
    assert.notEqual(orchestrator.inventory.downtime(DB1, clock.nowMs()), undefined);
    await clock.advance(5_000);
    assert.equal(orchestrator.inventory.downtime(DB1, clock.nowMs()), undefined);
    assert.deepEqual(stored('SELECT hostname, end_timestamp FROM database_instance_downtime ORDER BY hostname'), [
      { hostname: 'db2', end_timestamp: ago(10_000 - HOUR_MS) },
      { hostname: 'db3', end_timestamp: ago(5_000 - 365 * DAY_MS) },
    ]);
    assert.deepEqual(stored('SELECT audit_type, hostname FROM audit'), [
      { audit_type: 'expire-downtime', hostname: 'no host, name' },
      { audit_type: 'expire-downtime', hostname: 'db1' },
    ]);
  });

  for (const [seconds, freshForMs] of [
    [1, 6_000],
    [4, 9_000],
  ] as const)
    it(`believes the last good read of a server for ${freshForMs} ms, with ReasonableInstanceCheckSeconds ${seconds}`, async () => {
      await start({ ReasonableInstanceCheckSeconds: seconds }, false);
      orchestrator.inventory.recordSuccess(aWatchedInstance({ key: DB1 }).instance, clock.nowMs());
      const valid = () => orchestrator.inventory.snapshot('db1:3306', clock.nowMs()).members[0]?.valid;
      await clock.advance(freshForMs);
      assert.equal(valid(), true);
      await clock.advance(1);
      assert.equal(valid(), false);
    });

  it('keeps the promotion rule of a server that is watched, and a ban in any case', async () => {
    const rule = (hostname: string, promotion_rule: string) => ({
      hostname,
      port: 3306,
      last_suggested: ago(2 * HOUR_MS),
      promotion_rule,
    });
    fillBackend(file, {
      database_instance: [instanceColumns(clock.nowMs(), { hostname: 'db1' })],
      candidate_database_instance: [rule('db1', 'prefer'), rule('gone', 'prefer'), rule('banned', 'must_not')],
    });
    await start();
    assert.equal(orchestrator.inventory.get(DB1)?.instance.promotionRule, 'prefer');
    await clock.advance(3 * MINUTE_MS);
    assert.deepEqual(stored('SELECT hostname FROM candidate_database_instance ORDER BY hostname'), [
      { hostname: 'banned' },
      { hostname: 'db1' },
    ]);
    const [row] = stored("SELECT last_suggested FROM candidate_database_instance WHERE hostname = 'db1'");
    assert.ok(String(row?.last_suggested) > ago(2 * MINUTE_MS), 'suggested again from time to time');
  });

  it('lets go of locks of operations whose process has ended, once their time is over', async () => {
    const lock = (hostname: string, explicitly_bounded: number, endMs: number) => ({
      ...{ hostname, port: 3306, maintenance_active: 1, owner: 'orchestrator', reason: 'relocate', explicitly_bounded },
      ...{ begin_timestamp: ago(MINUTE_MS), end_timestamp: backendTime(clock.nowMs() + endMs) },
      ...{ processing_node_hostname: 'old', processing_node_token: 'gone' },
    });
    fillBackend(file, {
      database_instance_maintenance: [lock('db1', 0, 10_000), lock('db2', 0, HOUR_MS), lock('db3', 1, HOUR_MS)],
    });
    await start();
    assert.deepEqual(
      orchestrator.maintenance.list().map(({ key }) => key.hostname),
      ['db3'],
    );
    await clock.advance(2 * MINUTE_MS);
    const active = 'SELECT hostname FROM database_instance_maintenance WHERE maintenance_active = 1 ORDER BY hostname';
    assert.deepEqual(stored(active), [{ hostname: 'db2' }, { hostname: 'db3' }]);
  });

  it('takes servers out of pools that they were submitted to long ago', async () => {
    const member = (hostname: string, ageMs: number) => {
      return { hostname, port: 3306, pool: 'readers', registered_at: ago(ageMs) };
    };
    fillBackend(file, { database_instance_pool: [member('db1', 2 * MINUTE_MS), member('db2', 5 * MINUTE_MS)] });
    await start();
    await clock.advance(MINUTE_MS);
    assert.deepEqual(stored('SELECT hostname FROM database_instance_pool'), [{ hostname: 'db1' }]);
  });

  it('takes a picture of all topologies when the last one is old enough, also one from before the start, and drops old ones', async () => {
    const recorded = (ageMs: number) => {
      const server = { hostname: 'db0', port: 3306, master_host: '', master_port: 0, cluster_name: 'c', version: '' };
      return { ...server, snapshot_unix_timestamp: Math.floor((clock.nowMs() - ageMs) / 1000) };
    };
    fillBackend(file, {
      database_instance: [
        instanceColumns(clock.nowMs(), { hostname: 'db1' }),
        replicaColumns(clock.nowMs(), 'db1', { hostname: 'db2' }),
      ],
      database_instance_topology_history: [recorded(11 * DAY_MS), recorded(9 * DAY_MS), recorded(HOUR_MS - 150_000)],
    });
    await start();
    const startMs = clock.nowMs();
    const rows = () =>
      stored('SELECT * FROM database_instance_topology_history ORDER BY snapshot_unix_timestamp, hostname');
    await clock.advance(2 * MINUTE_MS);
    assert.deepEqual(
      rows().map(({ hostname }) => hostname),
      ['db0', 'db0'],
    );
    await clock.advance(MINUTE_MS);
    const seconds = Math.floor((startMs + 3 * MINUTE_MS) / 1000);
    const common = { snapshot_unix_timestamp: seconds, port: 3306, cluster_name: 'db1:3306', version: '8.0.36' };
    assert.deepEqual(rows().slice(2), [
      { ...common, hostname: 'db1', master_host: '', master_port: 0 },
      { ...common, hostname: 'db2', master_host: 'db1', master_port: 3306 },
    ]);
    await clock.advance(50 * MINUTE_MS);
    assert.equal(rows().length, 4);
  });

  it('writes names, an override first', async () => {
    fillBackend(file, {
      database_instance: [
        instanceColumns(clock.nowMs(), { hostname: 'db1', suggested_cluster_alias: 'suggested' }),
        replicaColumns(clock.nowMs(), 'db1', { hostname: 'db2', suggested_cluster_alias: 'suggested' }),
      ],
    });
    await start();
    await clock.advance(5_000);
    assert.deepEqual(stored('SELECT cluster_name, alias FROM cluster_alias'), [
      { cluster_name: 'db1:3306', alias: 'suggested' },
    ]);
    await orchestrator.requests.setAliasOverride('db1:3306', 'mine');
    await clock.advance(5_000);
    assert.deepEqual(stored('SELECT alias FROM cluster_alias'), [{ alias: 'mine' }]);
    await stop();
    await start();
    assert.deepEqual(
      orchestrator.snapshots().map(({ alias }) => alias),
      ['mine'],
    );
  });

  it('audits what operators and the clock do to a server, each under its own name', async () => {
    fillBackend(file, { database_instance: [instanceColumns(clock.nowMs(), { hostname: 'db1' })] });
    await start();
    await orchestrator.maintenance.begin(DB1, 'me', 'disk', 7_000);
    await clock.advance(10_000);
    await orchestrator.requests.setPromotionRule(DB1, 'must_not');
    assert.equal(await orchestrator.requests.forget(DB1), true);
    assert.equal(await orchestrator.requests.forget(DB1), false);
    await clock.advance(200);
    assert.deepEqual(stored('SELECT audit_type, cluster_name, message FROM audit'), [
      {
        audit_type: 'begin-maintenance',
        cluster_name: 'db1:3306',
        message: 'maintenanceToken: 1, owner: me, reason: disk',
      },
      { audit_type: 'expire-maintenance', cluster_name: 'db1:3306', message: 'maintenanceToken: 1' },
      { audit_type: 'register-candidate', cluster_name: 'db1:3306', message: 'must_not' },
      { audit_type: 'forget', cluster_name: 'db1:3306', message: '' },
    ]);
  });

  it('shows a recovery as held back while that is found again, and no longer', async () => {
    fillBackend(file, {
      blocked_topology_recovery: [
        { hostname: 'db9', port: 3306, cluster_name: 'c', analysis: 'DeadMaster', last_blocked_timestamp: ago(0) },
      ],
    });
    await start();
    const shown = async () => (await backend.detections.blocks()).map(({ failed }) => failed.hostname);
    assert.deepEqual(await shown(), [], 'what an earlier process said is not true by itself');
    const block = { failed: DB1, code: 'DeadMaster', cluster: 'db1:3306', alias: '', blockingUid: 'one' };
    for (const round of [1, 2, 3, 4]) {
      await backend.detections.blocked({ ...block, atMs: clock.nowMs() });
      assert.deepEqual(await shown(), ['db1'], `round ${round}`);
      await clock.advance(2_000);
    }
    await clock.advance(2_000);
    assert.deepEqual(await shown(), []);
  });

  it('remembers what a cluster was called until its servers say', async () => {
    fillBackend(file, {
      database_instance: [
        instanceColumns(clock.nowMs(), { hostname: 'db1' }),
        instanceColumns(clock.nowMs(), { hostname: 'db2', cluster_name: 'db2:3306', suggested_cluster_alias: 'new' }),
      ],
      cluster_alias: ['db1', 'db2'].map((host) => ({ cluster_name: `${host}:3306`, alias: `alias-${host}` })),
      cluster_domain_name: [{ cluster_name: 'db1:3306', domain_name: 'db.example' }],
    });
    await start();
    assert.deepEqual(
      orchestrator.snapshots().map(({ alias, domain }) => [alias, domain]),
      [
        ['alias-db1', 'db.example'],
        ['new', ''],
      ],
    );
  });

  it('locks a server out of automation until the lock ends, in a new process too', async () => {
    fillBackend(file, { database_instance: [instanceColumns(clock.nowMs(), { hostname: 'db1' })] });
    await start();
    const { id } = await orchestrator.maintenance.begin(DB1, 'me', 'disk', MINUTE_MS);
    await assert.rejects(orchestrator.maintenance.begin(DB1, 'you', 'disk', MINUTE_MS), {
      code: 'CONFLICT',
      message: 'Cannot begin maintenance for instance: db1:3306; maintenance reason: disk',
    });
    await orchestrator.maintenance.begin(DB2, 'me', 'disk', HOUR_MS);
    await stop();
    await start();
    const locked = () => [...(orchestrator.snapshots()[0]?.maintenance ?? [])].sort();
    assert.deepEqual(locked(), ['db1:3306', 'db2:3306']);
    assert.deepEqual(
      orchestrator.maintenance.list().map((lock) => lock.id),
      [id, id + 1],
    );
    await clock.advance(MINUTE_MS + 5_000);
    assert.deepEqual(locked(), ['db2:3306']);
    assert.equal(await orchestrator.maintenance.endById(id + 1), true);
    assert.deepEqual([locked(), await orchestrator.maintenance.endById(id + 1)], [[], false]);
    assert.deepEqual(stored('SELECT COUNT(*) AS n FROM database_instance_maintenance WHERE maintenance_active = 1'), [
      { n: 0 },
    ]);
  });

  it('deletes what is old and ends active periods within a minute, and leaves the rest alone', async () => {
    const recovery = (uid: string, ageMs: number) => ({
      hostname: uid,
      port: 3306,
      uid,
      in_active_period: 1,
      start_active_period: ago(ageMs),
      end_active_period_unixtime: 0,
      end_recovery: ago(ageMs),
    });
    const audit = (message: string, ageMs: number) => ({ audit_timestamp: ago(ageMs), port: 0, message });
    fillBackend(file, {
      topology_recovery: [recovery('week', 8 * DAY_MS), recovery('today', 2 * HOUR_MS), recovery('now', MINUTE_MS)],
      audit: [audit('old', 8 * DAY_MS), audit('new', DAY_MS)],
      kv_store: [{ store_key: 'k', store_value: 'v', last_updated: ago(900 * DAY_MS) }],
      database_instance_tags: [
        { hostname: 'db1', port: 3306, tag_name: 't', tag_value: '', last_updated: ago(900 * DAY_MS) },
      ],
    });
    await start();
    await clock.advance(MINUTE_MS);
    assert.deepEqual(stored('SELECT uid, in_active_period FROM topology_recovery ORDER BY uid'), [
      { uid: 'now', in_active_period: 1 },
      { uid: 'today', in_active_period: 0 },
    ]);
    assert.deepEqual(stored('SELECT message FROM audit'), [{ message: 'new' }]);
    assert.deepEqual(
      stored('SELECT (SELECT COUNT(*) FROM kv_store) + (SELECT COUNT(*) FROM database_instance_tags) AS n'),
      [{ n: 2 }],
    );
  });
});
