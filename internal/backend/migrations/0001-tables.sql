-- Tables and columns of the established schema, as SQLite keeps them. Times are UTC text `YYYY-MM-DD HH:MM:SS`.

CREATE TABLE IF NOT EXISTS database_instance (
  hostname text NOT NULL,
  port integer NOT NULL,
  last_checked timestamp NOT NULL DEFAULT '1971-01-01 00:00:00',
  last_attempted_check timestamp NOT NULL DEFAULT '1971-01-01 00:00:00',
  last_check_partial_success integer NOT NULL DEFAULT 0,
  last_seen timestamp,
  uptime integer NOT NULL DEFAULT 0,
  server_id integer NOT NULL DEFAULT 0,
  server_uuid text NOT NULL DEFAULT '',
  version text NOT NULL DEFAULT '',
  binlog_server integer NOT NULL DEFAULT 0,
  read_only integer NOT NULL DEFAULT 0,
  binlog_format text NOT NULL DEFAULT '',
  log_bin integer NOT NULL DEFAULT 0,
  log_slave_updates integer NOT NULL DEFAULT 0,
  binary_log_file text NOT NULL DEFAULT '',
  binary_log_pos integer NOT NULL DEFAULT 0,
  master_host text NOT NULL DEFAULT '',
  master_port integer NOT NULL DEFAULT 0,
  slave_sql_running integer NOT NULL DEFAULT 0,
  slave_io_running integer NOT NULL DEFAULT 0,
  replication_sql_thread_state integer NOT NULL DEFAULT 0,
  replication_io_thread_state integer NOT NULL DEFAULT 0,
  has_replication_filters integer NOT NULL DEFAULT 0,
  oracle_gtid integer NOT NULL DEFAULT 0,
  master_uuid text NOT NULL DEFAULT '',
  ancestry_uuid text NOT NULL DEFAULT '',
  executed_gtid_set text NOT NULL DEFAULT '',
  gtid_purged text NOT NULL DEFAULT '',
  gtid_errant text NOT NULL DEFAULT '',
  supports_oracle_gtid integer NOT NULL DEFAULT 0,
  mariadb_gtid integer NOT NULL DEFAULT 0,
  pseudo_gtid integer NOT NULL DEFAULT 0,
  master_log_file text NOT NULL DEFAULT '',
  read_master_log_pos integer NOT NULL DEFAULT 0,
  relay_master_log_file text NOT NULL DEFAULT '',
  exec_master_log_pos integer NOT NULL DEFAULT 0,
  relay_log_file text NOT NULL DEFAULT '',
  relay_log_pos integer NOT NULL DEFAULT 0,
  last_sql_error text NOT NULL DEFAULT '',
  last_io_error text NOT NULL DEFAULT '',
  seconds_behind_master integer,
  slave_lag_seconds integer,
  sql_delay integer NOT NULL DEFAULT 0,
  allow_tls integer NOT NULL DEFAULT 0,
  num_slave_hosts integer NOT NULL DEFAULT 0,
  slave_hosts text NOT NULL DEFAULT '',
  cluster_name text NOT NULL DEFAULT '',
  suggested_cluster_alias text NOT NULL DEFAULT '',
  data_center text NOT NULL DEFAULT '',
  region text NOT NULL DEFAULT '',
  physical_environment text NOT NULL DEFAULT '',
  instance_alias text NOT NULL DEFAULT '',
  semi_sync_enforced integer NOT NULL DEFAULT 0,
  semi_sync_available integer NOT NULL DEFAULT 0,
  replication_depth integer NOT NULL DEFAULT 0,
  is_co_master integer NOT NULL DEFAULT 0,
  replication_credentials_available integer NOT NULL DEFAULT 0,
  has_replication_credentials integer NOT NULL DEFAULT 0,
  version_comment text NOT NULL DEFAULT '',
  major_version text NOT NULL DEFAULT '',
  binlog_row_image text NOT NULL DEFAULT '',
  last_discovery_latency integer NOT NULL DEFAULT 0,
  semi_sync_master_enabled integer NOT NULL DEFAULT 0,
  semi_sync_master_timeout integer NOT NULL DEFAULT 0,
  semi_sync_master_wait_for_slave_count integer NOT NULL DEFAULT 0,
  semi_sync_master_status integer NOT NULL DEFAULT 0,
  semi_sync_master_clients integer NOT NULL DEFAULT 0,
  semi_sync_replica_status integer NOT NULL DEFAULT 0,
  semi_sync_replica_enabled integer NOT NULL DEFAULT 0,
  gtid_mode text NOT NULL DEFAULT '',
  replication_group_name text NOT NULL DEFAULT '',
  replication_group_is_single_primary_mode integer NOT NULL DEFAULT 1,
  replication_group_member_state text NOT NULL DEFAULT '',
  replication_group_member_role text NOT NULL DEFAULT '',
  replication_group_members text NOT NULL DEFAULT '',
  replication_group_primary_host text NOT NULL DEFAULT '',
  replication_group_primary_port integer NOT NULL DEFAULT 0,
  PRIMARY KEY (hostname, port)
);

