-- What was found, what was done about it, and the audit log.

CREATE TABLE IF NOT EXISTS database_instance_last_analysis (
  hostname varchar(128) NOT NULL,
  port smallint unsigned NOT NULL,
  analysis_timestamp timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  analysis varchar(128) NOT NULL,
  PRIMARY KEY (hostname, port),
  KEY analysis_timestamp_idx_database_instance_last_analysis (analysis_timestamp)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS database_instance_analysis_changelog (
  changelog_id bigint unsigned NOT NULL AUTO_INCREMENT,
  hostname varchar(128) NOT NULL,
  port smallint unsigned NOT NULL,
  analysis_timestamp timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  analysis varchar(128) NOT NULL,
  PRIMARY KEY (changelog_id),
  KEY analysis_timestamp_idx_database_instance_analysis_changelog (analysis_timestamp),
  KEY instance_timestamp_idx (hostname, port, analysis_timestamp)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS database_instance_peer_analysis (
  peer varchar(128) NOT NULL,
  hostname varchar(128) NOT NULL,
  port smallint unsigned NOT NULL,
  analysis_timestamp timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  analysis varchar(128) NOT NULL,
  PRIMARY KEY (peer, hostname, port)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS topology_failure_detection (
  detection_id bigint unsigned NOT NULL AUTO_INCREMENT,
  hostname varchar(128) NOT NULL,
  port smallint unsigned NOT NULL,
  in_active_period tinyint unsigned NOT NULL DEFAULT 0,
  start_active_period timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  end_active_period_unixtime int unsigned NOT NULL,
  processing_node_hostname varchar(128) NOT NULL,
  processcing_node_token varchar(128) NOT NULL,
  analysis varchar(128) NOT NULL,
  cluster_name varchar(128) NOT NULL,
  cluster_alias varchar(128) NOT NULL,
  count_affected_slaves int unsigned NOT NULL,
  slave_hosts text NOT NULL,
  is_actionable tinyint NOT NULL DEFAULT 0,
  PRIMARY KEY (detection_id),
  UNIQUE KEY host_port_active_recoverable_uidx_topology_failure_detection (hostname, port, in_active_period, end_active_period_unixtime, is_actionable),
  KEY in_active_start_period_idx_topology_failure_detection (in_active_period, start_active_period)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS topology_recovery (
  recovery_id bigint unsigned NOT NULL AUTO_INCREMENT,
  hostname varchar(128) NOT NULL,
  port smallint unsigned NOT NULL,
  in_active_period tinyint unsigned NOT NULL DEFAULT 0,
  start_active_period timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  end_active_period_unixtime int unsigned DEFAULT NULL,
  end_recovery timestamp NULL DEFAULT NULL,
  processing_node_hostname varchar(128) NOT NULL,
  processcing_node_token varchar(128) NOT NULL,
  is_successful tinyint unsigned NOT NULL DEFAULT 0,
  successor_hostname varchar(128) DEFAULT NULL,
  successor_port smallint unsigned DEFAULT NULL,
  analysis varchar(128) NOT NULL,
  cluster_name varchar(128) NOT NULL,
  cluster_alias varchar(128) NOT NULL,
  count_affected_slaves int unsigned NOT NULL,
  slave_hosts text NOT NULL,
  participating_instances text NOT NULL,
  lost_slaves text NOT NULL,
  all_errors text NOT NULL,
  acknowledged tinyint unsigned NOT NULL DEFAULT 0,
  acknowledged_at timestamp NULL DEFAULT NULL,
  acknowledged_by varchar(128) CHARACTER SET utf8 NOT NULL,
  acknowledge_comment text CHARACTER SET utf8 NOT NULL,
  last_detection_id bigint unsigned NOT NULL,
  successor_alias varchar(128) DEFAULT NULL,
  uid varchar(128) NOT NULL,
  PRIMARY KEY (recovery_id),
  KEY acknowledged_idx (acknowledged, acknowledged_at),
  KEY cluster_name_in_active_idx (cluster_name, in_active_period),
  KEY end_recovery_idx (end_recovery),
  UNIQUE KEY hostname_port_active_period_uidx_topology_recovery (hostname, port, in_active_period, end_active_period_unixtime),
  KEY in_active_start_period_idx_topology_recovery (in_active_period, start_active_period),
  KEY last_detection_idx (last_detection_id),
  KEY start_active_period_idx_topology_recovery (start_active_period),
  KEY uid_idx_topology_recovery (uid)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS topology_recovery_steps (
  recovery_step_id bigint unsigned NOT NULL AUTO_INCREMENT,
  recovery_uid varchar(128) NOT NULL,
  audit_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  message text CHARACTER SET utf8 NOT NULL,
  PRIMARY KEY (recovery_step_id),
  KEY recovery_uid_idx_topology_recovery_steps (recovery_uid)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS blocked_topology_recovery (
  hostname varchar(128) NOT NULL,
  port smallint unsigned NOT NULL,
  cluster_name varchar(128) NOT NULL,
  analysis varchar(128) NOT NULL,
  last_blocked_timestamp timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  blocking_recovery_id bigint unsigned DEFAULT NULL,
  PRIMARY KEY (hostname, port),
  KEY cluster_blocked_idx_blocked_topology_recovery (cluster_name, last_blocked_timestamp),
  KEY last_blocked_idx (last_blocked_timestamp)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS global_recovery_disable (
  disable_recovery tinyint unsigned NOT NULL,
  PRIMARY KEY (disable_recovery)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS audit (
  audit_id bigint unsigned NOT NULL AUTO_INCREMENT,
  audit_timestamp timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  audit_type varchar(128) NOT NULL,
  hostname varchar(128) NOT NULL DEFAULT '',
  port smallint unsigned NOT NULL,
  cluster_name varchar(128) NOT NULL DEFAULT '',
  message text CHARACTER SET utf8 NOT NULL,
  PRIMARY KEY (audit_id),
  KEY audit_timestamp_idx_audit (audit_timestamp),
  KEY host_port_idx_audit (hostname, port, audit_timestamp)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;
