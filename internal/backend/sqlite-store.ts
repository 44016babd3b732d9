// The durable copy of what memory knows, in the established tables. Probe results are written behind in batches; what a
// restart must find (recoveries, journal, fences, rules, downtime) is written at once. A backend that cannot be written is
// an error in the log: detection and recovery go on.

import { readFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { Clock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { WatchedInstance } from '../topology/instance.ts';
import { compareKeys, type InstanceKey, keyText, parseKey } from '../topology/instance-key.ts';
import { type PromotionRule, parsePromotionRule } from '../topology/promotion-rule.ts';
import { instanceRow, type Row, toMs, toText, type Value, watchedOf } from './instance-row.ts';

export interface StoredRecovery {
  readonly uid: string;
  readonly kind: string;
  readonly code: string;
  readonly failed: InstanceKey;
  readonly cluster: string;
  readonly alias: string;
  readonly startedMs: number;
  readonly endedMs?: number;
  readonly successful: boolean;
  readonly successor?: InstanceKey;
  readonly successorAlias?: string;
  readonly lost: readonly { readonly key: InstanceKey }[];
  readonly participants: readonly InstanceKey[];
  readonly errors: readonly string[];
  readonly harmless: boolean;
  readonly acknowledged?: { readonly by: string; readonly comment: string; readonly atMs: number };
}

export interface StoredDowntime {
  readonly owner: string;
  readonly reason: string;
  readonly beginMs: number;
  readonly endMs: number;
}

export interface AuditEntry {
  readonly id: number;
  readonly at: string;
  readonly type: string;
  readonly key: InstanceKey;
  readonly message: string;
}

const keys = (text: unknown): readonly InstanceKey[] =>
  String(text ?? '')
    .split(',')
    .filter((one) => one !== '')
    .map((one) => parseKey(one));

/** How long a locked file may hold us up. Short, since it holds up everything else too. */
const BUSY_MS = 100;

export class SqliteStore {
  readonly #db: Database.Database;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #pending = new Map<
    string,
    { readonly watched: WatchedInstance; readonly cluster: string; readonly depth: number }
  >();
  readonly #stored = new Set<string>();
  readonly #stopFlushing: () => void;

  private constructor(db: Database.Database, clock: Clock, log: Log, flushMs: number) {
    this.#db = db;
    this.#clock = clock;
    this.#log = log;
    this.#stopFlushing = clock.every(flushMs, () => this.flush());
  }

  /** @throws {OrchestratorError} `BACKEND_FAILED`: the file cannot be opened, is locked, or is no database. */
  static open(options: {
    readonly file: string;
    readonly clock: Clock;
    readonly log: Log;
    readonly flushMs: number;
  }): SqliteStore {
    const { file, clock, log, flushMs } = options;
    try {
      const db = new Database(file, { timeout: BUSY_MS });
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = NORMAL');
      db.exec(readFileSync(new URL('./migrations/0001-tables.sql', import.meta.url), 'utf8'));
      return new SqliteStore(db, clock, log, flushMs);
    } catch (cause) {
      throw new OrchestratorError('BACKEND_FAILED', `cannot open the SQLite backend ${file}`, { cause });
    }
  }

  close(): void {
    this.#stopFlushing();
    this.flush();
    this.#db.close();
  }

  /** Written behind, except for a server never seen before: a restart must know of it. */
  instanceSeen(watched: WatchedInstance, cluster: string, depth: number): void {
    const key = keyText(watched.instance.key);
    this.#pending.set(key, { watched, cluster, depth });
    if (this.#stored.has(key)) return;
    this.#stored.add(key);
    this.flush();
  }

  /** Writes what probes found since the last time, the newest of each server, in one transaction. */
  flush(): void {
    if (this.#pending.size === 0) return;
    const batch = [...this.#pending.values()].sort((a, b) =>
      compareKeys(a.watched.instance.key, b.watched.instance.key),
    );
    this.#pending.clear();
    this.#attempt('probe results', () => {
      this.#db.transaction(() => {
        for (const { watched, cluster, depth } of batch)
          this.#upsert('database_instance', instanceRow(watched, cluster, depth));
      })();
    });
  }

  /** The servers as they were last seen. They come back invalid: only a fresh read makes them valid. */
  loadInstances(): readonly WatchedInstance[] {
    const rows = this.#attempt('instances', () => this.#db.prepare('SELECT * FROM database_instance').all()) ?? [];
    return (rows as Row[]).map(watchedOf);
  }

  forgotten(key: InstanceKey): void {
    this.#pending.delete(keyText(key));
    this.#stored.delete(keyText(key));
    this.#run('DELETE FROM database_instance WHERE hostname = ? AND port = ?', key.hostname, key.port);
  }

  recoveryOpened(record: StoredRecovery, node: { readonly hostname: string; readonly token: string }): void {
    this.#attempt('recovery', () =>
      this.#insert('topology_recovery', {
        hostname: record.failed.hostname,
        port: record.failed.port,
        in_active_period: 1,
        start_active_period: toText(record.startedMs),
        end_active_period_unixtime: 0,
        processing_node_hostname: node.hostname,
        processcing_node_token: node.token,
        analysis: record.code,
        cluster_name: record.cluster,
        cluster_alias: record.alias,
        count_affected_slaves: record.participants.length,
        uid: record.uid,
      }),
    );
  }

  recoveryClosed(record: StoredRecovery): void {
    const endedMs = record.endedMs ?? this.#clock.nowMs();
    this.#run(
      `UPDATE topology_recovery SET end_recovery = ?, is_successful = ?, successor_hostname = ?, successor_port = ?, successor_alias = ?,
        slave_hosts = ?, count_affected_slaves = ?, participating_instances = ?, lost_slaves = ?, all_errors = ?,
        in_active_period = CASE WHEN ? THEN 0 ELSE in_active_period END, end_active_period_unixtime = CASE WHEN ? THEN ? ELSE end_active_period_unixtime END
       WHERE uid = ?`,
      toText(endedMs),
      record.successful ? 1 : 0,
      record.successor?.hostname ?? null,
      record.successor?.port ?? null,
      record.successorAlias ?? null,
      record.participants.map(keyText).join(','),
      record.participants.length,
      record.participants.map(keyText).join(','),
      record.lost.map(({ key }) => keyText(key)).join(','),
      record.errors.join('\n'),
      record.harmless ? 1 : 0,
      record.harmless ? 1 : 0,
      Math.floor(endedMs / 1000),
      record.uid,
    );
  }

  acknowledged(records: readonly StoredRecovery[]): void {
    for (const { uid, acknowledged } of records) {
      if (acknowledged === undefined) continue;
      this.#run(
        `UPDATE topology_recovery SET in_active_period = 0, end_active_period_unixtime = ?, acknowledged = 1, acknowledged_at = ?,
          acknowledged_by = ?, acknowledge_comment = ? WHERE uid = ?`,
        Math.floor(acknowledged.atMs / 1000),
        toText(acknowledged.atMs),
        acknowledged.by,
        acknowledged.comment,
        uid,
      );
    }
  }

  loadRecoveries(limit: number): readonly StoredRecovery[] {
    const rows =
      this.#attempt('recoveries', () =>
        this.#db.prepare('SELECT * FROM topology_recovery ORDER BY recovery_id DESC LIMIT ?').all(limit),
      ) ?? [];
    return (rows as Record<string, Value>[]).map(recoveryOf);
  }

  stepStarted(uid: string, number: number, text: string): void {
    this.#run(
      'INSERT OR REPLACE INTO recovery_journal (recovery_uid, step_number, step, started_at) VALUES (?, ?, ?, ?)',
      uid,
      number,
      text,
      this.#now(),
    );
  }

  stepEnded(uid: string, number: number, error: string | undefined): void {
    this.#run(
      'UPDATE recovery_journal SET ended_at = ?, error = ? WHERE recovery_uid = ? AND step_number = ?',
      this.#now(),
      error ?? null,
      uid,
      number,
    );
  }

  /** The server that a recovery was about to promote, or had promoted, when its journal ends. */
  journalled(uid: string): readonly string[] {
    const sql = 'SELECT step FROM recovery_journal WHERE recovery_uid = ? ORDER BY step_number';
    const rows = this.#attempt('journal', () => this.#db.prepare(sql).all(uid)) as { step: string }[] | undefined;
    return rows?.map(({ step }) => step) ?? [];
  }

  note(uid: string, message: string): void {
    this.#run(
      'INSERT INTO topology_recovery_steps (recovery_uid, audit_at, message) VALUES (?, ?, ?)',
      uid,
      this.#now(),
      message,
    );
  }

  /** Notes and journalled steps of one recovery, oldest first. */
  steps(uid: string): readonly { readonly id: number; readonly at: string; readonly message: string }[] {
    const sql =
      'SELECT recovery_step_id AS id, audit_at AS at, message FROM topology_recovery_steps WHERE recovery_uid = ? ORDER BY recovery_step_id';
    return (this.#attempt('steps', () => this.#db.prepare(sql).all(uid)) ?? []) as {
      id: number;
      at: string;
      message: string;
    }[];
  }

  fenceIntended(failed: InstanceKey, cluster: string, successor: InstanceKey): void {
    this.#attempt('fence', () =>
      this.#upsert('fence_intent', {
        hostname: failed.hostname,
        port: failed.port,
        cluster_name: cluster,
        successor_hostname: successor.hostname,
        successor_port: successor.port,
        created_at: this.#now(),
      }),
    );
    this.#run('DELETE FROM fence_intent WHERE hostname = ? AND port = ?', successor.hostname, successor.port);
  }

  fenced(key: InstanceKey): void {
    this.#run('DELETE FROM fence_intent WHERE hostname = ? AND port = ?', key.hostname, key.port);
  }

  loadFences(): readonly InstanceKey[] {
    return (this.#attempt('fences', () => this.#db.prepare('SELECT hostname, port FROM fence_intent').all()) ??
      []) as InstanceKey[];
  }

  audit(type: string, key: InstanceKey, cluster: string, message: string): void {
    this.#attempt('audit', () =>
      this.#insert('audit', {
        audit_timestamp: this.#now(),
        audit_type: type,
        hostname: key.hostname,
        port: key.port,
        cluster_name: cluster,
        message,
      }),
    );
  }

  audits(page: number, pageSize: number): readonly AuditEntry[] {
    const rows =
      this.#attempt('audits', () =>
        this.#db.prepare('SELECT * FROM audit ORDER BY audit_id DESC LIMIT ? OFFSET ?').all(pageSize, page * pageSize),
      ) ?? [];
    return (rows as Record<string, Value>[]).map((row) => ({
      id: Number(row.audit_id),
      at: String(row.audit_timestamp),
      type: String(row.audit_type),
      key: { hostname: String(row.hostname), port: Number(row.port) },
      message: String(row.message),
    }));
  }

  recoveriesDisabled(disabled: boolean): void {
    this.#run('DELETE FROM global_recovery_disable');
    if (disabled) this.#run('INSERT INTO global_recovery_disable (disable_recovery) VALUES (1)');
  }

  /** Unreadable means disabled: the safer reading. */
  loadRecoveriesDisabled(): boolean {
    const row = this.#attempt('global switch', () =>
      this.#db.prepare('SELECT COUNT(*) AS n FROM global_recovery_disable WHERE disable_recovery = 1').get(),
    );
    return row === undefined || Number((row as { n: number }).n) > 0;
  }

  promotionRule(key: InstanceKey, rule: PromotionRule): void {
    this.#attempt('promotion rule', () =>
      this.#upsert('candidate_database_instance', {
        hostname: key.hostname,
        port: key.port,
        last_suggested: this.#now(),
        promotion_rule: rule,
      }),
    );
  }

  loadPromotionRules(): ReadonlyMap<string, PromotionRule> {
    const rows = (this.#attempt('promotion rules', () =>
      this.#db.prepare('SELECT hostname, port, promotion_rule FROM candidate_database_instance').all(),
    ) ?? []) as Record<string, Value>[];
    return new Map(
      rows.map((row) => [
        keyText({ hostname: String(row.hostname), port: Number(row.port) }),
        parsePromotionRule(String(row.promotion_rule)) ?? 'neutral',
      ]),
    );
  }

  downtime(key: InstanceKey, downtime: StoredDowntime | undefined): void {
    if (downtime === undefined) {
      this.#run('DELETE FROM database_instance_downtime WHERE hostname = ? AND port = ?', key.hostname, key.port);
      return;
    }
    this.#attempt('downtime', () =>
      this.#upsert('database_instance_downtime', {
        hostname: key.hostname,
        port: key.port,
        downtime_active: 1,
        begin_timestamp: toText(downtime.beginMs),
        end_timestamp: toText(downtime.endMs),
        owner: downtime.owner,
        reason: downtime.reason,
      }),
    );
  }

  loadDowntimes(): readonly (StoredDowntime & { readonly key: InstanceKey })[] {
    const rows = (this.#attempt('downtimes', () =>
      this.#db.prepare('SELECT * FROM database_instance_downtime WHERE downtime_active = 1').all(),
    ) ?? []) as Record<string, Value>[];
    return rows.map((row) => ({
      key: { hostname: String(row.hostname), port: Number(row.port) },
      owner: String(row.owner),
      reason: String(row.reason),
      beginMs: toMs(row.begin_timestamp),
      endMs: row.end_timestamp === null ? Number.MAX_SAFE_INTEGER : toMs(row.end_timestamp),
    }));
  }

  #now(): string {
    return toText(this.#clock.nowMs());
  }

  #insert(table: string, row: Readonly<Record<string, Value>>): void {
    const names = Object.keys(row);
    this.#db
      .prepare(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`)
      .run(...Object.values(row));
  }

  /** Keyed by (hostname, port); columns of other writers stay as they are. */
  #upsert(table: string, row: Readonly<Record<string, Value>>): void {
    const names = Object.keys(row);
    const updates = names
      .filter((name) => name !== 'hostname' && name !== 'port')
      .map((name) => `${name} = excluded.${name}`);
    this.#db
      .prepare(
        `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})
         ON CONFLICT (hostname, port) DO UPDATE SET ${updates.join(', ')}`,
      )
      .run(...Object.values(row));
  }

  #run(sql: string, ...values: readonly Value[]): void {
    this.#attempt('a change', () => this.#db.prepare(sql).run(...values));
  }

  #attempt<T>(what: string, work: () => T): T | undefined {
    try {
      return work();
    } catch (err) {
      this.#log.error({ err, what }, 'the backend did not take this');
      return undefined;
    }
  }
}

function recoveryOf(row: Record<string, Value>): StoredRecovery {
  const endedMs = toMs(row.end_recovery);
  const successful = Number(row.is_successful) === 1;
  return {
    uid: String(row.uid),
    kind: String(row.analysis).includes('Intermediate') ? 'intermediatePrimary' : 'primary',
    code: String(row.analysis),
    failed: { hostname: String(row.hostname), port: Number(row.port) },
    cluster: String(row.cluster_name),
    alias: String(row.cluster_alias),
    startedMs: toMs(row.start_active_period),
    ...(endedMs > 0 ? { endedMs } : {}),
    successful,
    ...(row.successor_hostname
      ? { successor: { hostname: String(row.successor_hostname), port: Number(row.successor_port) } }
      : {}),
    successorAlias: String(row.successor_alias ?? ''),
    lost: keys(row.lost_slaves).map((key) => ({ key })),
    participants: keys(row.participating_instances),
    errors: String(row.all_errors ?? '')
      .split('\n')
      .filter((line) => line !== ''),
    harmless: Number(row.in_active_period) === 0 && Number(row.acknowledged) === 0,
    ...(Number(row.acknowledged) === 1
      ? {
          acknowledged: {
            by: String(row.acknowledged_by),
            comment: String(row.acknowledge_comment),
            atMs: toMs(row.acknowledged_at),
          },
        }
      : {}),
  };
}
