import assert from 'node:assert/strict';
import { watchedOf } from '../../../internal/backend/instance-of-row.ts';
import { instanceRow } from '../../../internal/backend/instance-row.ts';

/** A replica as the established product writes one, each column with a value of its own. */
const ROW = {
  hostname: 'db2',
  port: 3307,
  last_checked: '2026-01-31 10:00:05',
  last_attempted_check: '2026-01-31 10:00:04',
  last_seen: '2026-01-31 10:00:03',
  last_discovery_latency: 1_500_000,
  uptime: 86_400,
  server_id: 2,
  server_uuid: '3e11fa47-71ca-11e1-9e33-c80aa9429562',
  version: '8.0.36',
  major_version: '8.0',
  version_comment: 'MySQL Community Server - GPL',
  read_only: 1,
  binlog_format: 'ROW',
  binlog_row_image: 'FULL',
  log_bin: 1,
  log_slave_updates: 1,
  binary_log_file: 'binlog.000002',
  binary_log_pos: 157,
  master_host: 'db1',
  master_port: 3306,
  master_uuid: '3e11fa47-71ca-11e1-9e33-c80aa9429561',
  slave_sql_running: 1,
  slave_io_running: 0,
  replication_sql_thread_state: 1,
  replication_io_thread_state: 2,
  has_replication_filters: 1,
  oracle_gtid: 1,
  mariadb_gtid: 0,
  supports_oracle_gtid: 1,
  gtid_mode: 'ON',
  executed_gtid_set: '3e11fa47-71ca-11e1-9e33-c80aa9429561:1-5',
  gtid_purged: '3e11fa47-71ca-11e1-9e33-c80aa9429561:1-2',
  gtid_errant: '3e11fa47-71ca-11e1-9e33-c80aa9429562:1',
  master_log_file: 'binlog.000007',
  read_master_log_pos: 300,
  relay_master_log_file: 'binlog.000006',
  exec_master_log_pos: 200,
  relay_log_file: 'relay.000003',
  relay_log_pos: 100,
  last_sql_error: '"could not \\"apply\\""',
  last_io_error: '',
  seconds_behind_master: 7,
  slave_lag_seconds: 7,
  sql_delay: 3600,
  allow_tls: 1,
  num_slave_hosts: 1,
  slave_hosts: '[{"Hostname":"db3","Port":3306}]',
  suggested_cluster_alias: 'main',
  data_center: 'dc1',
  region: 'r1',
  physical_environment: 'prod',
  instance_alias: 'two',
  semi_sync_enforced: 9,
  semi_sync_available: 1,
  semi_sync_master_enabled: 1,
  semi_sync_master_timeout: 10_000,
  semi_sync_master_wait_for_slave_count: 2,
  semi_sync_master_status: 1,
  semi_sync_master_clients: 3,
  semi_sync_replica_status: 1,
  semi_sync_replica_enabled: 1,
  has_replication_credentials: 1,
  replication_group_name: 'group',
  replication_group_member_state: 'ONLINE',
  replication_group_member_role: 'SECONDARY',
  replication_group_members: '[{"Hostname":"db1","Port":3306},{"Hostname":"db2","Port":3307}]',
  replication_group_primary_host: 'db1',
  replication_group_primary_port: 3306,
};

describe('a row of database_instance', () => {
  const written = instanceRow(watchedOf(ROW), 'db1:3306', 1);
  for (const [column, value] of Object.entries(ROW)) {
    it(`keeps ${column} when it is read and written again`, () => assert.equal(written[column], value));
  }

  it('takes cluster and depth from the topology of now, within what a column holds', () => {
    const { cluster_name, replication_depth } = instanceRow(watchedOf(ROW), 'db1:3306', 300);
    assert.deepEqual([cluster_name, replication_depth], ['db1:3306', 255]);
  });
});
