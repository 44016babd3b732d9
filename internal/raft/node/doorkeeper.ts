// Takes in, as the leader, who asks for it (F-30 to F-32, C-124). Nodes without a group call until they have one, so that
// whatever does not work now is tried again with their next call.

import type { Log } from '../../runtime/log.ts';
import type { RaftCore } from '../core/core.ts';
import type { Answer } from '../core/effects.ts';
import type { MembershipChange } from '../core/inputs.ts';
import type { Member, MemberId } from '../core/types.ts';
import { admit } from '../forming/admit.ts';
import type { Wire } from '../wire/wire.ts';
import { REASONS } from './reasons.ts';

export interface DoorkeeperDeps {
  readonly core: Pick<RaftCore, 'self' | 'role' | 'log'>;
  readonly wire: Pick<Wire, 'reaches'>;
  readonly log: Log;
  take(input: { readonly kind: 'change'; readonly id: number; readonly change: MembershipChange }): void;
}

/** Whoever calls in vain is remembered, so that the reason is told once. */
const MOST_REMEMBERED = 64;

export class Doorkeeper {
  readonly #deps: DoorkeeperDeps;
  /** By the id of what the core was asked for: all below 0, since those of others are above it. */
  readonly #asked = new Map<number, Member>();
  readonly #told = new Map<MemberId, string>();
  #lastId = 0;

  constructor(deps: DoorkeeperDeps) {
    this.#deps = deps;
  }

  knock(knocker: Member): void {
    const { core, wire, take } = this.#deps;
    if (core.role !== 'leader' || this.#isAsked(knocker)) return;
    const admission = admit(core.self, core.log.configuration, knocker);
    if (admission.kind === 'present') return;
    if (admission.kind === 'refused') this.#refused(knocker, admission.why);
    else if (!wire.reaches(knocker.id)) this.#refused(knocker, `it does not answer at ${knocker.address} yet`);
    else {
      this.#lastId -= 1;
      this.#asked.set(this.#lastId, knocker);
      take({ kind: 'change', id: this.#lastId, change: admission.change });
    }
  }

  /** Whether this answer is for the doorkeeper. */
  answered(answer: Answer): boolean {
    const knocker = this.#asked.get(answer.id);
    if (knocker === undefined) return false;
    this.#asked.delete(answer.id);
    if (answer.kind === 'refused') this.#refused(knocker, REASONS[answer.reason]);
    else {
      this.#told.delete(knocker.id);
      this.#deps.log.info({ member: knocker.id, address: knocker.address }, 'a node is taken into the group');
    }
    return true;
  }

  #isAsked({ id }: Member): boolean {
    return [...this.#asked.values()].some((asked) => asked.id === id);
  }

  #refused({ id, address }: Member, why: string): void {
    if (this.#told.get(id) === why) return;
    if (this.#told.size >= MOST_REMEMBERED) this.#told.clear();
    this.#told.set(id, why);
    this.#deps.log.warn({ member: id, address, reason: why }, 'a node that asks to be taken in is not, so far');
  }
}
