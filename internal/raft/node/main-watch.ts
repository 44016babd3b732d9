/**
 * How long the main thread has been silent, counted in the time that this thread saw pass: while the whole process was stopped, nobody was
 * stuck. All times in ms on one monotonic clock.
 */
export class MainWatch {
  readonly #patienceMs: number;
  readonly #tickMs: number;
  #silentMs = 0;
  #tickedMs: number;

  /** @param tickMs how often `tick` is called when all is well */
  constructor(patienceMs: number, tickMs: number, nowMs: number) {
    this.#patienceMs = patienceMs;
    this.#tickMs = tickMs;
    this.#tickedMs = nowMs;
  }

  heard(): void {
    this.#silentMs = 0;
  }

  /** Whether the main thread counts as stuck. */
  tick(nowMs: number): boolean {
    this.#silentMs += Math.min(nowMs - this.#tickedMs, 2 * this.#tickMs);
    this.#tickedMs = nowMs;
    return this.#silentMs > this.#patienceMs;
  }
}
