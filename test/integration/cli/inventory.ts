import { backendTime, instanceColumns, replicaColumns } from '../../support/backend-fixture.ts';

/**
 * Cluster `db1:3306`, alias `main`: db1 ─ db2, db3 ─ db4, db5 (stopped by an error, lost in a recovery); and `other:3307`, which
 * does not answer. db2 and db5 are in downtime, rules are registered for both, recoveries are disabled.
 */
export function inventory(nowMs: number) {
  const replica = (hostname: string, row: Record<string, string | number | null> = {}, source = 'db1') =>
    replicaColumns(nowMs, source, { hostname, ...row });
  const hour = 3_600_000;
  return {
    database_instance: [
      instanceColumns(nowMs, {
        hostname: 'db1',
        suggested_cluster_alias: 'main',
        num_slave_hosts: 3,
        slave_hosts: JSON.stringify(['db2', 'db3', 'db5'].map((Hostname) => ({ Hostname, Port: 3306 }))),
      }),
      replica('db2', { server_id: 2, instance_alias: 'left' }),
      replica('db3', {
        server_id: 3,
        seconds_behind_master: 25,
        slave_lag_seconds: 25,
        slave_hosts: '[{"Hostname":"db4","Port":3306}]',
      }),
      replica('db4', { server_id: 4, log_bin: 0, log_slave_updates: 0, replication_depth: 2 }, 'db3'),
      replica('db5', {
        server_id: 5,
        slave_sql_running: 0,
        replication_sql_thread_state: 0,
        last_sql_error: '"Error executing row event"',
        seconds_behind_master: null,
        slave_lag_seconds: null,
      }),
      instanceColumns(nowMs, {
        hostname: 'other',
        port: 3307,
        server_uuid: '',
        version: '10.11.6-MariaDB',
        major_version: '10.11',
        supports_oracle_gtid: 0,
        gtid_mode: '',
        last_seen: backendTime(nowMs - hour),
        last_check_partial_success: 0,
        cluster_name: 'other:3307',
      }),
    ],
    database_instance_downtime: [
      downtime('db5', 'lost-in-recovery', nowMs + hour),
      downtime('db2', 'upgrade', nowMs + hour),
      downtime('db3', 'over', nowMs - hour),
    ],
    candidate_database_instance: [
      { hostname: 'db5', port: 3306, last_suggested: backendTime(nowMs), promotion_rule: 'must_not' },
      { hostname: 'db2', port: 3306, last_suggested: backendTime(nowMs), promotion_rule: 'prefer' },
    ],
    global_recovery_disable: [{ disable_recovery: 1 }],
    database_instance_tags: [
      tag('db2', 'role', 'backup'),
      tag('db2', 'old', ''),
      tag('db1', 'role', 'app'),
      tag('other', 'old', '', 3307),
    ],
    database_instance_pool: [
      pooled('db1', 'readers'),
      pooled('db3', 'readers'),
      pooled('gone', 'readers'),
      pooled('db2', 'spare'),
      pooled('db4', 'spare', nowMs - 2 * hour),
      pooled('other', 'spare', nowMs, 3307),
    ],
    database_instance_topology_history: [
      recorded(1_700_000_000, 'db3', ''),
      recorded(1_700_000_000, 'db1', 'db3'),
      recorded(1_700_000_060, 'db1', ''),
      recorded(1_700_000_060, 'db2', 'db1'),
      recorded(1_700_000_060, 'db4', 'db2'),
      recorded(1_600_000_000, 'db8', '', 'db8:3306'),
    ],
    database_instance_maintenance: [
      maintenance('db3', 1, nowMs + hour),
      maintenance('db4', 1, nowMs - hour),
      maintenance('db5', null, nowMs + hour),
    ],
    hostname_resolve: [
      { hostname: '10.0.0.4', resolved_hostname: 'db4', resolved_timestamp: backendTime(nowMs) },
      { hostname: 'd1', resolved_hostname: 'db1', resolved_timestamp: backendTime(nowMs) },
      { hostname: 'd2', resolved_hostname: 'db2', resolved_timestamp: backendTime(nowMs) },
    ],
    hostname_unresolve: [{ hostname: 'db1', unresolved_hostname: 'vip1', last_registered: backendTime(nowMs) }],
    cluster_domain_name: [
      { cluster_name: 'other:3307', domain_name: 'other.example', last_registered: backendTime(nowMs) },
    ],
    cluster_alias_override: [{ cluster_name: 'other:3307', alias: 'byhand' }],
  };

  function downtime(hostname: string, reason: string, endMs: number) {
    return {
      hostname,
      port: 3306,
      downtime_active: 1,
      begin_timestamp: backendTime(nowMs - 2 * hour),
      end_timestamp: backendTime(endMs),
      owner: 'me',
      reason,
    };
  }

  function tag(hostname: string, name: string, value: string, port = 3306) {
    return { hostname, port, tag_name: name, tag_value: value, last_updated: backendTime(nowMs) };
  }

  function pooled(hostname: string, pool: string, atMs = nowMs, port = 3306) {
    return { hostname, port, pool, registered_at: backendTime(atMs) };
  }

  function recorded(seconds: number, hostname: string, source: string, cluster_name = 'db1:3306') {
    const above = { master_host: source, master_port: source === '' ? 0 : 3306 };
    return { snapshot_unix_timestamp: seconds, hostname, port: 3306, ...above, cluster_name, version: '8.0.36' };
  }

  function maintenance(hostname: string, active: number | null, endMs: number) {
    return {
      hostname,
      port: 3306,
      maintenance_active: active,
      begin_timestamp: backendTime(nowMs - 2 * hour),
      end_timestamp: backendTime(endMs),
      owner: 'me',
      reason: 'work',
      explicitly_bounded: 1,
    };
  }
}
