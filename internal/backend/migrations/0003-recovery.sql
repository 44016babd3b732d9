-- What was found, what was done about it, and the audit log.

CREATE TABLE IF NOT EXISTS database_instance_last_analysis (
  hostname text NOT NULL,
  port integer NOT NULL,
  analysis_timestamp timestamp NOT NULL DEFAULT '',
  analysis text NOT NULL DEFAULT '',
  PRIMARY KEY (hostname, port)
);
CREATE INDEX IF NOT EXISTS analysis_timestamp_idx_database_instance_last_analysis
  ON database_instance_last_analysis (analysis_timestamp);

CREATE TABLE IF NOT EXISTS database_instance_analysis_changelog (
  changelog_id integer PRIMARY KEY AUTOINCREMENT,
  hostname text NOT NULL DEFAULT '',
  port integer NOT NULL DEFAULT 0,
  analysis_timestamp timestamp NOT NULL DEFAULT '',
  analysis text NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS analysis_timestamp_idx_database_instance_analysis_changelog
  ON database_instance_analysis_changelog (analysis_timestamp);
CREATE INDEX IF NOT EXISTS instance_timestamp_idx_database_instance_analysis_changelog
  ON database_instance_analysis_changelog (hostname, port, analysis_timestamp);

CREATE TABLE IF NOT EXISTS database_instance_peer_analysis (
  peer text NOT NULL,
  hostname text NOT NULL,
  port integer NOT NULL,
  analysis_timestamp timestamp NOT NULL DEFAULT '',
  analysis text NOT NULL DEFAULT '',
  PRIMARY KEY (peer, hostname, port)
);

CREATE TABLE IF NOT EXISTS topology_failure_detection (
  detection_id integer PRIMARY KEY AUTOINCREMENT,
  hostname text NOT NULL DEFAULT '',
  port integer NOT NULL DEFAULT 0,
  in_active_period integer NOT NULL DEFAULT 0,
  start_active_period timestamp NOT NULL DEFAULT '',
  end_active_period_unixtime integer NOT NULL DEFAULT 0,
  processing_node_hostname text NOT NULL DEFAULT '',
  processcing_node_token text NOT NULL DEFAULT '',
  analysis text NOT NULL DEFAULT '',
  cluster_name text NOT NULL DEFAULT '',
  cluster_alias text NOT NULL DEFAULT '',
  count_affected_slaves integer NOT NULL DEFAULT 0,
  slave_hosts text NOT NULL DEFAULT '',
  is_actionable integer NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX IF NOT EXISTS host_port_active_recoverable_uidx_topology_failure_detection
  ON topology_failure_detection (hostname, port, in_active_period, end_active_period_unixtime, is_actionable);
CREATE INDEX IF NOT EXISTS in_active_start_period_idx_topology_failure_detection
  ON topology_failure_detection (in_active_period, start_active_period);

CREATE TABLE IF NOT EXISTS topology_recovery (
  recovery_id integer PRIMARY KEY AUTOINCREMENT,
  hostname text NOT NULL DEFAULT '',
  port integer NOT NULL DEFAULT 0,
  in_active_period integer NOT NULL DEFAULT 0,
  start_active_period timestamp NOT NULL DEFAULT '',
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
CREATE INDEX IF NOT EXISTS acknowledged_idx_topology_recovery
  ON topology_recovery (acknowledged, acknowledged_at);
CREATE INDEX IF NOT EXISTS cluster_name_in_active_idx_topology_recovery
  ON topology_recovery (cluster_name, in_active_period);
CREATE INDEX IF NOT EXISTS end_recovery_idx_topology_recovery
  ON topology_recovery (end_recovery);
CREATE UNIQUE INDEX IF NOT EXISTS hostname_port_active_period_uidx_topology_recovery
  ON topology_recovery (hostname, port, in_active_period, end_active_period_unixtime);
CREATE INDEX IF NOT EXISTS in_active_start_period_idx_topology_recovery
  ON topology_recovery (in_active_period, start_active_period);
CREATE INDEX IF NOT EXISTS last_detection_idx_topology_recovery
  ON topology_recovery (last_detection_id);
CREATE INDEX IF NOT EXISTS start_active_period_idx_topology_recovery
  ON topology_recovery (start_active_period);
CREATE INDEX IF NOT EXISTS uid_idx_topology_recovery
  ON topology_recovery (uid);

CREATE TABLE IF NOT EXISTS topology_recovery_steps (
  recovery_step_id integer PRIMARY KEY AUTOINCREMENT,
  recovery_uid text NOT NULL DEFAULT '',
  audit_at timestamp NOT NULL DEFAULT '',
  message text NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS recovery_uid_idx_topology_recovery_steps
  ON topology_recovery_steps (recovery_uid);

CREATE TABLE IF NOT EXISTS blocked_topology_recovery (
  hostname text NOT NULL,
  port integer NOT NULL,
  cluster_name text NOT NULL DEFAULT '',
  analysis text NOT NULL DEFAULT '',
  last_blocked_timestamp timestamp NOT NULL DEFAULT '',
  blocking_recovery_id integer,
  PRIMARY KEY (hostname, port)
);
CREATE INDEX IF NOT EXISTS cluster_blocked_idx_blocked_topology_recovery
  ON blocked_topology_recovery (cluster_name, last_blocked_timestamp);
CREATE INDEX IF NOT EXISTS last_blocked_idx_blocked_topology_recovery
  ON blocked_topology_recovery (last_blocked_timestamp);

CREATE TABLE IF NOT EXISTS global_recovery_disable (
  disable_recovery integer NOT NULL,
  PRIMARY KEY (disable_recovery)
);

CREATE TABLE IF NOT EXISTS audit (
  audit_id integer PRIMARY KEY AUTOINCREMENT,
  audit_timestamp timestamp NOT NULL DEFAULT '',
  audit_type text NOT NULL DEFAULT '',
  hostname text NOT NULL DEFAULT '',
  port integer NOT NULL DEFAULT 0,
  cluster_name text NOT NULL DEFAULT '',
  message text NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS audit_timestamp_idx_audit
  ON audit (audit_timestamp);
CREATE INDEX IF NOT EXISTS host_port_idx_audit
  ON audit (hostname, port, audit_timestamp);
