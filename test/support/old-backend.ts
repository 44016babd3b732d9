// A backend as a deployment of the established product leaves it behind: its tables only, one row or more in each that a group takes over,
// and a column that a site has added.

import Database from 'better-sqlite3';
import { Backend } from '../../internal/backend/backend.ts';
import { STATE_TABLES } from '../../internal/backend/state-tables.ts';
import { systemClock } from '../../internal/runtime/clock.ts';
import { silentLog } from '../../internal/runtime/log.ts';
import { backendTime, fillBackend, instanceColumns, replicaColumns } from './backend-fixture.ts';

type Row = Readonly<Record<string, string | number | null>>;

/** Of this project, which the established product does not make. */
export const OWN_TABLES = ['detection_uid', 'fence_intent', 'own_call', 'recovery_journal'];

const HOUR_MS = 3_600_000;
const DB1 = { hostname: 'db1', port: 3306 };

/** By table; times around `nowMs`. */
export function oldRows(nowMs: number): Readonly<Record<string, readonly Row[]>> {
  const [past, now, future] = [nowMs - HOUR_MS, nowMs, nowMs + HOUR_MS].map(backendTime) as [string, string, string];
  const problem = {
    ...{ ...DB1, processing_node_hostname: 'old', processcing_node_token: 'gone', analysis: 'DeadMaster' },
    ...{ cluster_name: 'db1:3306', cluster_alias: 'main', slave_hosts: 'db2:3306', count_affected_slaves: 1 },
    start_active_period: past,
  };
  const recovery = { ...problem, participating_instances: 'db2:3306', lost_slaves: '', all_errors: '' };
  const lock = { port: 3306, maintenance_active: 1, begin_timestamp: past, end_timestamp: future, owner: 'ops' };
  return {
    database_instance: [
      instanceColumns(nowMs, { hostname: 'db1' }),
      replicaColumns(nowMs, 'db1', { hostname: 'db2', cluster_name: 'db1:3306' }),
    ],
    access_token: [{ public_token: 'public', secret_token: 'secret', generated_at: now, generated_by: 'ops' }],
    candidate_database_instance: [{ ...DB1, last_suggested: now, promotion_rule: 'must_not' }],
    cluster_alias: [{ cluster_name: 'db1:3306', alias: 'main', last_registered: now }],
    cluster_alias_override: [{ cluster_name: 'db1:3306', alias: 'by-hand' }],
    cluster_domain_name: [{ cluster_name: 'db1:3306', domain_name: 'db.example.com', last_registered: now }],
    cluster_injected_pseudo_gtid: [{ cluster_name: 'db1:3306', time_injected: now }],
    database_instance_downtime: [
      {
        ...DB1,
        ...{ downtime_active: 1, begin_timestamp: past, end_timestamp: future, owner: 'ops', reason: 'räumt auf' },
      },
    ],
    database_instance_maintenance: [
      { ...lock, hostname: 'db1', reason: 'kept: it ends by itself', explicitly_bounded: 1 },
      { ...lock, hostname: 'db2', reason: 'gone with its process', explicitly_bounded: 0 },
    ],
    database_instance_pool: [{ ...DB1, pool: 'readers', registered_at: now }],
    database_instance_tags: [{ ...DB1, tag_name: 'owner', tag_value: 'team-ä', last_updated: past }],
    global_recovery_disable: [{ disable_recovery: 1 }],
    host_attributes: [{ hostname: 'db1', attribute_name: 'rack', attribute_value: 'r7', submit_timestamp: past }],
    hostname_unresolve: [{ hostname: 'db1', unresolved_hostname: 'vip1', last_registered: now }],
    kv_store: [{ store_key: 'mysql/master/main', store_value: 'db1:3306', last_updated: past }],
    topology_failure_detection: [{ ...problem, in_active_period: 0, end_active_period_unixtime: 1, is_actionable: 1 }],
    topology_recovery: [
      {
        ...{ ...recovery, in_active_period: 0, end_active_period_unixtime: 1, end_recovery: past, is_successful: 1 },
        ...{ successor_hostname: 'db1', successor_port: 3306, acknowledged: 1, acknowledged_at: past },
        ...{ acknowledged_by: 'ops', acknowledge_comment: 'geprüft', uid: 'ended' },
      },
      { ...recovery, hostname: 'db2', in_active_period: 1, end_active_period_unixtime: 0, uid: 'cut short' },
    ],
    topology_recovery_steps: [{ recovery_uid: 'ended', audit_at: past, message: 'promoted db1:3306' }],
  };
}

/** An SQLite file with these rows. */
export async function oldBackend(file: string, nowMs: number): Promise<void> {
  const node = { hostname: 'old', token: 'gone' };
  await Backend.openSqlite(file, { node, clock: systemClock, log: silentLog, flushMs: 200 }).close();
  fillBackend(file, oldRows(nowMs));
  const db = new Database(file);
  for (const table of OWN_TABLES) db.exec(`DROP TABLE ${table}`);
  db.exec("ALTER TABLE database_instance_tags ADD COLUMN site_note text DEFAULT 'ours'");
  db.close();
}

/** Tables whose rows are to be the same in each backend of a group as in the one that it was imported from. */
export const TAKEN_AS_THEY_ARE = STATE_TABLES.map(({ name }) => name).filter(
  (name) => !OWN_TABLES.includes(name) && !['topology_recovery', 'database_instance_maintenance'].includes(name),
);
