// Whether this node is to lead where another can, as the main thread sees it: by its backend (C-80), its state, and whether it is drained.

import type { Backend } from '../../backend/backend.ts';
import type { Clock } from '../../runtime/clock.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';

export interface FitnessDeps {
  readonly backend: Pick<Backend, 'health'>;
  /** This node holds what the leader does, as far as that was compared. */
  readonly sound: () => boolean;
  /** It is drained, and has nothing to end first. */
  readonly yields: () => boolean;
  /** A backend that has taken nothing for so long ends the node; 0: never. */
  readonly endAfterMs: number;
  readonly clock: Pick<Clock, 'monotonicMs' | 'nowMs'>;
  readonly log: Log;
  readonly onFatal: (err: unknown) => void;
}

/** A backend that takes nothing for so long makes its node unfit to lead, and it is fit again after this long without a failure (C-80). */
const UNFIT_AFTER_MS = 5_000;
const FIT_AFTER_MS = 10_000;
/** A failure that is seen for the first time is no older than this, whatever the wall clock says, which jumps. */
const UNSEEN_MS = 2_000;

export class Fitness {
  readonly #deps: FitnessDeps;
  #well = true;
  /** When the present failure began, and when one was seen last. Monotonic ms. */
  #failingMs: number | undefined;
  #failedMs: number | undefined;

  constructor(deps: FitnessDeps) {
    this.#deps = deps;
  }

  /** As of the last look; whether it yields, as of now. */
  get fit(): boolean {
    return this.#well && !this.#deps.yields();
  }

  /** To be called each second. */
  look(): void {
    const { backend, sound, clock, log, endAfterMs, onFatal } = this.#deps;
    const { ok, message, sinceMs } = backend.health();
    const nowMs = clock.monotonicMs();
    if (ok) this.#failingMs = undefined;
    else {
      const ageMs = clock.nowMs() - (sinceMs ?? clock.nowMs());
      this.#failingMs ??= nowMs - Math.min(UNSEEN_MS, Math.max(0, ageMs));
      this.#failedMs = nowMs;
    }
    const failedMs = nowMs - (this.#failingMs ?? nowMs);
    if (endAfterMs > 0 && failedMs >= endAfterMs)
      onFatal(
        new OrchestratorError(
          'BACKEND_FAILED',
          `the backend takes nothing since ${Math.round(failedMs)} ms: ${message}`,
        ),
      );
    const unwell = !sound() || failedMs >= UNFIT_AFTER_MS;
    const cured = ok && sound() && (this.#failedMs === undefined || nowMs - this.#failedMs >= FIT_AFTER_MS);
    if (this.#well ? !unwell : !cured) return;
    this.#well = !this.#well;
    if (this.#well) log.info({}, 'the backend works: this node may lead again');
    else if (!ok) log.warn({}, 'the backend takes nothing: this node leads only where nobody else can');
  }
}
