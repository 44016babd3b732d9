-- Names: of clusters, and of hosts.

CREATE TABLE IF NOT EXISTS cluster_alias (
  cluster_name text NOT NULL,
  alias text NOT NULL DEFAULT '',
  last_registered timestamp NOT NULL DEFAULT '',
  PRIMARY KEY (cluster_name)
);
CREATE UNIQUE INDEX IF NOT EXISTS alias_uidx_cluster_alias
  ON cluster_alias (alias);
CREATE INDEX IF NOT EXISTS last_registered_idx_cluster_alias
  ON cluster_alias (last_registered);

CREATE TABLE IF NOT EXISTS cluster_alias_override (
  cluster_name text NOT NULL,
  alias text NOT NULL DEFAULT '',
  PRIMARY KEY (cluster_name)
);

CREATE TABLE IF NOT EXISTS cluster_domain_name (
  cluster_name text NOT NULL,
  domain_name text NOT NULL DEFAULT '',
  last_registered timestamp NOT NULL DEFAULT '',
  PRIMARY KEY (cluster_name)
);
CREATE INDEX IF NOT EXISTS domain_name_idx_cluster_domain_name
  ON cluster_domain_name (domain_name);
CREATE INDEX IF NOT EXISTS last_registered_idx_cluster_domain_name
  ON cluster_domain_name (last_registered);

CREATE TABLE IF NOT EXISTS cluster_injected_pseudo_gtid (
  cluster_name text NOT NULL,
  time_injected timestamp NOT NULL DEFAULT '',
  PRIMARY KEY (cluster_name)
);

CREATE TABLE IF NOT EXISTS hostname_resolve (
  hostname text NOT NULL,
  resolved_hostname text NOT NULL DEFAULT '',
  resolved_timestamp timestamp NOT NULL DEFAULT '',
  PRIMARY KEY (hostname)
);
CREATE INDEX IF NOT EXISTS resolved_timestamp_idx_hostname_resolve
  ON hostname_resolve (resolved_timestamp);

CREATE TABLE IF NOT EXISTS hostname_resolve_history (
  resolved_hostname text NOT NULL,
  hostname text NOT NULL DEFAULT '',
  resolved_timestamp timestamp NOT NULL DEFAULT '',
  PRIMARY KEY (resolved_hostname)
);
CREATE INDEX IF NOT EXISTS hostname_idx_hostname_resolve_history
  ON hostname_resolve_history (hostname);
CREATE INDEX IF NOT EXISTS resolved_timestamp_idx_hostname_resolve_history
  ON hostname_resolve_history (resolved_timestamp);

CREATE TABLE IF NOT EXISTS hostname_unresolve (
  hostname text NOT NULL,
  unresolved_hostname text NOT NULL DEFAULT '',
  last_registered timestamp NOT NULL DEFAULT '',
  PRIMARY KEY (hostname)
);
CREATE INDEX IF NOT EXISTS last_registered_idx_hostname_unresolve
  ON hostname_unresolve (last_registered);
CREATE INDEX IF NOT EXISTS unresolved_hostname_idx_hostname_unresolve
  ON hostname_unresolve (unresolved_hostname);

CREATE TABLE IF NOT EXISTS hostname_unresolve_history (
  unresolved_hostname text NOT NULL,
  hostname text NOT NULL DEFAULT '',
  last_registered timestamp NOT NULL DEFAULT '',
  PRIMARY KEY (unresolved_hostname)
);
CREATE INDEX IF NOT EXISTS hostname_idx_hostname_unresolve_history
  ON hostname_unresolve_history (hostname);
CREATE INDEX IF NOT EXISTS last_registered_idx_hostname_unresolve_history
  ON hostname_unresolve_history (last_registered);

CREATE TABLE IF NOT EXISTS hostname_ips (
  hostname text NOT NULL,
  ipv4 text NOT NULL DEFAULT '',
  ipv6 text NOT NULL DEFAULT '',
  last_updated timestamp NOT NULL DEFAULT '',
  PRIMARY KEY (hostname)
);
