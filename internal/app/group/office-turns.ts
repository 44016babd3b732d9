// One office of this node behind the other: what an earlier one left under way comes to its end before the next one begins.

import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';

export interface OfficeTurnsDeps {
  /** Whoever acts while this node leads. */
  readonly holder: {
    takeOffice(): void;
    /** At once: from here on nothing is begun. Resolves when what was under way has ended. */
    leaveOffice(): Promise<void>;
  };
  /** The term that this node leads in now, and may act; undefined: it does not. */
  readonly held: () => number | undefined;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly log: Log;
  /** This node leads and nobody acts. */
  readonly onFatal: (err: unknown) => void;
}

/** An election takes less. */
const LATE_MS = 2_000;

export class OfficeTurns {
  readonly #deps: OfficeTurnsDeps;
  #last: Promise<void> = Promise.resolve();
  /** Since when the office that was won last waits for its turn. Monotonic ms. */
  #wonMs: number | undefined;

  constructor(deps: OfficeTurnsDeps) {
    this.#deps = deps;
  }

  /** It was elected for this term. By the time of its turn it may lead in a later one, which has a turn of its own. */
  take(term: number): void {
    const { holder, held, clock, log, onFatal } = this.#deps;
    this.#wonMs = clock.monotonicMs();
    this.#queue(async () => {
      if (held() !== term) return;
      this.#wonMs = undefined;
      log.info({ term }, 'this node leads: it detects, decides and acts');
      try {
        holder.takeOffice();
      } catch (err) {
        onFatal(err);
      }
    });
  }

  leave(): void {
    const { holder, log } = this.#deps;
    this.#wonMs = undefined;
    log.info({}, 'this node leads no more');
    const left = holder.leaveOffice();
    left.catch(() => undefined); // told of in its turn
    this.#queue(() => left);
  }

  /** It leads, and what it left under way before, a script for instance, has kept it from acting for so long that another had better lead. */
  get late(): boolean {
    return this.#wonMs !== undefined && this.#deps.clock.monotonicMs() - this.#wonMs > LATE_MS;
  }

  /** Everything so far. */
  ended(): Promise<void> {
    return this.#last;
  }

  #queue(work: () => Promise<void>): void {
    this.#last = this.#last
      .then(work)
      .catch((err: unknown) => this.#deps.log.error({ err }, 'what was under way did not end in order'));
  }
}
