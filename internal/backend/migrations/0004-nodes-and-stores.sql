-- Nodes, access, stores.

CREATE TABLE IF NOT EXISTS active_node (
  anchor integer NOT NULL,
  hostname text NOT NULL DEFAULT '',
  token text NOT NULL DEFAULT '',
  last_seen_active timestamp NOT NULL DEFAULT '',
  first_seen_active timestamp NOT NULL DEFAULT '1971-01-01 00:00:00',
  PRIMARY KEY (anchor)
);

CREATE TABLE IF NOT EXISTS node_health (
  hostname text NOT NULL,
  token text NOT NULL,
  last_seen_active timestamp NOT NULL DEFAULT '',
  extra_info text NOT NULL DEFAULT '',
  command text NOT NULL DEFAULT '',
  app_version text NOT NULL DEFAULT '',
  first_seen_active timestamp NOT NULL DEFAULT '1971-01-01 00:00:00',
  db_backend text NOT NULL DEFAULT '',
  incrementing_indicator integer NOT NULL DEFAULT 0,
  PRIMARY KEY (hostname, token)
);
CREATE INDEX IF NOT EXISTS last_seen_active_idx_node_health
  ON node_health (last_seen_active);

CREATE TABLE IF NOT EXISTS node_health_history (
  history_id integer PRIMARY KEY AUTOINCREMENT,
  hostname text NOT NULL DEFAULT '',
  token text NOT NULL DEFAULT '',
  first_seen_active timestamp NOT NULL DEFAULT '',
  extra_info text NOT NULL DEFAULT '',
  command text NOT NULL DEFAULT '',
  app_version text NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS first_seen_active_idx_node_health_history
  ON node_health_history (first_seen_active);
CREATE UNIQUE INDEX IF NOT EXISTS hostname_token_idx_node_health_history
  ON node_health_history (hostname, token);

CREATE TABLE IF NOT EXISTS access_token (
  access_token_id integer PRIMARY KEY AUTOINCREMENT,
  public_token text NOT NULL DEFAULT '',
  secret_token text NOT NULL DEFAULT '',
  generated_at timestamp NOT NULL DEFAULT '',
  generated_by text NOT NULL DEFAULT '',
  is_acquired integer NOT NULL DEFAULT 0,
  is_reentrant integer NOT NULL DEFAULT 0,
  acquired_at timestamp NOT NULL DEFAULT '1971-01-01 00:00:00'
);
CREATE INDEX IF NOT EXISTS generated_at_idx_access_token
  ON access_token (generated_at);
CREATE UNIQUE INDEX IF NOT EXISTS public_token_uidx_access_token
  ON access_token (public_token);

CREATE TABLE IF NOT EXISTS kv_store (
  store_key text NOT NULL,
  store_value text NOT NULL DEFAULT '',
  last_updated timestamp NOT NULL DEFAULT '',
  PRIMARY KEY (store_key)
);

CREATE TABLE IF NOT EXISTS orchestrator_db_deployments (
  deployed_version text NOT NULL,
  deployed_timestamp timestamp NOT NULL DEFAULT '',
  PRIMARY KEY (deployed_version)
);
