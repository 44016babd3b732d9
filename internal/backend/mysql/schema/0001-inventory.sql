-- Servers, what people said about them, and positions. Names, types and indexes are those of the established schema on MySQL, with
-- two differences that it does not notice: GTID sets are of 16 MB in place of 64 KB, and times that it wants a value for have a default.
-- One column or key to a line: `schema.ts` reads these files. Times are UTC: every session of ours says so.

CREATE TABLE IF NOT EXISTS database_instance (
  hostname varchar(128) NOT NULL,
  port smallint unsigned NOT NULL,
  last_checked timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  last_attempted_check timestamp NOT NULL DEFAULT '1971-01-01 00:00:00',
  last_check_partial_success tinyint unsigned NOT NULL,
  last_seen timestamp NULL DEFAULT NULL,
  uptime int unsigned NOT NULL,
  server_id int unsigned NOT NULL,
  server_uuid varchar(64) NOT NULL,
  version varchar(128) NOT NULL,
  binlog_server tinyint unsigned NOT NULL,
  read_only tinyint unsigned NOT NULL,
  binlog_format varchar(16) NOT NULL,
  log_bin tinyint unsigned NOT NULL,
  log_slave_updates tinyint unsigned NOT NULL,
  binary_log_file varchar(128) NOT NULL,
  binary_log_pos bigint unsigned NOT NULL,
  master_host varchar(128) NOT NULL,
  master_port smallint unsigned NOT NULL,
  slave_sql_running tinyint unsigned NOT NULL,
  slave_io_running tinyint unsigned NOT NULL,
  replication_sql_thread_state tinyint NOT NULL DEFAULT 0,
  replication_io_thread_state tinyint NOT NULL DEFAULT 0,
  has_replication_filters tinyint unsigned NOT NULL,
  oracle_gtid tinyint unsigned NOT NULL,
  master_uuid varchar(64) NOT NULL,
  ancestry_uuid mediumtext NOT NULL,
  executed_gtid_set mediumtext NOT NULL,
  gtid_purged mediumtext NOT NULL,
  gtid_errant mediumtext NOT NULL,
  supports_oracle_gtid tinyint unsigned NOT NULL,
  mariadb_gtid tinyint unsigned NOT NULL,
  pseudo_gtid tinyint unsigned NOT NULL,
  master_log_file varchar(128) NOT NULL,
  read_master_log_pos bigint unsigned NOT NULL,
  relay_master_log_file varchar(128) NOT NULL,
  exec_master_log_pos bigint unsigned NOT NULL,
  relay_log_file varchar(128) NOT NULL,
  relay_log_pos bigint unsigned NOT NULL,
  last_sql_error text NOT NULL,
  last_io_error text NOT NULL,
  seconds_behind_master bigint unsigned DEFAULT NULL,
  slave_lag_seconds bigint unsigned DEFAULT NULL,
  sql_delay int unsigned NOT NULL,
  allow_tls tinyint unsigned NOT NULL,
  num_slave_hosts int unsigned NOT NULL,
  slave_hosts text NOT NULL,
  cluster_name varchar(128) NOT NULL,
  suggested_cluster_alias varchar(128) NOT NULL,
  data_center varchar(32) NOT NULL,
  region varchar(32) NOT NULL,
  physical_environment varchar(32) NOT NULL,
  instance_alias varchar(128) NOT NULL,
  semi_sync_enforced tinyint unsigned NOT NULL,
  semi_sync_available tinyint unsigned NOT NULL DEFAULT 0,
  replication_depth tinyint unsigned NOT NULL,
  is_co_master tinyint unsigned NOT NULL,
  replication_credentials_available tinyint unsigned NOT NULL,
  has_replication_credentials tinyint unsigned NOT NULL,
  version_comment varchar(128) NOT NULL DEFAULT '',
  major_version varchar(16) NOT NULL,
  binlog_row_image varchar(16) NOT NULL,
  last_discovery_latency bigint NOT NULL,
  semi_sync_master_enabled tinyint unsigned NOT NULL,
  semi_sync_master_timeout bigint unsigned NOT NULL DEFAULT 0,
  semi_sync_master_wait_for_slave_count int unsigned NOT NULL DEFAULT 0,
  semi_sync_master_status tinyint unsigned NOT NULL DEFAULT 0,
  semi_sync_master_clients int unsigned NOT NULL DEFAULT 0,
  semi_sync_replica_status tinyint unsigned NOT NULL DEFAULT 0,
  semi_sync_replica_enabled tinyint unsigned NOT NULL,
  gtid_mode varchar(32) NOT NULL,
  replication_group_name varchar(64) NOT NULL DEFAULT '',
  replication_group_is_single_primary_mode tinyint unsigned NOT NULL DEFAULT 1,
  replication_group_member_state varchar(16) NOT NULL DEFAULT '',
  replication_group_member_role varchar(16) NOT NULL DEFAULT '',
  replication_group_members text NOT NULL,
  replication_group_primary_host varchar(128) NOT NULL DEFAULT '',
  replication_group_primary_port smallint unsigned NOT NULL DEFAULT 0,
  PRIMARY KEY (hostname, port),
  KEY cluster_name_idx_database_instance (cluster_name),
  KEY last_checked_idx_database_instance (last_checked),
  KEY last_seen_idx_database_instance (last_seen),
  KEY master_host_port_idx_database_instance (master_host, master_port),
  KEY suggested_cluster_alias_idx_database_instance (suggested_cluster_alias)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS database_instance_tls (
  hostname varchar(128) NOT NULL,
  port smallint unsigned NOT NULL,
  required tinyint unsigned NOT NULL DEFAULT 0,
  PRIMARY KEY (hostname, port)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS database_instance_maintenance (
  database_instance_maintenance_id int unsigned NOT NULL AUTO_INCREMENT,
  hostname varchar(128) NOT NULL,
  port smallint unsigned NOT NULL,
  maintenance_active tinyint DEFAULT NULL,
  begin_timestamp timestamp NULL DEFAULT NULL,
  end_timestamp timestamp NULL DEFAULT NULL,
  owner varchar(128) CHARACTER SET utf8 NOT NULL,
  reason text CHARACTER SET utf8 NOT NULL,
  processing_node_hostname varchar(128) NOT NULL,
  processing_node_token varchar(128) NOT NULL,
  explicitly_bounded tinyint unsigned NOT NULL,
  PRIMARY KEY (database_instance_maintenance_id),
  KEY active_end_timestamp_idx (maintenance_active, end_timestamp),
  KEY active_timestamp_idx (maintenance_active, begin_timestamp),
  UNIQUE KEY maintenance_uidx_database_instance_maintenance (maintenance_active, hostname, port)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS database_instance_downtime (
  hostname varchar(128) NOT NULL,
  port smallint unsigned NOT NULL,
  downtime_active tinyint DEFAULT NULL,
  begin_timestamp timestamp NULL DEFAULT CURRENT_TIMESTAMP,
  end_timestamp timestamp NULL DEFAULT NULL,
  owner varchar(128) CHARACTER SET utf8 NOT NULL,
  reason text CHARACTER SET utf8 NOT NULL,
  PRIMARY KEY (hostname, port),
  KEY end_timestamp_idx_database_instance_downtime (end_timestamp)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS database_instance_tags (
  hostname varchar(128) NOT NULL,
  port smallint unsigned NOT NULL,
  tag_name varchar(128) CHARACTER SET utf8 NOT NULL,
  tag_value varchar(128) CHARACTER SET utf8 NOT NULL,
  last_updated timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (hostname, port, tag_name),
  KEY tag_name_idx_database_instance_tags (tag_name)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS database_instance_pool (
  hostname varchar(128) NOT NULL,
  port smallint unsigned NOT NULL,
  pool varchar(128) NOT NULL,
  registered_at timestamp NOT NULL DEFAULT '1971-01-01 00:00:00',
  PRIMARY KEY (hostname, port, pool),
  KEY pool_idx_database_instance_pool (pool)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS candidate_database_instance (
  hostname varchar(128) NOT NULL,
  port smallint unsigned NOT NULL,
  last_suggested timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  priority tinyint NOT NULL DEFAULT 1,
  promotion_rule enum ('must', 'prefer', 'neutral', 'prefer_not', 'must_not') NOT NULL DEFAULT 'neutral',
  PRIMARY KEY (hostname, port),
  KEY last_suggested_idx_candidate_database_instance (last_suggested)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS host_attributes (
  hostname varchar(128) NOT NULL,
  attribute_name varchar(128) NOT NULL,
  attribute_value varchar(128) NOT NULL,
  submit_timestamp timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  expire_timestamp timestamp NULL DEFAULT NULL,
  PRIMARY KEY (hostname, attribute_name),
  KEY attribute_name_idx_host_attributes (attribute_name),
  KEY attribute_value_idx_host_attributes (attribute_value),
  KEY expire_timestamp_idx_host_attributes (expire_timestamp),
  KEY submit_timestamp_idx_host_attributes (submit_timestamp)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS database_instance_coordinates_history (
  history_id bigint unsigned NOT NULL AUTO_INCREMENT,
  hostname varchar(128) NOT NULL,
  port smallint unsigned NOT NULL,
  recorded_timestamp timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  last_seen timestamp NOT NULL DEFAULT '1971-01-01 00:00:00',
  binary_log_file varchar(128) NOT NULL,
  binary_log_pos bigint unsigned NOT NULL,
  relay_log_file varchar(128) NOT NULL,
  relay_log_pos bigint unsigned NOT NULL,
  PRIMARY KEY (history_id),
  KEY hostname_port_recorded_idx_database_instance_coordinates_history (hostname, port, recorded_timestamp),
  KEY recorded_timestmp_idx_database_instance_coordinates_history (recorded_timestamp)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS master_position_equivalence (
  equivalence_id bigint unsigned NOT NULL AUTO_INCREMENT,
  master1_hostname varchar(128) NOT NULL,
  master1_port smallint unsigned NOT NULL,
  master1_binary_log_file varchar(128) NOT NULL,
  master1_binary_log_pos bigint unsigned NOT NULL,
  master2_hostname varchar(128) NOT NULL,
  master2_port smallint unsigned NOT NULL,
  master2_binary_log_file varchar(128) NOT NULL,
  master2_binary_log_pos bigint unsigned NOT NULL,
  last_suggested timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (equivalence_id),
  UNIQUE KEY equivalence_uidx_master_position_equivalence (master1_hostname, master1_port, master1_binary_log_file, master1_binary_log_pos, master2_hostname, master2_port),
  KEY last_suggested_idx_master_position_equivalence (last_suggested),
  KEY master2_idx_master_position_equivalence (master2_hostname, master2_port, master2_binary_log_file, master2_binary_log_pos)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS database_instance_stale_binlog_coordinates (
  hostname varchar(128) NOT NULL,
  port smallint unsigned NOT NULL,
  binary_log_file varchar(128) NOT NULL,
  binary_log_pos bigint unsigned NOT NULL,
  first_seen timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (hostname, port),
  KEY first_seen_idx_database_instance_stale_binlog_coordinates (first_seen)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS database_instance_topology_history (
  snapshot_unix_timestamp int unsigned NOT NULL,
  hostname varchar(128) NOT NULL,
  port smallint unsigned NOT NULL,
  master_host varchar(128) NOT NULL,
  master_port smallint unsigned NOT NULL,
  cluster_name tinytext NOT NULL,
  version varchar(128) NOT NULL,
  PRIMARY KEY (snapshot_unix_timestamp, hostname, port),
  KEY cluster_name_idx_database_instance_topology_history (snapshot_unix_timestamp, cluster_name(128))
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;
