/** Until when this node may be sure that nobody else leads; read without asking the thread that knows it. */
export interface Lease {
  runs(): boolean;
}

/** One clock for all threads of the process, unlike `performance.now`. */
const nowNs = () => process.hrtime.bigint();

/** The lease as one number that two threads share. */
export class SharedLease implements Lease {
  readonly buffer: SharedArrayBuffer;
  readonly #untilNs: BigInt64Array;

  constructor(buffer = new SharedArrayBuffer(8)) {
    this.buffer = buffer;
    this.#untilNs = new BigInt64Array(buffer);
  }

  runs(): boolean {
    return nowNs() < Atomics.load(this.#untilNs, 0);
  }

  /** @param remainingMs not above 0: it has run out */
  set(remainingMs: number): void {
    Atomics.store(this.#untilNs, 0, remainingMs > 0 ? nowNs() + BigInt(Math.floor(remainingMs * 1e6)) : 0n);
  }
}
