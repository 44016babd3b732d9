import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { KEY, keyColumns, keyOf, readable, text, whereKey } from './rows.ts';
import { toMs, toText } from './time.ts';
import type { Store } from './write-queue.ts';

export interface StoredAnalysis {
  readonly key: InstanceKey;
  readonly code: string;
  readonly atMs: number;
}

const LAST = 'database_instance_last_analysis';
const CHANGES = 'database_instance_analysis_changelog';
/** A listing holds the newest so many; a server that flaps for days must not fill the memory of whoever asks. */
const MOST_CHANGES = 10_000;

/** The analysis code of each server, and how it changed. Written behind: a finding is on its way to a recovery. */
export class Analyses {
  readonly #store: Store;
  /** As stored, by server. */
  readonly #last = new Map<string, string>();
  #sequence = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** To be called once at start: what has the same code as before the restart has not changed. */
  async load(): Promise<void> {
    const rows = await this.#store.read({ table: LAST });
    for (const [key, code] of readable(rows, (row) => [keyText(keyOf(row)), text(row.analysis)] as const))
      this.#last.set(key, code);
  }

  /** The first code of a server is only kept, not listed as a change. */
  seen(key: InstanceKey, code: string): void {
    const name = keyText(key);
    const before = this.#last.get(name);
    if (before === code) return;
    this.#last.set(name, code);
    const row = { ...keyColumns(key), analysis_timestamp: toText(this.#store.nowMs()), analysis: code };
    this.#store.behind(`analysis ${name}`, { kind: 'upsert', table: LAST, key: KEY, row });
    if (before === undefined) return;
    this.#sequence += 1;
    this.#store.behind(`analysis change ${this.#sequence}`, { kind: 'insert', table: CHANGES, row });
  }

  /** What a forgotten server had is of no meaning for one that comes in its place; its history stays. */
  async forgotten(key: InstanceKey): Promise<void> {
    this.#last.delete(keyText(key));
    this.#store.dropBehind(`analysis ${keyText(key)}`);
    await this.#store.write([{ kind: 'delete', table: LAST, where: whereKey(key) }]);
  }

  /** Oldest first. */
  async changes(): Promise<readonly StoredAnalysis[]> {
    await this.#store.flush();
    const rows = await this.#store.read({
      table: CHANGES,
      orderBy: 'changelog_id',
      descending: true,
      limit: MOST_CHANGES,
    });
    return rows
      .map((row) => ({ key: keyOf(row), code: text(row.analysis), atMs: toMs(row.analysis_timestamp) }))
      .reverse();
  }
}
