import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { Change, Condition, Select } from './database.ts';
import { number, whereKey } from './rows.ts';
import type { Store } from './write-queue.ts';

/**
 * Ends the active periods of rows. A unique key of the tables takes one end per server and second, and a change that breaks it would
 * be lost as a whole: an end that is taken already, by this process or by the one before, moves on by a second.
 */
export class PeriodEnds {
  readonly #store: Store;
  readonly #table: string;
  /** Unix seconds of the last end of each server. */
  readonly #last = new Map<string, number>();

  constructor(store: Store, table: 'topology_recovery' | 'topology_failure_detection') {
    this.#store = store;
    this.#table = table;
  }

  /** What ends the active periods of rows of `key`; `more` narrows them down. */
  async end(key: InstanceKey, atMs: number, more: readonly Condition[] = []): Promise<Change> {
    const name = keyText(key);
    const stored = this.#last.get(name) ?? (await this.#stored(key));
    const last = Math.max(stored, this.#last.get(name) ?? 0); // somebody else may have asked meanwhile
    const end = Math.max(unixSeconds(atMs), last + 1);
    this.#last.set(name, end);
    return {
      kind: 'update',
      table: this.#table,
      row: { in_active_period: 0, end_active_period_unixtime: end },
      where: [...whereKey(key), ['in_active_period', '=', 1], ...more],
    };
  }

  /** 0: none, or the database does not answer; then nothing is written now either. */
  async #stored(key: InstanceKey): Promise<number> {
    const last: Select = {
      table: this.#table,
      where: whereKey(key),
      orderBy: 'end_active_period_unixtime',
      descending: true,
      limit: 1,
    };
    const rows = this.#store.read(last, true);
    return number((await rows.catch(() => []))[0]?.end_active_period_unixtime);
  }
}

export const unixSeconds = (ms: number): number => Math.floor(ms / 1000);
