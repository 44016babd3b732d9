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

-- Ours: the process of ours that led last. The next one need not wait until its beats in active_node have run out.
CREATE TABLE IF NOT EXISTS own_lead (
  anchor integer PRIMARY KEY NOT NULL,
  token text NOT NULL
);

-- Ours: what hooks were told a detection is called. The established table has no column for it.
CREATE TABLE IF NOT EXISTS detection_uid (
  uid text PRIMARY KEY NOT NULL,
  hostname text NOT NULL,
  port integer NOT NULL,
  analysis text NOT NULL,
  started_at timestamp NOT NULL
);
CREATE INDEX IF NOT EXISTS host_port_started_idx_detection_uid ON detection_uid (hostname, port, started_at);

-- Ours: up to where in the log of its group this backend has followed.
CREATE TABLE IF NOT EXISTS raft_position (
  anchor integer PRIMARY KEY NOT NULL,
  cluster_id text NOT NULL,
  applied_index integer NOT NULL,
  applied_term integer NOT NULL,
  standing integer NOT NULL DEFAULT 1,
  node_id text NOT NULL DEFAULT ''
);

-- Ours: calls of the API that were made under a key, and what their callers were told; key and request as digests.
CREATE TABLE IF NOT EXISTS own_call (
  call_id text PRIMARY KEY NOT NULL,
  request text NOT NULL,
  attempt text NOT NULL,
  began_ms integer NOT NULL,
  began_index integer NOT NULL,
  status integer,
  answer text
);
