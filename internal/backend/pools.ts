import type { InstanceKey } from '../topology/instance-key.ts';
import type { PoolMember } from '../topology/pools.ts';
import { KEY, keyColumns, keyOf, text } from './rows.ts';
import { toMs, toText } from './time.ts';
import type { Store } from './write-queue.ts';

const TABLE = 'database_instance_pool';

/** `database_instance_pool`: which servers were put into which pool, and when. */
export class PoolRows {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** These servers and no others are in the pool from now on. */
  async submitted(pool: string, keys: readonly InstanceKey[]): Promise<void> {
    const registered_at = toText(this.#store.nowMs());
    await this.#store.write([
      { kind: 'delete', table: TABLE, where: [['pool', '=', pool]] },
      ...keys.map((key) => {
        const row = { ...keyColumns(key), pool, registered_at };
        return { kind: 'upsert', table: TABLE, key: [...KEY, 'pool'], row } as const;
      }),
    ]);
  }

  async all(): Promise<readonly PoolMember[]> {
    const rows = await this.#store.read({ table: TABLE });
    return rows.map((row) => ({ pool: text(row.pool), key: keyOf(row), registeredMs: toMs(row.registered_at) }));
  }
}
