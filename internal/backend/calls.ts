import type { KnownCall } from '../command/calls.ts';
import { number, text } from './rows.ts';
import type { Store } from './write-queue.ts';

const TABLE = 'own_call';

/** `own_call`: calls that were made under a key, and what their callers were told. */
export class CallRows {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async keep({ id, request, attempt, beganMs, index, outcome }: KnownCall): Promise<void> {
    const began = { call_id: id, request, attempt, began_ms: beganMs, began_index: index };
    const row = { ...began, status: outcome?.status ?? null, answer: outcome?.json ?? null };
    await this.#store.write([{ kind: 'upsert', table: TABLE, key: ['call_id'], row }]);
  }

  async forget(id: string): Promise<void> {
    await this.#store.write([{ kind: 'delete', table: TABLE, where: [['call_id', '=', id]] }]);
  }

  async all(): Promise<readonly KnownCall[]> {
    const rows = await this.#store.read({ table: TABLE });
    return rows.map((row) => ({
      id: text(row.call_id),
      request: text(row.request),
      attempt: text(row.attempt),
      beganMs: number(row.began_ms),
      index: number(row.began_index),
      outcome: row.answer === null ? undefined : { status: number(row.status), json: text(row.answer) },
    }));
  }
}
