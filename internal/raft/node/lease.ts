/** Until when this node may be sure that nobody else leads; read without asking the thread that knows it. */
export interface Lease {
  runs(): boolean;
}

/** The monotonic clock in ms, with one origin for all threads of a process, unlike `performance.now`. */
export function processMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The lease as one number that two threads share. */
export class SharedLease implements Lease {
  readonly buffer: SharedArrayBuffer;
  readonly #untilNs: BigInt64Array;

  constructor(buffer = new SharedArrayBuffer(8)) {
    this.buffer = buffer;
    this.#untilNs = new BigInt64Array(buffer);
  }

  runs(): boolean {
    return process.hrtime.bigint() < Atomics.load(this.#untilNs, 0);
  }

  /**
   * An instant, not a duration: a pause of the process between working it out and storing it must not lengthen it.
   *
   * @param untilMs on `processMs`; undefined: there is none
   */
  set(untilMs: number | undefined): void {
    Atomics.store(this.#untilNs, 0, untilMs === undefined ? 0n : BigInt(Math.floor(untilMs * 1e6)));
  }
}
