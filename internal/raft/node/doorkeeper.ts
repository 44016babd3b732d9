// Takes in, as the leader, who asks for it (F-30 to F-32, C-124). Nodes without a group call until they have one, so that
// whatever does not work now is tried again with their next call.

import type { Log } from '../../runtime/log.ts';
import type { RaftCore } from '../core/core.ts';
import type { Member, MemberId } from '../core/types.ts';
import { admit } from '../forming/admit.ts';
import type { Wire } from '../wire/wire.ts';
import type { OwnRequests } from './own-requests.ts';
import { REASONS } from './reasons.ts';

export interface DoorkeeperDeps {
  readonly core: Pick<RaftCore, 'self' | 'role' | 'log'>;
  readonly wire: Pick<Wire, 'reaches'>;
  readonly log: Log;
  readonly requests: Pick<OwnRequests, 'change'>;
}

/** Whoever calls in vain is remembered, so that the reason is told once. */
const MOST_REMEMBERED = 64;

export class Doorkeeper {
  readonly #deps: DoorkeeperDeps;
  readonly #asked = new Set<MemberId>();
  readonly #told = new Map<MemberId, string>();

  constructor(deps: DoorkeeperDeps) {
    this.#deps = deps;
  }

  knock(knocker: Member): void {
    const { core, wire, requests, log } = this.#deps;
    const { id, address } = knocker;
    if (core.role !== 'leader' || this.#asked.has(id)) return;
    const admission = admit(core.self, core.log.configuration, knocker);
    if (admission.kind === 'present') return;
    if (admission.kind === 'refused') this.#refused(knocker, admission.why);
    else if (!wire.reaches(id, address)) this.#refused(knocker, `it does not answer at ${address} yet`);
    else {
      this.#asked.add(id);
      requests.change(admission.change, (refused) => {
        this.#asked.delete(id);
        if (refused !== undefined) this.#refused(knocker, REASONS[refused]);
        else {
          this.#told.delete(id);
          log.info({ member: id, address }, 'a node is taken into the group');
        }
      });
    }
  }

  #refused({ id, address }: Member, why: string): void {
    if (this.#told.get(id) === why) return;
    if (this.#told.size >= MOST_REMEMBERED) this.#told.clear();
    this.#told.set(id, why);
    this.#deps.log.warn({ member: id, address, reason: why }, 'a node that asks to be taken in is not, so far');
  }
}