CREATE TABLE IF NOT EXISTS database_instance_downtime (
  hostname text NOT NULL,
  port integer NOT NULL,
  downtime_active integer,
  begin_timestamp timestamp DEFAULT '1971-01-01 00:00:00',
  end_timestamp timestamp,
  owner text NOT NULL DEFAULT '',
  reason text NOT NULL DEFAULT '',
  PRIMARY KEY (hostname, port)
);

CREATE TABLE IF NOT EXISTS candidate_database_instance (
  hostname text NOT NULL,
  port integer NOT NULL,
  last_suggested timestamp NOT NULL DEFAULT '1971-01-01 00:00:00',
  priority integer NOT NULL DEFAULT 1,
  promotion_rule text NOT NULL DEFAULT 'neutral',
  PRIMARY KEY (hostname, port)
);

CREATE TABLE IF NOT EXISTS topology_recovery (
  recovery_id integer PRIMARY KEY AUTOINCREMENT,
  hostname text NOT NULL,
  port integer NOT NULL,
  in_active_period integer NOT NULL DEFAULT 0,
  start_active_period timestamp NOT NULL DEFAULT '1971-01-01 00:00:00',
  end_active_period_unixtime integer,
  end_recovery timestamp,
  processing_node_hostname text NOT NULL DEFAULT '',
  processcing_node_token text NOT NULL DEFAULT '',
  is_successful integer NOT NULL DEFAULT 0,
  successor_hostname text,
  successor_port integer,
  analysis text NOT NULL DEFAULT '',
  cluster_name text NOT NULL DEFAULT '',
  cluster_alias text NOT NULL DEFAULT '',
  count_affected_slaves integer NOT NULL DEFAULT 0,
  slave_hosts text NOT NULL DEFAULT '',
  participating_instances text NOT NULL DEFAULT '',
  lost_slaves text NOT NULL DEFAULT '',
  all_errors text NOT NULL DEFAULT '',
  acknowledged integer NOT NULL DEFAULT 0,
  acknowledged_at timestamp,
  acknowledged_by text NOT NULL DEFAULT '',
  acknowledge_comment text NOT NULL DEFAULT '',
  last_detection_id integer NOT NULL DEFAULT 0,
  successor_alias text,
  uid text NOT NULL DEFAULT ''
);

CREATE TABLE IF NOT EXISTS topology_recovery_steps (
  recovery_step_id integer PRIMARY KEY AUTOINCREMENT,
  recovery_uid text NOT NULL DEFAULT '',
  audit_at timestamp NOT NULL DEFAULT '1971-01-01 00:00:00',
  message text NOT NULL DEFAULT ''
);

CREATE TABLE IF NOT EXISTS global_recovery_disable (
  disable_recovery integer NOT NULL,
  PRIMARY KEY (disable_recovery)
);

CREATE TABLE IF NOT EXISTS audit (
  audit_id integer PRIMARY KEY AUTOINCREMENT,
  audit_timestamp timestamp NOT NULL DEFAULT '1971-01-01 00:00:00',
  audit_type text NOT NULL DEFAULT '',
  hostname text NOT NULL DEFAULT '',
  port integer NOT NULL,
  cluster_name text NOT NULL DEFAULT '',
  message text NOT NULL DEFAULT ''
);

CREATE UNIQUE INDEX IF NOT EXISTS hostname_port_active_period_uidx_topology_recovery
  ON topology_recovery (hostname, port, in_active_period, end_active_period_unixtime);
CREATE INDEX IF NOT EXISTS recovery_uid_idx_topology_recovery_steps ON topology_recovery_steps (recovery_uid);
CREATE INDEX IF NOT EXISTS cluster_name_idx_database_instance ON database_instance (cluster_name);

-- Ours: what a recovery was about to do, written before it did it.
CREATE TABLE IF NOT EXISTS recovery_journal (
  recovery_uid text NOT NULL,
  step_number integer NOT NULL,
  step text NOT NULL,
  started_at timestamp NOT NULL,
  ended_at timestamp,
  error text,
  PRIMARY KEY (recovery_uid, step_number)
);

-- Ours: replaced primaries that have not been made read-only yet.
CREATE TABLE IF NOT EXISTS fence_intent (
  hostname text NOT NULL,
  port integer NOT NULL,
  cluster_name text NOT NULL,
  successor_hostname text NOT NULL,
  successor_port integer NOT NULL,
  created_at timestamp NOT NULL,
  PRIMARY KEY (hostname, port)
);
