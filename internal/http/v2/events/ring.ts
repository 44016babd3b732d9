import type { EventSource, Happening, Told } from './happenings.ts';

/** The newest happenings, so many of them; the oldest make room. */
export class EventRing implements EventSource {
  readonly epoch: string;
  readonly #most: number;
  readonly #nowMs: () => number;
  readonly #kept: (Told | undefined)[] = [];
  readonly #listeners = new Set<() => void>();
  #last = 0;

  constructor(epoch: string, most: number, nowMs: () => number) {
    this.epoch = epoch;
    this.#most = most;
    this.#nowMs = nowMs;
  }

  get last(): number {
    return this.#last;
  }

  get first(): number {
    return Math.max(1, this.#last - this.#most + 1);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  at(number: number): Told | undefined {
    return number < this.first || number > this.#last ? undefined : this.#kept[number % this.#most];
  }

  tell(happening: Happening): void {
    this.#last += 1;
    this.#kept[this.#last % this.#most] = { number: this.#last, atMs: this.#nowMs(), happening };
    for (const listener of this.#listeners) listener();
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
