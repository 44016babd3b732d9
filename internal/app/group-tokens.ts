import { randomBytes } from 'node:crypto';
import { sameSecret, type TokenLimits } from '../backend/access-tokens.ts';
import type { Command, Stamp } from '../command/command.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Agreement } from './agreement.ts';
import type { Restored, Storage } from './ports.ts';
import { issuedMs } from './signed-tokens.ts';

export interface TokenSettings extends TokenLimits {
  /** With which tokens are signed; the first one signs. Empty: none can be issued, and none is good. */
  readonly secrets: () => readonly Uint8Array[];
}

export interface GroupTokensDeps {
  readonly storage: Pick<Storage, 'tokenTaken'>;
  readonly agreement: () => Pick<Agreement, 'decide'>;
  readonly settings: () => TokenSettings;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly log: Log;
}

/** A clock of a node that issues tokens may be ahead of the one that takes them by so much. */
const SKEW_MS = 10_000;

/** Which access tokens of a group were taken up, as all nodes know it: of two who ask, one gets the secret. */
export class GroupTokens {
  readonly #deps: GroupTokensDeps;
  /** Public token to when it was issued, ms. */
  #taken: Map<string, number>;
  /** Public token to the secret one, of those that were taken since the start: their rows may not be written yet. */
  readonly #secrets = new Map<string, string>();

  constructor(deps: GroupTokensDeps, restored: Restored['tokens']) {
    this.#deps = deps;
    this.#taken = new Map(restored);
  }

  /** The backend holds another state than memory does: that one counts. */
  reload(tokens: Restored['tokens']): void {
    this.#taken = new Map(tokens);
  }

  /**
   * The secret one, once; undefined: nobody issued it, it waited too long, or somebody has it already.
   *
   * @throws {OrchestratorError} those of `Agreement.decide`
   */
  async redeem(publicToken: string): Promise<string | undefined> {
    const { agreement, settings, clock, log } = this.#deps;
    const { secrets, useMs, lifeMs } = settings();
    let atMs: number | undefined;
    try {
      atMs = issuedMs(publicToken, secrets());
    } catch (err) {
      log.warn({ err }, 'no access token can be checked');
    }
    const ageMs = atMs === undefined ? Number.NaN : clock.nowMs() - atMs;
    if (atMs === undefined || ageMs > Math.min(useMs, lifeMs) || ageMs < -SKEW_MS) return undefined;
    const secret = randomBytes(32).toString('hex');
    const command = { op: 'redeem-access-token', publicToken, secret, issuedMs: atMs, lifeMs } as const;
    return (await agreement().decide(command)) === true ? secret : undefined;
  }

  /** A pair that was agreed on since the start, and has not run out. */
  holds(publicToken: string, secret: string): boolean {
    const { settings, clock } = this.#deps;
    const atMs = this.#taken.get(publicToken) ?? Number.NEGATIVE_INFINITY;
    return clock.nowMs() - atMs <= settings().lifeMs && sameSecret(this.#secrets.get(publicToken) ?? '', secret);
  }

  /** Does what was agreed on. False: it was taken before. */
  apply(command: Extract<Command, { op: 'redeem-access-token' }>, { atMs, node }: Stamp): boolean {
    const { publicToken, lifeMs } = command;
    if (this.#taken.has(publicToken)) return false;
    for (const [token, ms] of this.#taken)
      if (ms < atMs - lifeMs) {
        this.#taken.delete(token);
        this.#secrets.delete(token);
      }
    this.#taken.set(publicToken, command.issuedMs);
    this.#secrets.set(publicToken, command.secret);
    this.#deps.storage.tokenTaken({ ...command, owner: node });
    return true;
  }
}
