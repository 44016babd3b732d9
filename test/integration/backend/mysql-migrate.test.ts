// A schema that another release, another product or a person made.

import assert from 'node:assert/strict';
import { Backend } from '../../../internal/backend/backend.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { backendFlavours, MysqlBackendServer } from '../../support/mysql-backend.ts';
import { everyRow, OLDER_MYSQL, OldMysql } from '../../support/old-product.ts';

const A = { hostname: 'db1', port: 3306 };

/** The first generation of three tables, as the established product declared them, and what a site may have added. */
const EARLY = [
  `CREATE TABLE database_instance (
    hostname varchar(128) NOT NULL, port smallint unsigned NOT NULL,
    last_checked timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, last_seen timestamp NULL DEFAULT NULL,
    server_id int unsigned NOT NULL, version varchar(128) CHARACTER SET ascii NOT NULL,
    binlog_format varchar(16) NOT NULL, log_bin tinyint unsigned NOT NULL, log_slave_updates tinyint unsigned NOT NULL,
    binary_log_file varchar(128) NOT NULL, binary_log_pos bigint unsigned NOT NULL,
    master_host varchar(128) NOT NULL, master_port smallint unsigned NOT NULL,
    slave_sql_running tinyint unsigned NOT NULL, slave_io_running tinyint unsigned NOT NULL,
    master_log_file varchar(128) NOT NULL, read_master_log_pos bigint unsigned NOT NULL,
    relay_master_log_file varchar(128) NOT NULL, exec_master_log_pos bigint unsigned NOT NULL,
    seconds_behind_master bigint unsigned DEFAULT NULL, slave_lag_seconds bigint unsigned DEFAULT NULL,
    num_slave_hosts int unsigned NOT NULL, slave_hosts text NOT NULL, executed_gtid_set text NOT NULL,
    cluster_name varchar(128) NOT NULL, site_column varchar(16) DEFAULT 'ours', PRIMARY KEY (hostname, port),
    KEY cluster_name_idx (cluster_name), KEY last_checked_idx (last_checked), KEY last_seen_idx (last_seen)
  ) ENGINE=InnoDB DEFAULT CHARSET=ascii`,
  `CREATE TABLE topology_recovery (
    recovery_id bigint unsigned NOT NULL AUTO_INCREMENT, hostname varchar(128) NOT NULL, port smallint unsigned NOT NULL,
    in_active_period tinyint unsigned NOT NULL DEFAULT 0, start_active_period timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    end_active_period_unixtime int unsigned DEFAULT NULL, end_recovery timestamp NULL DEFAULT NULL,
    processing_node_hostname varchar(128) NOT NULL, processcing_node_token varchar(128) NOT NULL,
    successor_hostname varchar(128) DEFAULT NULL, successor_port smallint unsigned DEFAULT NULL, PRIMARY KEY (recovery_id)
  ) ENGINE=InnoDB DEFAULT CHARSET=ascii`,
  'CREATE TABLE site_table (note text)',
  "INSERT INTO site_table VALUES ('kept')",
  `INSERT INTO topology_recovery (hostname, port, start_active_period, end_recovery, processing_node_hostname, processcing_node_token)
    VALUES ('db1', 3306, '2026-01-30 10:00:00', '2026-01-30 10:00:05', 'n', 't')`,
  `INSERT INTO database_instance VALUES ('db1', 3306, '2026-01-31 09:59:00', '2026-01-31 09:59:00', 1, '5.7.44-log', 'ROW', 1, 1,
    'bin.000007', 4711, '', 0, 0, 0, '', 0, '', 0, NULL, NULL, 1, '[{"Hostname":"db2","Port":3306}]', 'uuid:1-5,\n', 'db1:3306', 'ours')`,
];

