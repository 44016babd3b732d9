import type { InstanceKey } from '../topology/instance-key.ts';
import type { Condition, Select } from './database.ts';
import { keyColumns, keyOf, number, text, whereKey } from './rows.ts';
import { toText } from './time.ts';
import type { Store } from './write-queue.ts';

export interface AuditEntry {
  readonly id: number;
  /** As stored: UTC text. */
  readonly at: string;
  readonly type: string;
  readonly key: InstanceKey;
  readonly message: string;
}

/** `audit`: what was done, by whom it was asked for. */
export class Audits {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async add(type: string, key: InstanceKey, cluster: string, message: string): Promise<void> {
    const audit_timestamp = toText(this.#store.nowMs());
    const row = { audit_timestamp, audit_type: type, ...keyColumns(key), cluster_name: cluster, message };
    await this.#store.write([{ kind: 'insert', table: 'audit', row }], { expendable: true });
  }

  /** Newest first; pages count from 0. `only`: of one server. */
  page(page: number, pageSize: number, only?: InstanceKey): Promise<readonly AuditEntry[]> {
    return this.#read({ limit: pageSize, offset: page * pageSize }, only === undefined ? [] : whereKey(only));
  }

  /** Newest first, those with a smaller number than `id`. */
  before(id: number, limit: number, only?: InstanceKey): Promise<readonly AuditEntry[]> {
    return this.#read({ limit }, [['audit_id', '<', id], ...(only === undefined ? [] : whereKey(only))]);
  }

  async #read(part: Pick<Select, 'limit' | 'offset'>, where: readonly Condition[]): Promise<readonly AuditEntry[]> {
    const rows = await this.#store.read({ table: 'audit', where, orderBy: 'audit_id', descending: true, ...part });
    return rows.map((row) => ({
      id: number(row.audit_id),
      at: text(row.audit_timestamp),
      type: text(row.audit_type),
      key: keyOf(row),
      message: text(row.message),
    }));
  }
}
