-- Ours: what a recovery was about to do, written before it did it.
CREATE TABLE IF NOT EXISTS recovery_journal (
  recovery_uid varchar(128) NOT NULL,
  step_number int unsigned NOT NULL,
  step mediumtext NOT NULL,
  started_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  ended_at timestamp NULL DEFAULT NULL,
  error mediumtext DEFAULT NULL,
  PRIMARY KEY (recovery_uid, step_number),
  KEY started_at_idx_recovery_journal (started_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4;

-- Ours: replaced primaries that have not been made read-only yet.
CREATE TABLE IF NOT EXISTS fence_intent (
  hostname varchar(128) NOT NULL,
  port smallint unsigned NOT NULL,
  cluster_name varchar(128) NOT NULL,
  successor_hostname varchar(128) NOT NULL,
  successor_port smallint unsigned NOT NULL,
  created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (hostname, port)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

-- Ours: the process of ours that led last.
CREATE TABLE IF NOT EXISTS own_lead (
  anchor tinyint unsigned NOT NULL,
  token varchar(128) NOT NULL,
  PRIMARY KEY (anchor)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

-- Ours: what hooks were told a detection is called.
CREATE TABLE IF NOT EXISTS detection_uid (
  uid varchar(128) NOT NULL,
  hostname varchar(128) NOT NULL,
  port smallint unsigned NOT NULL,
  analysis varchar(128) NOT NULL,
  started_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (uid),
  KEY host_port_started_idx_detection_uid (hostname, port, started_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

-- Ours: the last write of each process that adds rows, noted together with them: one whose answer was lost is not done twice.
CREATE TABLE IF NOT EXISTS own_write (
  writer varchar(64) NOT NULL,
  number bigint unsigned NOT NULL,
  written_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (writer),
  KEY written_at_idx_own_write (written_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

-- Ours: up to where in the log of its group this backend has followed.
CREATE TABLE IF NOT EXISTS raft_position (
  anchor tinyint unsigned NOT NULL,
  cluster_id varchar(128) NOT NULL,
  applied_index bigint unsigned NOT NULL,
  applied_term bigint unsigned NOT NULL,
  standing tinyint unsigned NOT NULL DEFAULT 1,
  node_id varchar(255) NOT NULL DEFAULT '',
  PRIMARY KEY (anchor)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

-- Ours: the daemon of ours that leads on a shared backend, how often that has changed, and when it was heard of to the millisecond. Beside
-- `active_node`, since the established product writes rows of that one anew.
CREATE TABLE IF NOT EXISTS own_seat (
  anchor tinyint unsigned NOT NULL,
  epoch bigint unsigned NOT NULL,
  token varchar(128) NOT NULL,
  held_at timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (anchor)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;

-- Ours: what operators asked of a daemon that shares this backend and does not lead, for the one that does.
CREATE TABLE IF NOT EXISTS own_wish (
  id bigint unsigned NOT NULL AUTO_INCREMENT,
  token varchar(128) NOT NULL,
  command mediumtext NOT NULL,
  wished_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  KEY wished_at_idx_own_wish (wished_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4;

-- Ours: calls of the API that were made under a key, and what their callers were told; key and request as digests.
CREATE TABLE IF NOT EXISTS own_call (
  call_id varchar(64) CHARACTER SET ascii NOT NULL,
  request varchar(64) CHARACTER SET ascii NOT NULL,
  attempt varchar(64) CHARACTER SET ascii NOT NULL,
  began_ms bigint unsigned NOT NULL,
  began_index bigint unsigned NOT NULL,
  status smallint unsigned DEFAULT NULL,
  answer mediumtext DEFAULT NULL,
  PRIMARY KEY (call_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4;

-- Ours: where the API of the daemon is that leads on a shared backend.
CREATE TABLE IF NOT EXISTS own_address (
  anchor tinyint unsigned NOT NULL,
  token varchar(128) NOT NULL,
  url varchar(512) NOT NULL,
  PRIMARY KEY (anchor)
) ENGINE=InnoDB DEFAULT CHARACTER SET ascii;
