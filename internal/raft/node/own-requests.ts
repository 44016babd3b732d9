import type { Answer, RefusalReason } from '../core/effects.ts';
import type { Input, MembershipChange } from '../core/inputs.ts';
import type { MemberId } from '../core/types.ts';

type Asked = Extract<Input, { kind: 'change' | 'transfer' }>;

/** What the consensus thread asks the core for by itself. Its ids are below 0, those of others above it. */
export class OwnRequests {
  readonly #take: (input: Asked) => void;
  readonly #asked = new Map<number, (refused: RefusalReason | undefined) => void>();
  #lastId = 0;

  constructor(take: (input: Asked) => void) {
    this.#take = take;
  }

  /** @param done once the change is in the log, or refused */
  change(change: MembershipChange, done: (refused: RefusalReason | undefined) => void): void {
    this.#ask((id) => ({ kind: 'change', id, change }), done);
  }

  /** @param done once somebody else leads, or this did not come to be */
  transfer(target: MemberId, done: (refused: RefusalReason | undefined) => void): void {
    this.#ask((id) => ({ kind: 'transfer', id, target, preferred: [] }), done);
  }

  /** Whether this answer is to one of them. */
  answered(answer: Answer): boolean {
    const done = this.#asked.get(answer.id);
    if (done === undefined) return false;
    this.#asked.delete(answer.id);
    done(answer.kind === 'refused' ? answer.reason : undefined);
    return true;
  }

  #ask(input: (id: number) => Asked, done: (refused: RefusalReason | undefined) => void): void {
    this.#lastId -= 1;
    this.#asked.set(this.#lastId, done);
    this.#take(input(this.#lastId));
  }
}
