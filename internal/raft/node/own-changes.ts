import type { Answer, RefusalReason } from '../core/effects.ts';
import type { Input, MembershipChange } from '../core/inputs.ts';

/** Changes of the members that the consensus thread asks for by itself. Their ids are below 0, those of others above it. */
export class OwnChanges {
  readonly #take: (input: Extract<Input, { kind: 'change' }>) => void;
  readonly #asked = new Map<number, (refused: RefusalReason | undefined) => void>();
  #lastId = 0;

  constructor(take: (input: Extract<Input, { kind: 'change' }>) => void) {
    this.#take = take;
  }

  /** @param done once the change is in the log, or refused */
  ask(change: MembershipChange, done: (refused: RefusalReason | undefined) => void): void {
    this.#lastId -= 1;
    this.#asked.set(this.#lastId, done);
    this.#take({ kind: 'change', id: this.#lastId, change });
  }

  /** Whether this answer is to one of them. */
  answered(answer: Answer): boolean {
    const done = this.#asked.get(answer.id);
    if (done === undefined) return false;
    this.#asked.delete(answer.id);
    done(answer.kind === 'refused' ? answer.reason : undefined);
    return true;
  }
}
