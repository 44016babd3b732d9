// The leader's care for the group: who is gone for good, and whether another should lead. Nothing of it is urgent, so that it waits while
// there is a recovery, a change of the members, or any doubt.

import type { Log } from '../../runtime/log.ts';
import type { RaftCore } from '../core/core.ts';
import type { MemberId } from '../core/types.ts';
import { type CareSettings, type Contact, whoIsGone, whoIsPreferred } from '../membership/care.ts';
import type { OwnRequests } from './own-requests.ts';
import { REASONS } from './reasons.ts';

export interface StewardDeps {
  readonly core: Pick<RaftCore, 'self' | 'office' | 'log'>;
  readonly requests: Pick<OwnRequests, 'change' | 'transfer'>;
  readonly log: Log;
  readonly settings: CareSettings;
  /** T. */
  readonly electionTimeoutMs: number;
  /** Entries that a member may lack and count as level. */
  readonly lagEntries: number;
  readonly nowMs: () => number;
  /** Nothing may be moved now: a recovery runs, this node drains or is unwell. */
  readonly hands: () => 'free' | 'bound';
  readonly onReaped: (reaped: Reaped) => void;
}

/** A member that was let go. */
export interface Reaped {
  readonly member: MemberId;
  readonly voter: boolean;
  /** So long it had not been heard, and so long was allowed. */
  readonly silentMs: number;
  readonly limitMs: number;
}

export class Steward {
  readonly #deps: StewardDeps;
  /** When a member was last out of contact, by its id. */
  readonly #lostMs = new Map<MemberId, number>();
  #reapedMs = Number.NEGATIVE_INFINITY;
  #preferredMs = Number.NEGATIVE_INFINITY;
  #asking = false;

  constructor(deps: StewardDeps) {
    this.#deps = deps;
  }

  tick(): void {
    const { core, hands } = this.#deps;
    if (core.office === undefined) this.#lostMs.clear();
    if (core.office?.serving !== true) return;
    const contacts = this.#contacts(core.office);
    if (this.#asking || hands() === 'bound') return;
    if (!this.#reap(contacts)) this.#prefer(contacts, core.office.sinceMs);
  }

  #reap(contacts: readonly Contact[]): boolean {
    const { core, requests, log, settings, nowMs, electionTimeoutMs, onReaped } = this.#deps;
    if (nowMs() - this.#reapedMs < settings.reapPauseMs) return false;
    const { voters } = core.log.configuration;
    const member = whoIsGone(contacts, voters.length, settings, 2 * electionTimeoutMs);
    if (member === undefined) return false;
    const { silentMs = 0, voter = false } = contacts.find(({ id }) => id === member) ?? {};
    const limitMs = voter ? settings.reapVoterAfterMs : settings.reapLearnerAfterMs;
    this.#reapedMs = nowMs();
    this.#asking = true;
    requests.change({ kind: 'remove', member, reaped: true }, (refused) => {
      this.#asking = false;
      if (refused !== undefined) {
        log.warn({ member, reason: REASONS[refused] }, 'a member that is gone for long is not removed');
        return;
      }
      log.warn({ member, silentMs }, 'a member that is gone for long is removed from the group');
      onReaped({ member, voter, silentMs, limitMs });
    });
    return true;
  }

  #prefer(contacts: readonly Contact[], sinceMs: number): void {
    const { core, requests, log, settings, nowMs } = this.#deps;
    const { preferredLeaders, preferenceHoldMs, preferencePauseMs } = settings;
    if (preferredLeaders.length === 0 || nowMs() - sinceMs < preferenceHoldMs) return;
    if (nowMs() - this.#preferredMs < preferencePauseMs) return;
    const own = core.log.configuration.members.find(({ id }) => id === core.self)?.labels ?? {};
    const target = whoIsPreferred(own, contacts, preferredLeaders);
    if (target === undefined) return;
    this.#preferredMs = nowMs();
    this.#asking = true;
    log.info({ target }, 'leadership goes to a node that is preferred for it');
    requests.transfer(target, (refused) => {
      this.#asking = false;
      if (refused !== undefined) log.info({ target, reason: REASONS[refused] }, 'leadership stays for now');
    });
  }

  #contacts({ sinceMs, progress }: NonNullable<RaftCore['office']>): readonly Contact[] {
    const { core, nowMs, electionTimeoutMs, lagEntries, settings } = this.#deps;
    const { members, voters } = core.log.configuration;
    return members.flatMap(({ id, labels }) => {
      const known = progress.get(id);
      if (id === core.self || known === undefined) return [];
      const silentMs = nowMs() - Math.max(known.heardMs, sinceMs);
      if (silentMs > electionTimeoutMs) this.#lostMs.set(id, nowMs());
      const heldMs = nowMs() - (this.#lostMs.get(id) ?? Number.NEGATIVE_INFINITY);
      const level = known.state === 'replicate' && core.log.lastIndex - known.match <= lagEntries;
      const fit = level && known.standing === 'ready' && heldMs >= settings.preferenceContactMs;
      return [{ id, labels, silentMs, fit, voter: voters.includes(id) }];
    });
  }
}
