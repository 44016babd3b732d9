/** Values of the last while, the oldest first. What is older than that, or too much, is let go of. */
export class Samples<T> {
  readonly #keptMs: () => number;
  readonly #most: () => number;
  #timesMs: number[] = [];
  #values: T[] = [];
  /** Where the oldest one that counts stands. */
  #head = 0;

  constructor(limits: { readonly keptMs: () => number; readonly most: () => number }) {
    this.#keptMs = limits.keptMs;
    this.#most = limits.most;
  }

  /** @param atMs not before that of the last one */
  add(atMs: number, value: T): void {
    this.#timesMs.push(atMs);
    this.#values.push(value);
    this.#letGo(atMs);
  }

  /** Those that are no older than `windowMs` now. */
  within(windowMs: number, nowMs: number): readonly T[] {
    this.#letGo(nowMs);
    let from = this.#values.length;
    while (from > this.#head && (this.#timesMs[from - 1] ?? 0) >= nowMs - windowMs) from -= 1;
    return this.#values.slice(from);
  }

  #letGo(nowMs: number): void {
    const oldestMs = nowMs - this.#keptMs();
    const first = this.#values.length - this.#most();
    while (this.#head < this.#values.length && (this.#head < first || (this.#timesMs[this.#head] ?? 0) < oldestMs))
      this.#head += 1;
    if (this.#head * 2 < this.#values.length) return; // moved seldom, so that it costs next to nothing each time
    this.#timesMs = this.#timesMs.slice(this.#head);
    this.#values = this.#values.slice(this.#head);
    this.#head = 0;
  }
}
