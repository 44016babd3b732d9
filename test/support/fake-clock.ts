import type { Clock } from '../../internal/runtime/clock.ts';

interface Timer {
  atMs: number;
  readonly everyMs: number | undefined;
  readonly fire: () => void;
}

/** Time that moves only when told to. Between two timers everything that can run does run. */
export class FakeClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<Timer>();

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#timers.delete(timer);
        reject(signal?.reason);
      };
      const timer = this.#add(ms, undefined, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  timeoutSignal(ms: number): AbortSignal {
    const controller = new AbortController();
    this.#add(ms, undefined, () => controller.abort(new Error(`${ms} ms passed`)));
    return controller.signal;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = this.#add(ms, undefined, callback);
    return () => this.#timers.delete(timer);
  }

  every(ms: number, callback: () => void): () => void {
    const timer = this.#add(ms, ms, callback);
    return () => this.#timers.delete(timer);
  }

  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await settled();
      const next = this.#next();
      if (next === undefined || next.atMs > endMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      if (next.everyMs === undefined) this.#timers.delete(next);
      else next.atMs += next.everyMs;
      next.fire();
    }
    this.#nowMs = endMs;
    await settled();
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.atMs < next.atMs) next = timer;
    return next;
  }

  #add(ms: number, everyMs: number | undefined, fire: () => void): Timer {
    const timer: Timer = { atMs: this.#nowMs + ms, everyMs, fire };
    this.#timers.add(timer);
    return timer;
  }
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
