import type { WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, isUsableKey, keyText } from '../topology/instance-key.ts';
import { watchedOf } from './instance-of-row.ts';
import { instanceRow } from './instance-row.ts';
import { readable } from './rows.ts';
import type { Store } from './write-queue.ts';

const TABLE = 'database_instance';

/** What probes found. Written behind, the newest of each server. */
export class Instances {
  readonly #store: Store;
  readonly #stored = new Set<string>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** A server never seen before is written at once: a restart must know of it. */
  seen(watched: WatchedInstance, cluster: string, depth: number): void {
    const key = keyText(watched.instance.key);
    this.#store.behind(key, {
      kind: 'upsert',
      table: TABLE,
      key: ['hostname', 'port'],
      row: instanceRow(watched, cluster, depth),
    });
    if (this.#stored.has(key)) return;
    this.#stored.add(key);
    void this.#store.flush();
  }

  async forgotten({ hostname, port }: InstanceKey): Promise<void> {
    const key = keyText({ hostname, port });
    this.#store.dropBehind(key);
    this.#stored.delete(key);
    const where = [
      ['hostname', '=', hostname],
      ['port', '=', port],
    ] as const;
    await this.#store.write([{ kind: 'delete', table: TABLE, where }]);
  }

  /** The servers as they were last seen. They come back invalid: only a fresh read makes them valid. */
  async load(): Promise<readonly WatchedInstance[]> {
    const rows = await this.#store.read({ table: TABLE });
    return readable(rows, watchedOf).filter(({ instance }) => isUsableKey(instance.key));
  }
}
