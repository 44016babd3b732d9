-- Servers and what people said about them. Names, types and indexes are those of the established schema on SQLite;
-- columns that it wants a value for have a default here, so that rows written by hand may leave them out. Times are UTC
-- text, `YYYY-MM-DD HH:MM:SS`.

CREATE TABLE IF NOT EXISTS database_instance (
  hostname text NOT NULL,
  port integer NOT NULL,
  last_checked timestamp NOT NULL DEFAULT '',
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
CREATE INDEX IF NOT EXISTS cluster_name_idx_database_instance
  ON database_instance (cluster_name);
CREATE INDEX IF NOT EXISTS last_checked_idx_database_instance
  ON database_instance (last_checked);
CREATE INDEX IF NOT EXISTS last_seen_idx_database_instance
  ON database_instance (last_seen);
CREATE INDEX IF NOT EXISTS master_host_port_idx_database_instance_database_instance
  ON database_instance (master_host, master_port);
CREATE INDEX IF NOT EXISTS suggested_cluster_alias_idx_database_instance
  ON database_instance (suggested_cluster_alias);

CREATE TABLE IF NOT EXISTS database_instance_tls (
  hostname text NOT NULL,
  port integer NOT NULL,
  required integer NOT NULL DEFAULT 0,
  PRIMARY KEY (hostname, port)
);

CREATE TABLE IF NOT EXISTS database_instance_maintenance (
  database_instance_maintenance_id integer PRIMARY KEY AUTOINCREMENT,
  hostname text NOT NULL DEFAULT '',
  port integer NOT NULL DEFAULT 0,
  maintenance_active integer,
  begin_timestamp timestamp,
  end_timestamp timestamp,
  owner text NOT NULL DEFAULT '',
  reason text NOT NULL DEFAULT '',
  processing_node_hostname text NOT NULL DEFAULT '',
  processing_node_token text NOT NULL DEFAULT '',
  explicitly_bounded integer NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS active_end_timestamp_idx_database_instance_maintenance
  ON database_instance_maintenance (maintenance_active, end_timestamp);
CREATE INDEX IF NOT EXISTS active_timestamp_idx_database_instance_maintenance
  ON database_instance_maintenance (maintenance_active, begin_timestamp);
CREATE UNIQUE INDEX IF NOT EXISTS maintenance_uidx_database_instance_maintenance
  ON database_instance_maintenance (maintenance_active, hostname, port);

CREATE TABLE IF NOT EXISTS database_instance_downtime (
  hostname text NOT NULL,
  port integer NOT NULL,
  downtime_active integer,
  begin_timestamp timestamp DEFAULT '',
  end_timestamp timestamp,
  owner text NOT NULL DEFAULT '',
  reason text NOT NULL DEFAULT '',
  PRIMARY KEY (hostname, port)
);
CREATE INDEX IF NOT EXISTS end_timestamp_idx_database_instance_downtime
  ON database_instance_downtime (end_timestamp);

CREATE TABLE IF NOT EXISTS database_instance_tags (
  hostname text NOT NULL,
  port integer NOT NULL,
  tag_name text NOT NULL,
  tag_value text NOT NULL DEFAULT '',
  last_updated timestamp NOT NULL DEFAULT '',
  PRIMARY KEY (hostname, port, tag_name)
);
CREATE INDEX IF NOT EXISTS tag_name_idx_database_instance_tags
  ON database_instance_tags (tag_name);

CREATE TABLE IF NOT EXISTS database_instance_pool (
  hostname text NOT NULL,
  port integer NOT NULL,
  pool text NOT NULL,
  registered_at timestamp NOT NULL DEFAULT '1971-01-01 00:00:00',
  PRIMARY KEY (hostname, port, pool)
);
CREATE INDEX IF NOT EXISTS pool_idx_database_instance_pool
  ON database_instance_pool (pool);

CREATE TABLE IF NOT EXISTS candidate_database_instance (
  hostname text NOT NULL,
  port integer NOT NULL,
  last_suggested timestamp NOT NULL DEFAULT '',
  priority integer NOT NULL DEFAULT 1,
  promotion_rule text NOT NULL DEFAULT 'neutral'
    CHECK (promotion_rule IN ('must', 'prefer', 'neutral', 'prefer_not', 'must_not')),
  PRIMARY KEY (hostname, port)
);
CREATE INDEX IF NOT EXISTS last_suggested_idx_candidate_database_instance
  ON candidate_database_instance (last_suggested);

CREATE TABLE IF NOT EXISTS host_attributes (
  hostname text NOT NULL,
  attribute_name text NOT NULL,
  attribute_value text NOT NULL DEFAULT '',
  submit_timestamp timestamp NOT NULL DEFAULT '',
  expire_timestamp timestamp,
  PRIMARY KEY (hostname, attribute_name)
);
CREATE INDEX IF NOT EXISTS attribute_name_idx_host_attributes
  ON host_attributes (attribute_name);
CREATE INDEX IF NOT EXISTS attribute_value_idx_host_attributes
  ON host_attributes (attribute_value);
CREATE INDEX IF NOT EXISTS expire_timestamp_idx_host_attributes
  ON host_attributes (expire_timestamp);
CREATE INDEX IF NOT EXISTS submit_timestamp_idx_host_attributes
  ON host_attributes (submit_timestamp);

CREATE TABLE IF NOT EXISTS database_instance_coordinates_history (
  history_id integer PRIMARY KEY AUTOINCREMENT,
  hostname text NOT NULL DEFAULT '',
  port integer NOT NULL DEFAULT 0,
  recorded_timestamp timestamp NOT NULL DEFAULT '',
  last_seen timestamp NOT NULL DEFAULT '1971-01-01 00:00:00',
  binary_log_file text NOT NULL DEFAULT '',
  binary_log_pos integer NOT NULL DEFAULT 0,
  relay_log_file text NOT NULL DEFAULT '',
  relay_log_pos integer NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS hostname_port_recorded_idx_database_instance_coordinates_history
  ON database_instance_coordinates_history (hostname, port, recorded_timestamp);
CREATE INDEX IF NOT EXISTS recorded_timestmp_idx_database_instance_coordinates_history
  ON database_instance_coordinates_history (recorded_timestamp);

CREATE TABLE IF NOT EXISTS master_position_equivalence (
  equivalence_id integer PRIMARY KEY AUTOINCREMENT,
  master1_hostname text NOT NULL DEFAULT '',
  master1_port integer NOT NULL DEFAULT 0,
  master1_binary_log_file text NOT NULL DEFAULT '',
  master1_binary_log_pos integer NOT NULL DEFAULT 0,
  master2_hostname text NOT NULL DEFAULT '',
  master2_port integer NOT NULL DEFAULT 0,
  master2_binary_log_file text NOT NULL DEFAULT '',
  master2_binary_log_pos integer NOT NULL DEFAULT 0,
  last_suggested timestamp NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX IF NOT EXISTS equivalence_uidx_master_position_equivalence
  ON master_position_equivalence (master1_hostname, master1_port, master1_binary_log_file, master1_binary_log_pos, master2_hostname, master2_port);
CREATE INDEX IF NOT EXISTS last_suggested_idx_master_position_equivalence
  ON master_position_equivalence (last_suggested);
CREATE INDEX IF NOT EXISTS master2_idx_master_position_equivalence
  ON master_position_equivalence (master2_hostname, master2_port, master2_binary_log_file, master2_binary_log_pos);

CREATE TABLE IF NOT EXISTS database_instance_stale_binlog_coordinates (
  hostname text NOT NULL,
  port integer NOT NULL,
  binary_log_file text NOT NULL DEFAULT '',
  binary_log_pos integer NOT NULL DEFAULT 0,
  first_seen timestamp NOT NULL DEFAULT '',
  PRIMARY KEY (hostname, port)
);
CREATE INDEX IF NOT EXISTS first_seen_idx_database_instance_stale_binlog_coordinates
  ON database_instance_stale_binlog_coordinates (first_seen);

CREATE TABLE IF NOT EXISTS database_instance_topology_history (
  snapshot_unix_timestamp integer NOT NULL,
  hostname text NOT NULL,
  port integer NOT NULL,
  master_host text NOT NULL DEFAULT '',
  master_port integer NOT NULL DEFAULT 0,
  cluster_name text NOT NULL DEFAULT '',
  version text NOT NULL DEFAULT '',
  PRIMARY KEY (snapshot_unix_timestamp, hostname, port)
);
CREATE INDEX IF NOT EXISTS cluster_name_idx_database_instance_topology_history
  ON database_instance_topology_history (snapshot_unix_timestamp, cluster_name);
