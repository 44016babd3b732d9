interface Happening {
  readonly atMs: number;
  readonly number: number;
  readonly happen: () => void;
}

/** Virtual time: what is planned happens in order of time, then of planning. A binary heap. */
export class Timeline {
  nowMs = 0;
  #planned = 0;
  readonly #heap: Happening[] = [];

  after(delayMs: number, happen: () => void): void {
    this.#planned += 1;
    const heap = this.#heap;
    let at = heap.length;
    heap.push({ atMs: this.nowMs + Math.max(0, delayMs), number: this.#planned, happen });
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(heap[at]!, heap[parent]!)) break;
      [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
      at = parent;
    }
  }

  /** Lets everything happen that is due before `endMs`, or until `done` says so. Returns whether it did. */
  runUntil(endMs: number, done: () => boolean = () => false): boolean {
    for (;;) {
      if (done()) return true;
      const next = this.#heap[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#removeFirst();
      this.nowMs = next.atMs;
      next.happen();
    }
    this.nowMs = endMs;
    return false;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    heap[0] = last;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      if (left >= heap.length) return;
      const right = left + 1;
      const least = right < heap.length && isBefore(heap[right]!, heap[left]!) ? right : left;
      if (!isBefore(heap[least]!, heap[at]!)) return;
      [heap[at], heap[least]] = [heap[least]!, heap[at]!];
      at = least;
    }
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.number < b.number);
}
