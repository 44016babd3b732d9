import { text } from './rows.ts';
import type { Store } from './write-queue.ts';

const TABLE = 'own_address';
const ONLY_ROW = [['anchor', '=', 1]] as const;

/** `own_address`: where the API of the daemon that leads is. On a shared backend only; the established tables have no column for it. */
export class LeaderAddress {
  readonly #store: Store;
  readonly #token: string;

  constructor(store: Store, token: string) {
    this.#store = store;
    this.#token = token;
  }

  /** By the daemon that leads from now on. */
  async tell(url: string): Promise<void> {
    const row = { anchor: 1, token: this.#token, url };
    await this.#store.write([{ kind: 'upsert', table: TABLE, key: ['anchor'], row }]);
  }

  /** Undefined: this process leads, or whoever does has not said. @throws {OrchestratorError} `BACKEND_FAILED` */
  async ofAnother(): Promise<string | undefined> {
    const [told] = await this.#store.read({ table: TABLE, where: ONLY_ROW, limit: 1 });
    const [leader] = await this.#store.read({ table: 'active_node', where: ONLY_ROW, limit: 1 });
    if (told === undefined || told.token === this.#token || told.token !== leader?.token) return undefined;
    return text(told.url);
  }
}
