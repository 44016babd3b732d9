-- Names: of clusters, and of hosts.

CREATE TABLE IF NOT EXISTS cluster_alias (
  cluster_name varchar(128) NOT NULL,
  alias varchar(128) NOT NULL,
  last_registered timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (cluster_name),
  UNIQUE KEY alias_uidx (alias),
  KEY last_registered_idx (last_registered)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS cluster_alias_override (
  cluster_name varchar(128) NOT NULL,
  alias varchar(128) NOT NULL,
  PRIMARY KEY (cluster_name)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS cluster_domain_name (
  cluster_name varchar(128) NOT NULL,
  domain_name varchar(128) NOT NULL,
  last_registered timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (cluster_name),
  KEY domain_name_idx_cluster_domain_name (domain_name(32)),
  KEY last_registered_idx (last_registered)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS cluster_injected_pseudo_gtid (
  cluster_name varchar(128) NOT NULL,
  time_injected timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (cluster_name)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS hostname_resolve (
  hostname varchar(128) NOT NULL,
  resolved_hostname varchar(128) NOT NULL,
  resolved_timestamp timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (hostname),
  KEY resolved_timestamp_idx_hostname_resolve (resolved_timestamp)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS hostname_resolve_history (
  resolved_hostname varchar(128) NOT NULL,
  hostname varchar(128) NOT NULL,
  resolved_timestamp timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (resolved_hostname),
  KEY hostname_idx_hostname_resolve_history (hostname),
  KEY resolved_timestamp_idx_hostname_resolve_history (resolved_timestamp)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS hostname_unresolve (
  hostname varchar(128) NOT NULL,
  unresolved_hostname varchar(128) NOT NULL,
  last_registered timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (hostname),
  KEY last_registered_idx (last_registered),
  KEY unresolved_hostname_idx_hostname_unresolve (unresolved_hostname)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS hostname_unresolve_history (
  unresolved_hostname varchar(128) NOT NULL,
  hostname varchar(128) NOT NULL,
  last_registered timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (unresolved_hostname),
  KEY hostname_idx_hostname_unresolve_history (hostname),
  KEY last_registered_idx_hostname_unresolve_history (last_registered)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

CREATE TABLE IF NOT EXISTS hostname_ips (
  hostname varchar(128) NOT NULL,
  ipv4 varchar(128) NOT NULL,
  ipv6 varchar(128) NOT NULL,
  last_updated timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (hostname)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;
