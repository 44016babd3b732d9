// Tokens that let a browser act (`AuthenticationMethod: token`). The public one is issued by the command line, told to a person, and given
// once for a secret one, which is kept in a cookie.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Condition, Row } from './database.ts';
import { text } from './rows.ts';
import { toMs, toText } from './time.ts';
import type { Store } from './write-queue.ts';

const TABLE = 'access_token';

export interface TokenLimits {
  /** How long a new one waits to be taken up. */
  readonly useMs: number;
  /** How long it counts, from its issue on. One that was marked as reentrant, by hand, counts for ever. */
  readonly lifeMs: number;
}

/** As a group agreed on it. */
export interface TakenToken {
  readonly publicToken: string;
  readonly secret: string;
  readonly issuedMs: number;
  readonly lifeMs: number;
  /** The node that it was shown to. */
  readonly owner: string;
}

export class AccessTokens {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Lets go of those that ran out as well.
   *
   * @returns 64 hexadecimal digits
   * @throws {OrchestratorError} `BACKEND_FAILED`: it is not there
   */
  async issue(owner: string, { lifeMs }: TokenLimits): Promise<string> {
    const publicToken = aSecret();
    const nowMs = this.#store.nowMs();
    const row = {
      public_token: publicToken,
      secret_token: aSecret(),
      generated_at: toText(nowMs),
      generated_by: owner.slice(0, 128),
    };
    await this.#store.write([
      { kind: 'delete', table: TABLE, where: oldAt(nowMs, lifeMs) },
      { kind: 'insert', table: TABLE, row },
    ]);
    if ((await this.#row(publicToken)) === undefined)
      throw new OrchestratorError('BACKEND_FAILED', 'the backend did not take the token');
    return publicToken;
  }

  /**
   * The secret one, once; undefined: there is no such token, it waited too long, or somebody has it already. Of two who ask at the same time, through
   * whichever daemon, one gets it: whose secret stands in the row.
   */
  async redeem(publicToken: string, { useMs }: TokenLimits): Promise<string | undefined> {
    const row = await this.#row(publicToken);
    const nowMs = this.#store.nowMs();
    if (row === undefined || nowMs - toMs(row.generated_at) > useMs) return undefined;
    if (row.is_reentrant === 1) return text(row.secret_token);
    const secret = aSecret();
    await this.#store.write([
      {
        kind: 'update',
        table: TABLE,
        row: { secret_token: secret, is_acquired: 1, acquired_at: toText(nowMs) },
        where: [
          ['public_token', '=', publicToken],
          ['is_acquired', '=', 0],
        ],
      },
    ]);
    const now = await this.#row(publicToken);
    return text(now?.secret_token) === secret ? secret : undefined;
  }

  /** One that was agreed on: it is taken from the start. Lets go of those that ran out as well. */
  async taken({ publicToken, secret, issuedMs, lifeMs, owner }: TakenToken): Promise<void> {
    const nowMs = this.#store.nowMs();
    const row = {
      public_token: publicToken,
      secret_token: secret,
      generated_at: toText(issuedMs),
      generated_by: owner.slice(0, 128),
      is_acquired: 1,
      acquired_at: toText(nowMs),
    };
    await this.#store.write([
      { kind: 'delete', table: TABLE, where: oldAt(nowMs, lifeMs) },
      { kind: 'insert', table: TABLE, row },
    ]);
  }

  /** Public ones with the times of their issue, ms. */
  async all(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#store.read({ table: TABLE });
    return new Map(rows.map((row) => [text(row.public_token), toMs(row.generated_at)]));
  }

  async isValid(publicToken: string, secret: string, { lifeMs }: TokenLimits): Promise<boolean> {
    const row = await this.#row(publicToken);
    if (row === undefined || !sameSecret(text(row.secret_token), secret)) return false;
    return row.is_reentrant === 1 || this.#store.nowMs() - toMs(row.generated_at) <= lifeMs;
  }

  async #row(publicToken: string): Promise<Row | undefined> {
    const [row] = await this.#store.read({ table: TABLE, where: [['public_token', '=', publicToken]], limit: 1 });
    return row;
  }
}

function oldAt(nowMs: number, lifeMs: number): readonly Condition[] {
  return [
    ['generated_at', '<', toText(nowMs - lifeMs)],
    ['is_reentrant', '=', 0],
  ];
}

function aSecret(): string {
  return randomBytes(32).toString('hex');
}

/** In the same time for every input. */
export function sameSecret(a: string, b: string): boolean {
  const digest = (value: string) => createHash('sha256').update(value).digest();
  return a !== '' && timingSafeEqual(digest(a), digest(b));
}
