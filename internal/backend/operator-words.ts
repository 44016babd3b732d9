import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { type PromotionRule, parsePromotionRule } from '../topology/promotion-rule.ts';
import type { Node } from './recoveries.ts';
import { bit, KEY, keyColumns, keyOf, number, readable, text, whereKey } from './rows.ts';
import { LAST_MS, toMs, toText } from './time.ts';
import type { Store } from './write-queue.ts';

/** Times are wall-clock milliseconds. */
export interface StoredDowntime {
  readonly owner: string;
  readonly reason: string;
  readonly beginMs: number;
  readonly endMs: number;
}

/** A promotion rule as it was registered last. */
export interface StoredCandidate {
  readonly key: InstanceKey;
  readonly rule: PromotionRule;
  readonly suggestedMs: number;
}

export interface StoredMaintenance extends StoredDowntime {
  readonly id: number;
  readonly key: InstanceKey;
  /** Asked for by a person for a time they named: outlives the node that took it. */
  readonly bounded: boolean;
  /** Of the process that took it. */
  readonly token: string;
}

const MAINTENANCE = 'database_instance_maintenance';
const MAINTENANCE_ID = 'database_instance_maintenance_id';

/** What operators said about servers: downtime, maintenance, promotion rules, and the switch for all recoveries. */
export class OperatorWords {
  readonly #store: Store;
  readonly #node: Node;

  constructor(store: Store, node: Node) {
    this.#store = store;
    this.#node = node;
  }

  async downtime(key: InstanceKey, downtime: StoredDowntime | undefined): Promise<void> {
    const table = 'database_instance_downtime';
    if (downtime === undefined) {
      await this.#store.write([{ kind: 'delete', table, where: whereKey(key) }]);
      return;
    }
    const row = { ...keyColumns(key), downtime_active: 1, ...periodColumns(downtime) };
    await this.#store.write([{ kind: 'upsert', table, key: KEY, row }]);
  }

  async downtimes(): Promise<readonly (StoredDowntime & { readonly key: InstanceKey })[]> {
    const rows = await this.#store.read({ table: 'database_instance_downtime', where: [['downtime_active', '=', 1]] });
    return rows.map((row) => ({ key: keyOf(row), ...periodOf(row) }));
  }

  /** @param id of the lock; 0: the database numbers it, and the answer is 0 while it does not answer */
  async beginMaintenance(
    key: InstanceKey,
    lock: StoredDowntime & { readonly bounded: boolean },
    id = 0,
  ): Promise<number> {
    const active = [...whereKey(key), ['maintenance_active', '=', 1]] as const;
    await this.#store.write([
      { kind: 'update', table: MAINTENANCE, row: { maintenance_active: null }, where: active }, // one that ran out
      {
        ...(id === 0 ? { kind: 'insert' } : { kind: 'upsert', key: [MAINTENANCE_ID] }),
        table: MAINTENANCE,
        row: {
          ...(id === 0 ? {} : { [MAINTENANCE_ID]: id }),
          ...keyColumns(key),
          maintenance_active: 1,
          ...periodColumns(lock),
          processing_node_hostname: this.#node.hostname,
          processing_node_token: this.#node.token,
          explicitly_bounded: bit(lock.bounded),
        },
      },
    ]);
    if (id !== 0) return id;
    const found = this.#store.read({ table: MAINTENANCE, where: active, limit: 1 });
    return number((await found.catch(() => []))[0]?.database_instance_maintenance_id);
  }

  async endMaintenance(key: InstanceKey): Promise<void> {
    await this.#store.write([
      {
        kind: 'update',
        table: MAINTENANCE,
        row: { maintenance_active: null, end_timestamp: toText(this.#store.nowMs()) },
        where: [...whereKey(key), ['maintenance_active', '=', 1]],
      },
    ]);
  }

  async maintenances(): Promise<readonly StoredMaintenance[]> {
    const rows = await this.#store.read({ table: MAINTENANCE, where: [['maintenance_active', '=', 1]] });
    return rows.map((row) => ({
      id: number(row.database_instance_maintenance_id),
      key: keyOf(row),
      bounded: number(row.explicitly_bounded) === 1,
      token: text(row.processing_node_token),
      ...periodOf(row),
    }));
  }

  async promotionRule(key: InstanceKey, rule: PromotionRule): Promise<void> {
    const row = { ...keyColumns(key), last_suggested: toText(this.#store.nowMs()), promotion_rule: rule };
    await this.#store.write([{ kind: 'upsert', table: 'candidate_database_instance', key: KEY, row }]);
  }

  /** By `host:port`. */
  async promotionRules(): Promise<ReadonlyMap<string, PromotionRule>> {
    return new Map((await this.candidates()).map(({ key, rule }) => [keyText(key), rule]));
  }

  async candidates(): Promise<readonly StoredCandidate[]> {
    const rows = await this.#store.read({ table: 'candidate_database_instance' });
    return readable(rows, (row) => ({
      key: keyOf(row),
      rule: parsePromotionRule(text(row.promotion_rule)) ?? 'neutral',
      suggestedMs: toMs(row.last_suggested),
    }));
  }

  async recoveriesDisabled(disabled: boolean): Promise<void> {
    const table = 'global_recovery_disable';
    await this.#store.write([
      { kind: 'delete', table, where: [] },
      ...(disabled ? [{ kind: 'insert', table, row: { disable_recovery: 1 } } as const] : []),
    ]);
  }

  async areRecoveriesDisabled(): Promise<boolean> {
    const where = [['disable_recovery', '=', 1]] as const;
    return (await this.#store.read({ table: 'global_recovery_disable', where, limit: 1 })).length > 0;
  }
}

function periodColumns({ beginMs, endMs, owner, reason }: StoredDowntime) {
  return { begin_timestamp: toText(beginMs), end_timestamp: toText(endMs), owner, reason };
}

/** Without an end: until somebody ends it. */
function periodOf(row: Readonly<Record<string, string | number | null>>): StoredDowntime {
  return {
    owner: text(row.owner),
    reason: text(row.reason),
    beginMs: toMs(row.begin_timestamp),
    endMs: text(row.end_timestamp) === '' ? LAST_MS : toMs(row.end_timestamp),
  };
}
