// Long answers are made a slice at a time, and all of them together get one slice in each turn of the event loop: whoever else waits
// for this process, such as a load balancer that asks who leads, waits for one slice, however many long lists are asked for (C-102).

/** How long one slice may be worked on, ms. */
export const SLICE_MS = 3;

export class Turns {
  readonly #waiting: (() => void)[] = [];
  #scheduled = false;

  /** Resolves in a later turn of the event loop, in the order of the callers. The caller then works for one slice. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0) return;
    this.#scheduled = true;
    // What is put off within such a callback runs in the next turn, after sockets were looked at.
    setImmediate(() => {
      this.#scheduled = false;
      this.#waiting.shift()?.();
      this.#schedule();
    });
  }
}
