/** A table that a group keeps alike on all its nodes. */
export interface StateTable {
  readonly name: string;
  /** A column by which its rows have one order everywhere. */
  readonly key: string;
  /** Each node also writes it by what it reads itself: a snapshot brings it, and nothing holds the nodes to it. */
  readonly local?: true;
  /** Columns whose values each database gives by itself: a transaction that failed costs a number. People's names for them are UIDs. */
  readonly numbers?: readonly string[];
}

/** What a snapshot of the group holds (C-60): the tables of the established product and ours. */
export const STATE_TABLES: readonly StateTable[] = [
  { name: 'access_token', key: 'access_token_id', numbers: ['access_token_id'] },
  { name: 'candidate_database_instance', key: 'hostname' },
  { name: 'cluster_alias', key: 'cluster_name', local: true },
  { name: 'cluster_alias_override', key: 'cluster_name' },
  { name: 'cluster_domain_name', key: 'cluster_name', local: true },
  { name: 'cluster_injected_pseudo_gtid', key: 'cluster_name' },
  { name: 'database_instance_downtime', key: 'hostname' },
  { name: 'database_instance_maintenance', key: 'database_instance_maintenance_id' },
  { name: 'database_instance_pool', key: 'hostname' },
  { name: 'database_instance_tags', key: 'hostname' },
  { name: 'detection_uid', key: 'uid' },
  { name: 'fence_intent', key: 'hostname' },
  { name: 'global_recovery_disable', key: 'disable_recovery' },
  { name: 'host_attributes', key: 'hostname' },
  { name: 'hostname_unresolve', key: 'hostname', local: true },
  { name: 'kv_store', key: 'store_key' },
  { name: 'own_call', key: 'call_id' },
  { name: 'recovery_journal', key: 'recovery_uid' },
  { name: 'topology_failure_detection', key: 'detection_id', numbers: ['detection_id'] },
  { name: 'topology_recovery', key: 'recovery_id', numbers: ['recovery_id', 'last_detection_id'] },
  { name: 'topology_recovery_steps', key: 'recovery_step_id', numbers: ['recovery_step_id'] },
];
