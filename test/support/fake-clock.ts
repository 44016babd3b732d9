import assert from 'node:assert/strict';
import type { Clock } from '../../internal/runtime/clock.ts';

interface Timer {
  atMs: number;
  readonly everyMs: number | undefined;
  readonly fire: () => void;
}

/** Time that moves only when told to. Between two timers everything that can run does run. */
export class FakeClock implements Clock {
  #nowMs: number;
  /** Of the wall clock, after it was set. */
  #offMs = 0;
  readonly #timers = new Set<Timer>();

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
  }

  /** How many timers and sleepers there are. */
  get pending(): number {
    return this.#timers.size;
  }

  nowMs(): number {
    return this.#nowMs + this.#offMs;
  }

  /** Somebody sets the wall clock; nothing else notices. @param ms negative: back */
  setBy(ms: number): void {
    this.#offMs += ms;
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

  /**
   * Lets time pass until the work has ended.
   *
   * @param limitMs the work fails where it has not ended by then
   */
  async during<T>(work: Promise<T>, { stepMs = 100, limitMs = 600_000 } = {}): Promise<T> {
    let ended = false;
    const end = () => {
      ended = true;
    };
    work.then(end, end);
    for (const fromMs = this.#nowMs; !ended; await this.advance(stepMs))
      assert.ok(this.#nowMs - fromMs <= limitMs, `not done within ${limitMs} ms of fake time`);
    return work;
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
