// How long rows stay. Each rule is one bounded statement, so that cleaning up never holds the file for long; the caller
// spreads them over time.

import { PROMOTION_RULES } from '../topology/promotion-rule.ts';
import { MARKED_MS } from '../topology/pseudo-gtid-marker.ts';
import type { Change, Condition } from './database.ts';
import { STATE_TABLES } from './state-tables.ts';
import { toText } from './time.ts';

/** Ages in milliseconds. */
export interface Retention {
  readonly auditMs: number;
  readonly unseenMs: number;
  readonly candidateMs: number;
  /** How long a server stays in a pool; undefined: an older node says what goes, and knows of none. */
  readonly poolMs?: number;
  /** Undefined: pictures of topologies stay for ever. */
  readonly topologyMs?: number;
  /** Names that were resolved; two lookups may fail in a row. */
  readonly resolvedMs: number;
  /** Active periods: of recoveries, and of detections. */
  readonly recoveryBlockMs: number;
  readonly detectionMs: number;
}

const COMMON: ReadonlySet<string> = new Set(STATE_TABLES.filter(({ local }) => local !== true).map(({ name }) => name));

/** Rows that one statement deletes at most. */
const AT_MOST = 500;
const MAINTENANCE_MS = 7 * 86_400_000;
/** A process that gave no beat for so long is gone. */
const NODE_MS = 5_000;

/** Whether all nodes of a group must do it at the same place in the log. */
export function isOfGroup({ table }: Change): boolean {
  return COMMON.has(table);
}

export function cleanUps(nowMs: number, retention: Retention): readonly Change[] {
  const { auditMs, unseenMs, candidateMs, poolMs, topologyMs, resolvedMs, recoveryBlockMs, detectionMs } = retention;
  const before = (column: string, ageMs: number): Condition => [column, '<', toText(Math.max(0, nowMs - ageMs))];
  const old = (table: string, column: string, ageMs: number, ...more: Condition[]): Change => ({
    kind: 'delete',
    table,
    where: [before(column, ageMs), ...more],
    atMost: AT_MOST,
  });
  const periodEnd = (table: string, ageMs: number): Change => ({
    kind: 'update',
    table,
    row: { in_active_period: 0, end_active_period_unixtime: Math.floor(nowMs / 1000) },
    where: [['in_active_period', '=', 1], before('start_active_period', ageMs)],
  });
  return [
    periodEnd('topology_recovery', recoveryBlockMs),
    periodEnd('topology_failure_detection', detectionMs),
    old('audit', 'audit_timestamp', auditMs),
    old('topology_failure_detection', 'start_active_period', auditMs),
    old('detection_uid', 'started_at', auditMs),
    old('topology_recovery', 'start_active_period', auditMs),
    old('topology_recovery_steps', 'audit_at', auditMs),
    old('recovery_journal', 'started_at', auditMs),
    {
      kind: 'update', // what an operation of the established product held, whose process has ended
      table: 'database_instance_maintenance',
      row: { maintenance_active: null },
      where: [['maintenance_active', '=', 1], ['explicitly_bounded', '=', 0], before('end_timestamp', 0)],
    },
    old('database_instance_maintenance', 'end_timestamp', MAINTENANCE_MS, ['maintenance_active', '=', null]),
    old('cluster_alias', 'last_registered', unseenMs),
    old('cluster_domain_name', 'last_registered', unseenMs),
    old('cluster_injected_pseudo_gtid', 'time_injected', MARKED_MS),
    old('master_position_equivalence', 'last_suggested', unseenMs),
    old('database_instance_analysis_changelog', 'analysis_timestamp', unseenMs),
    ...(poolMs === undefined ? [] : [old('database_instance_pool', 'registered_at', poolMs)]),
    old('hostname_resolve', 'resolved_timestamp', resolvedMs),
    old('hostname_unresolve', 'last_registered', resolvedMs / 2),
    ...(topologyMs === undefined ? [] : [oldPictures(nowMs - topologyMs)]),
    old('node_health', 'last_seen_active', NODE_MS),
    old('node_health_history', 'first_seen_active', unseenMs),
    // a ban is kept until it is replaced: it must not turn into `neutral` while nobody looks
    ...PROMOTION_RULES.filter((rule) => rule !== 'must_not').map((rule) =>
      old('candidate_database_instance', 'last_suggested', candidateMs, ['promotion_rule', '=', rule]),
    ),
  ];
}

/** Their table has Unix times. */
function oldPictures(beforeMs: number): Change {
  const before: Condition = ['snapshot_unix_timestamp', '<', Math.max(0, Math.floor(beforeMs / 1000))];
  return { kind: 'delete', table: 'database_instance_topology_history', where: [before], atMost: AT_MOST };
}
