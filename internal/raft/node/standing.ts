import type { Standing } from '../core/messages.ts';

/**
 * What makes a node a leader of last resort. `disk`: something waits for room on it. `space`: there is little. `slow`: its syncs take long.
 * `main`: the main thread is stuck. `asked`: it drains, or what it works with is unwell.
 */
export type Concern = 'disk' | 'space' | 'slow' | 'main' | 'asked';

/** The worst of all that has been said. */
export class Standings {
  readonly #concerns = new Set<Concern>();

  get standing(): Standing {
    return this.#concerns.size === 0 ? 'ready' : 'lastResort';
  }

  get concerns(): readonly Concern[] {
    return [...this.#concerns].sort();
  }

  /** Whether `standing` is another by it. */
  set(concern: Concern, present: boolean): boolean {
    const before = this.standing;
    if (present) this.#concerns.add(concern);
    else this.#concerns.delete(concern);
    return this.standing !== before;
  }
}
