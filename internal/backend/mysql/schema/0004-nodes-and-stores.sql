-- Nodes, access, stores.

CREATE TABLE IF NOT EXISTS active_node (
  anchor tinyint unsigned NOT NULL,
  hostname varchar(128) NOT NULL,
  token varchar(128) NOT NULL,
  last_seen_active timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  first_seen_active timestamp NOT NULL DEFAULT '1971-01-01 00:00:00',
  PRIMARY KEY (anchor)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS node_health (
  hostname varchar(128) NOT NULL,
  token varchar(128) NOT NULL,
  last_seen_active timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  extra_info varchar(128) CHARACTER SET utf8 NOT NULL,
  command varchar(128) CHARACTER SET utf8 NOT NULL,
  app_version varchar(64) NOT NULL DEFAULT '',
  first_seen_active timestamp NOT NULL DEFAULT '1971-01-01 00:00:00',
  db_backend varchar(255) NOT NULL DEFAULT '',
  incrementing_indicator bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (hostname, token),
  KEY last_seen_active_idx (last_seen_active)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS node_health_history (
  history_id bigint unsigned NOT NULL AUTO_INCREMENT,
  hostname varchar(128) NOT NULL,
  token varchar(128) NOT NULL,
  first_seen_active timestamp NOT NULL DEFAULT '1971-01-01 00:00:00',
  extra_info varchar(128) CHARACTER SET utf8 NOT NULL,
  command varchar(128) CHARACTER SET utf8 NOT NULL,
  app_version varchar(64) NOT NULL DEFAULT '',
  PRIMARY KEY (history_id),
  KEY first_seen_active_idx_node_health_history (first_seen_active),
  UNIQUE KEY hostname_token_idx_node_health_history (hostname, token)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS access_token (
  access_token_id bigint unsigned NOT NULL AUTO_INCREMENT,
  public_token varchar(128) NOT NULL,
  secret_token varchar(128) NOT NULL,
  generated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  generated_by varchar(128) CHARACTER SET utf8 NOT NULL,
  is_acquired tinyint unsigned NOT NULL DEFAULT 0,
  is_reentrant tinyint unsigned NOT NULL DEFAULT 0,
  acquired_at timestamp NOT NULL DEFAULT '1971-01-01 00:00:00',
  PRIMARY KEY (access_token_id),
  KEY generated_at_idx_access_token (generated_at),
  UNIQUE KEY public_token_uidx_access_token (public_token)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS kv_store (
  store_key varchar(255) NOT NULL,
  store_value text CHARACTER SET utf8 NOT NULL,
  last_updated timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (store_key)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS orchestrator_db_deployments (
  deployed_version varchar(128) NOT NULL,
  deployed_timestamp timestamp NOT NULL DEFAULT '1971-01-01 00:00:00',
  PRIMARY KEY (deployed_version)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;
