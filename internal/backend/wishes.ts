import { number, text } from './rows.ts';
import { toText } from './time.ts';
import type { Store } from './write-queue.ts';

export interface Wish {
  readonly id: number;
  /** Of the process that was asked. */
  readonly token: string;
  readonly command: string;
}

const TABLE = 'own_wish';
/** Numbers of wishes may be given in another order than they become visible in. */
const LOOK_BACK = 100;
/** Far longer than any leader takes to read them, and any silence after which it reads everything anew. */
const KEPT_MS = 600_000;

/** `own_wish`: what operators asked of daemons that do not lead, for the one that does. On a shared backend only. */
export class Wishes {
  readonly #store: Store;
  readonly #token: string;
  readonly #read = new Set<number>();
  #last = 0;

  constructor(store: Store, token: string) {
    this.#store = store;
    this.#token = token;
  }

  async add(command: string): Promise<void> {
    const wished_at = toText(this.#store.nowMs());
    await this.#store.write([{ kind: 'insert', table: TABLE, row: { token: this.#token, command, wished_at } }]);
  }

  /** Those that were not read yet, of others. @throws {OrchestratorError} `BACKEND_FAILED` */
  async unread(): Promise<readonly Wish[]> {
    const rows = await this.#store.read({ table: TABLE, where: [['id', '>=', this.#last - LOOK_BACK]], orderBy: 'id' });
    const found = rows.map((row) => ({ id: number(row.id), token: text(row.token), command: text(row.command) }));
    const fresh = found.filter(({ id }) => !this.#read.has(id));
    for (const { id } of fresh) this.#read.add(id);
    this.#last = Math.max(this.#last, ...found.map(({ id }) => id));
    for (const id of this.#read) if (id < this.#last - LOOK_BACK) this.#read.delete(id);
    return fresh.filter(({ token }) => token !== this.#token);
  }

  async dropOld(): Promise<void> {
    const before = toText(this.#store.nowMs() - KEPT_MS);
    const old = { kind: 'delete', table: TABLE, where: [['wished_at', '<', before]], atMost: 500 } as const;
    await this.#store.write([old], { expendable: true });
  }
}
