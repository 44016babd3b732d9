import type { Member } from '../core/types.ts';
import type { Identity } from '../store/identity.ts';
import { WireFault } from '../wire/fault.ts';
import type { Forming } from './forming.ts';
import { decodeForming, encodeForming } from './messages.ts';
import type {
  Candidates,
  ClaimAnswer,
  FormingEffects,
  FormingInput,
  FormingMoment,
  FormingOutcome,
  FormingRecord,
  Sender,
} from './types.ts';

export interface FormingRoomDeps {
  readonly machine: Forming;
  readonly moment: () => FormingMoment;
  /** Both durable when they return. Throwing ends the node: nothing is said that was not kept. */
  readonly keepRecord: (record: FormingRecord) => void;
  readonly keepIdentity: (identity: Identity) => void;
  /** On the channel `forming`, now or not at all. */
  readonly send: (address: string, payload: Uint8Array) => void;
  /** Claims the record that says which group has the name; the answer is given to `claimed`. */
  readonly claim: (formation: string) => void;
  /** A node without a group called on this one: for `admit`, where this node leads. */
  readonly onKnock: (member: Member) => void;
  /** Formed, waiting, outside or refused; told when the kind changes, or why. */
  readonly onOutcome: (outcome: FormingOutcome) => void;
}

/** Keeps, then sends, then reports: the acts of the pure machine, in that order. Goes on after the founding, for those who call later. */
export class FormingRoom {
  readonly #deps: FormingRoomDeps;
  #reported = '';

  constructor(deps: FormingRoomDeps) {
    this.#deps = deps;
  }

  get outcome(): FormingOutcome {
    const { machine, moment } = this.#deps;
    return machine.outcome(moment().nowMs);
  }

  /** Until the others are called on again, ms. */
  get nextHailInMs(): number {
    const { machine, moment } = this.#deps;
    return Math.max(0, machine.nextHailMs - moment().nowMs);
  }

  /** Several times in each `hailMs`, until a group is formed or joined; harmless afterwards. */
  tick(): void {
    this.#step({ kind: 'tick' });
  }

  /** @throws {WireFault} the bytes are nothing that a node says: the connection is of no more use */
  onBytes(from: Sender, payload: Uint8Array): void {
    const message = decodeForming(payload);
    if (message.kind === 'hail' && (message.member.id !== from.member || message.member.node !== from.node))
      throw new WireFault('forged', `a call in the name of ${message.member.id.slice(0, 100)}`);
    this.#step({ kind: 'message', from, message });
  }

  /** Whom to call on, where nobody is listed. */
  seek(candidates: Candidates): void {
    this.#step({ kind: 'candidates', candidates });
  }

  /** To `claim`. */
  claimed(formation: string, answer: ClaimAnswer): void {
    this.#step({ kind: 'claimed', formation, answer });
  }

  /** To be called before anything of the group is written here: a log without a group in the identity is of no use. */
  joined(): void {
    this.#step({ kind: 'joined' });
  }

  /** @returns false where there is nothing to take back: this node belongs to a group */
  reset(): boolean {
    if (this.outcome.kind === 'formed') return false;
    this.#step({ kind: 'reset' });
    return true;
  }

  #step(input: FormingInput): void {
    const { machine, moment } = this.#deps;
    this.#perform(machine.step(moment(), input));
    this.#report();
  }

  #perform({ record, identity, send, claim, knock }: FormingEffects): void {
    const deps = this.#deps;
    if (record !== undefined) deps.keepRecord(record);
    if (identity !== undefined) deps.keepIdentity(identity);
    for (const { address, message } of send) deps.send(address, encodeForming(message));
    if (claim !== undefined) deps.claim(claim);
    if (knock !== undefined) deps.onKnock(knock);
  }

  #report(): void {
    const { outcome } = this;
    const said = outcome.kind === 'formed' ? outcome.kind : `${outcome.kind} ${outcome.why}`;
    if (said === this.#reported) return;
    this.#reported = said;
    this.#deps.onOutcome(outcome);
  }
}
