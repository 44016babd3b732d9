// Files that another release, another product or a person made.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Backend } from '../../../internal/backend/backend.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { ManualClock } from '../../support/manual-clock.ts';

describe('an existing SQLite backend', () => {
  let directory = '';
  let file = '';
  const clock = new ManualClock();

  const open = () =>
    Backend.openSqlite(file, { node: { hostname: 'here', token: 'token' }, clock, log: silentLog, flushMs: 200 });
  const sql = (text: string) => {
    const db = new Database(file);
    try {
      db.exec(text);
    } finally {
      db.close();
    }
  };
  const rows = (text: string) => {
    const db = new Database(file, { readonly: true });
    try {
      return db.prepare(text).all();
    } finally {
      db.close();
    }
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'backend-'));
    file = join(directory, 'orchestrator.sqlite3');
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('of an early release: missing columns and tables are added, rows and unknown parts stay', async () => {
    // the first generation of three tables, in the types that the established product declares
    sql(`
      CREATE TABLE database_instance (
        hostname varchar(128) NOT NULL, port smallint NOT NULL, last_checked timestamp not null default '',
        last_seen timestamp NULL DEFAULT NULL, server_id int NOT NULL, version varchar(128) NOT NULL,
        binlog_format varchar(16) NOT NULL, log_bin TINYint NOT NULL, log_slave_updates TINYint NOT NULL,
        binary_log_file varchar(128) NOT NULL, binary_log_pos bigint NOT NULL, master_host varchar(128) NOT NULL,
        master_port smallint NOT NULL, slave_sql_running TINYint NOT NULL, slave_io_running TINYint NOT NULL,
        master_log_file varchar(128) NOT NULL, read_master_log_pos bigint NOT NULL,
        relay_master_log_file varchar(128) NOT NULL, exec_master_log_pos bigint NOT NULL,
        seconds_behind_master bigint DEFAULT NULL, slave_lag_seconds bigint DEFAULT NULL,
        num_slave_hosts int NOT NULL, slave_hosts text NOT NULL, cluster_name varchar(128) NOT NULL,
        site_column text DEFAULT 'ours', PRIMARY KEY (hostname, port));
      CREATE TABLE site_table (note text);
      INSERT INTO site_table VALUES ('kept');
      CREATE TABLE topology_recovery (
        recovery_id integer, hostname varchar(128) NOT NULL, port smallint NOT NULL, in_active_period tinyint NOT NULL DEFAULT 0,
        start_active_period timestamp not null default '', end_active_period_unixtime int, end_recovery timestamp NULL DEFAULT NULL,
        processing_node_hostname varchar(128) NOT NULL, processcing_node_token varchar(128) NOT NULL,
        successor_hostname varchar(128) DEFAULT NULL, successor_port smallint DEFAULT NULL, PRIMARY KEY (recovery_id));
      INSERT INTO topology_recovery (hostname, port, start_active_period, end_recovery, processing_node_hostname, processcing_node_token)
        VALUES ('db1', 3306, '2026-01-30 10:00:00', '2026-01-30 10:00:05', 'n', 't');
      INSERT INTO database_instance VALUES ('db1', 3306, '2026-01-31 09:59:00', '2026-01-31 09:59:00', 1, '5.7.44-log', 'ROW', 1, 1,
        'bin.000007', 4711, '', 0, 0, 0, '', 0, '', 0, NULL, NULL, 1, '[{"Hostname":"db2","Port":3306}]', 'db1:3306', 'ours');`);

    const backend = open();
    const [instance] = await backend.instances.load();
    assert.deepEqual(
      [instance?.instance.key, instance?.instance.ownCoordinates, instance?.instance.replicaKeys],
      [{ hostname: 'db1', port: 3306 }, { file: 'bin.000007', position: 4711 }, [{ hostname: 'db2', port: 3306 }]],
    );
    const [recovery] = await backend.recoveries.load(10);
    assert.deepEqual([recovery?.uid, recovery?.failed.hostname, recovery?.successful], ['id:1', 'db1', false]);
    if (instance !== undefined) backend.instances.seen(instance, 'db1:3306', 0);
    await backend.close();

    assert.deepEqual(rows('SELECT note FROM site_table'), [{ note: 'kept' }]);
    assert.deepEqual(rows('SELECT site_column, gtid_mode, replication_depth FROM database_instance'), [
      { site_column: 'ours', gtid_mode: '', replication_depth: 0 },
    ]);
    assert.deepEqual(
      rows("SELECT deployed_version FROM orchestrator_db_deployments WHERE deployed_version <> ''").length,
      1,
    );
  });

  it('is opened twice without a change', async () => {
    await open().close();
    const schema = () => rows('SELECT name, sql FROM sqlite_master ORDER BY name');
    const first = schema();
    assert.ok(first.length > 60);
    await open().close();
    assert.deepEqual(schema(), first);
  });

  it('holds rows that surprise a strict reader', async () => {
    await open().close();
    sql(`
      INSERT INTO database_instance (hostname, port) VALUES ('only-a-name', 3306);
      INSERT INTO database_instance (hostname, port, last_checked, last_seen, version, master_host, master_port, slave_hosts,
          last_sql_error, last_io_error, executed_gtid_set, master_uuid, seconds_behind_master, replication_depth)
        VALUES
        ('escaped', 3306, '2026-01-31T09:00:00Z', '2026-01-31 09:00:00.5+00:00', '8.0.36', 'm', 3306, '[{\\"Hostname\\":\\"r\\",\\"Port\\":1}]',
          '""', '"said \\"no\\""', 'uuid:1-5,' || char(10) || 'other:1', 'No', '', 255),
        ('plain', 3306, '0000-00-00 00:00:00', NULL, '10.6.17-MariaDB', '//detached', 3306, 'null', 'plain text', '"', '', '', NULL, 0),
        ('blank', 3306, '', '', '', '_', 0, 'not JSON', '', '', '', '', NULL, 0);
      INSERT INTO topology_recovery (hostname, port, analysis, participating_instances, lost_slaves, all_errors, acknowledged, acknowledged_at)
        VALUES ('db1', 3306, 'DeadMaster', 'db2:3306,,not a key,db3:3306', '', char(10), 1, '2026-01-31 09:00:00');
      INSERT INTO database_instance_downtime (hostname, port, downtime_active, owner, reason) VALUES ('db1', 3306, 1, 'me', 'endless');
      INSERT INTO database_instance_downtime (hostname, port, downtime_active, end_timestamp, owner, reason) VALUES ('db2', 3306, NULL, '', '', '');
      INSERT INTO candidate_database_instance (hostname, port, promotion_rule) VALUES ('db1', 3306, 'must');
    `);
    const backend = open();
    const found = new Map((await backend.instances.load()).map((watched) => [watched.instance.key.hostname, watched]));
    assert.deepEqual([...found.keys()].sort(), ['blank', 'escaped', 'only-a-name', 'plain']);
    const escaped = found.get('escaped');
    assert.deepEqual(
      [escaped?.lastCheckedMs, escaped?.lastSeenMs, escaped?.instance.replicaKeys],
      [Date.UTC(2026, 0, 31, 9), Date.UTC(2026, 0, 31, 9) + 500, [{ hostname: 'r', port: 1 }]],
    );
    assert.deepEqual(
      [escaped?.instance.replication?.applierError, escaped?.instance.replication?.receiverError],
      ['', 'said "no"'],
    );
    assert.equal(escaped?.instance.replication?.lagSeconds, undefined);
    assert.deepEqual(escaped?.instance.gtid, { kind: 'mysql', mode: '', executed: 'uuid:1-5,other:1', purged: '' });
    const plain = found.get('plain');
    assert.deepEqual(
      [plain?.instance.family, plain?.lastCheckedMs, plain?.lastSeenMs, plain?.instance.replication?.applierError],
      ['mariadb', 0, 0, 'plain text'],
    );
    assert.equal(found.get('blank')?.instance.replication, undefined);

    const [recovery] = await backend.recoveries.load(10);
    assert.deepEqual(
      recovery?.participants.map(({ hostname }) => hostname),
      ['db2', 'db3'],
    );
    assert.deepEqual([recovery?.errors, recovery?.endedMs], [[], Date.UTC(2026, 0, 31, 9)]);
    assert.deepEqual(
      (await backend.words.downtimes()).map(({ reason, endMs }) => [reason, endMs]),
      [['endless', Date.UTC(9999, 11, 31, 23, 59, 59)]],
    );
    assert.deepEqual(await backend.words.promotionRules(), new Map([['db1:3306', 'must']]));
    await backend.close();
  });
});
