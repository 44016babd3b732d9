import type { Clock } from '../../internal/runtime/clock.ts';

/** Time that moves only when a test says so. Sleepers wake, and ticks come, in the order of their times. */
export class ManualClock implements Clock {
  #nowMs: number;
  readonly #startMs: number;
  readonly #timers = new Set<{ atMs: number; readonly everyMs: number | undefined; readonly ring: () => void }>();

  constructor(nowMs = Date.UTC(2026, 0, 31, 10, 0, 0)) {
    this.#nowMs = nowMs;
    this.#startMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs + 1;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((ring) => this.#timers.add({ atMs: this.#nowMs + ms, everyMs: undefined, ring }));
  }

  timeoutSignal(ms: number): AbortSignal {
    const controller = new AbortController();
    void this.sleep(ms).then(() => controller.abort(new Error('timed out')));
    return controller.signal;
  }

  after(ms: number, ring: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, everyMs: undefined, ring };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  every(ms: number, ring: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, everyMs: ms, ring };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves on by `ms`, ringing what is due on the way, and lets what was woken run until it waits again. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#nowMs = next.atMs;
      if (next.everyMs === undefined) this.#timers.delete(next);
      else next.atMs += next.everyMs;
      next.ring();
      await settled();
    }
    this.#nowMs = endMs;
    await settled();
  }
}

/** After everything that can run without time passing has run. */
async function settled(): Promise<void> {
  for (let round = 0; round < 4; round += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