for (const flavour of await backendFlavours()) {
  describe(`an existing ${flavour} backend`, () => {
    const clock = new ManualClock();
    let server: MysqlBackendServer;

    before(async () => {
      server = await MysqlBackendServer.start(flavour);
    });
    after(() => server.stop());

    const open = (token = 'token') =>
      Backend.openMysql(server.settings(), {
        ...{ node: { hostname: 'here', token }, clock, log: silentLog, flushMs: 200 },
      });

    const shape = async () => {
      const columns = `SELECT table_name AS t, column_name AS c, column_type AS type, extra FROM information_schema.columns
                         WHERE table_schema = DATABASE() ORDER BY 1, 2`;
      const keys = `SELECT table_name AS t, index_name AS i, column_name AS c FROM information_schema.statistics
                      WHERE table_schema = DATABASE() ORDER BY 1, 2, seq_in_index`;
      return [await server.sql(columns), await server.sql(keys)];
    };

    it('of an early release: missing columns and tables are added, rows and unknown parts stay', async () => {
      await server.sql('CREATE DATABASE orchestrator', [], '');
      for (const statement of EARLY) await server.sql(statement);

      const backend = await open();
      const [instance] = await backend.instances.load();
      assert.deepEqual(
        [instance?.instance.key, instance?.instance.ownCoordinates, instance?.instance.replicaKeys],
        [{ hostname: 'db1', port: 3306 }, { file: 'bin.000007', position: 4711 }, [{ hostname: 'db2', port: 3306 }]],
      );
      const [recovery] = await backend.recoveries.load(10);
      assert.deepEqual([recovery?.uid, recovery?.failed.hostname, recovery?.successful], ['id:1', 'db1', false]);
      assert.ok(instance);
      const executed = `${'0'.repeat(36)}:1-5,`.repeat(2_000); // more than 64 KB
      const gtid = { kind: 'mysql', mode: 'ON', executed, purged: '' } as const;
      backend.instances.seen({ ...instance, instance: { ...instance.instance, gtid } }, 'db1:3306', 0);
      assert.equal(await backend.settle(5_000), true);
      await backend.close();

      assert.deepEqual(await server.sql('SELECT note FROM site_table'), [{ note: 'kept' }]);
      assert.deepEqual(
        await server.sql('SELECT site_column, read_only, LENGTH(executed_gtid_set) AS length FROM database_instance'),
        [{ site_column: 'ours', read_only: 0, length: executed.length }],
      );
      assert.deepEqual(await server.sql('SELECT hostname, token FROM active_node'), [{ hostname: '', token: '' }]);
      const names = await server.sql(
        `SELECT DISTINCT index_name AS name FROM information_schema.statistics
           WHERE table_schema = DATABASE() AND table_name = 'database_instance' AND index_name LIKE 'cluster_name%'`,
      );
      assert.deepEqual(names, [{ name: 'cluster_name_idx' }], 'an index is known by its columns');
    });

    it('that is complete is left as it is, also by a second start', async () => {
      const before = await shape();
      const backend = await open();
      await backend.close();
      assert.deepEqual(await shape(), before);
    });

    it('of an older release: what its patches would have changed is changed, and nothing is narrowed', async () => {
      const old = await OldMysql.make(server);
      await old.insert(everyRow(clock.nowMs()));
      for (const statement of OLDER_MYSQL) await server.sql(statement);
      const before = await old.shape();
      const backend = await open();

      await backend.names.tag(A, 'owner', 'somebody else');
      assert.deepEqual(
        (await backend.names.tags(A)).map(({ value }) => value),
        ['somebody else'],
        'one value to a name',
      );
      const second = await open('second');
      for (const one of [backend, second]) {
        one.nodes.beat({ startedMs: 0, version: '1', command: 'http', mode: 'HttpMode', backend: '' });
        assert.equal(await one.settle(5_000), true);
      }
      assert.equal((await second.nodes.livingTokens()).size, 2, 'two processes of one host');
      await second.close();
      await backend.close();
      const afterwards = await old.shape();
      const key = (table: string, name = 'PRIMARY') => afterwards.get(`${table}.index ${name}`);
      assert.equal(key('node_health'), '0 hostname,token');
      assert.equal(key('database_instance_tags'), '0 hostname,port,tag_name');
      const detection = 'host_port_active_recoverable_uidx_topology_failure_detection';
      assert.match(key('topology_failure_detection', detection) ?? '', /^0 hostname,port,.*,is_actionable$/);
      assert.equal(key('topology_failure_detection', 'host_port_active_uidx'), undefined);
      const type = (column: string) =>
        afterwards
          .get(`database_instance.${column}`)
          ?.replace(/\(20\)/, '')
          .split(' ')
          .slice(0, 2)
          .join(' ');
      assert.deepEqual(
        [type('cluster_name'), type('semi_sync_master_timeout')],
        ['varchar(128) ascii', 'bigint unsigned'],
      );
      const gone = [...before.keys()].filter((name) => !afterwards.has(name));
      assert.deepEqual(gone, ['topology_failure_detection.index host_port_active_uidx']);
    });

    it('of an older release that holds two values of one tag keeps both', async () => {
      const old = await OldMysql.make(server);
      await server.sql(
        'ALTER TABLE database_instance_tags DROP PRIMARY KEY, ADD PRIMARY KEY (hostname, port, tag_name, tag_value)',
      );
      const tag = { ...A, tag_name: 'role', last_updated: '2026-01-31 10:00:00' };
      await old.insert({ database_instance_tags: ['a', 'b'].map((tag_value) => ({ ...tag, tag_value })) });
      const backend = await open();
      assert.equal((await backend.names.tags(A)).length, 2);
      await backend.close();
    });

    it('keeps times in UTC, whatever zone the server lives in', async () => {
      await server.sql("SET GLOBAL time_zone = '+07:00'", [], '');
      const backend = await open();
      const atMs = Date.UTC(2026, 0, 31, 10);
      await backend.words.downtime(
        { hostname: 'db1', port: 3306 },
        { owner: 'me', reason: 'zone', beginMs: atMs, endMs: atMs + 60_000 },
      );
      const [stored] = await server.sql(
        'SELECT begin_timestamp, UNIX_TIMESTAMP(begin_timestamp) AS s FROM database_instance_downtime',
      );
      assert.deepEqual(stored, { begin_timestamp: '2026-01-31 10:00:00', s: atMs / 1000 });
      assert.equal((await backend.words.downtimes())[0]?.beginMs, atMs);
      await backend.close();
    });
  });
}
