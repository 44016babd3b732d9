const BLOCK_BYTES = 256 * 1024;

/** Bytes that are put together piece by piece, in large blocks outside of the heap: nothing of it is looked at by the garbage collector. */
export class Bytes {
  readonly #full: Buffer[] = [];
  #block = Buffer.allocUnsafe(BLOCK_BYTES);
  #used = 0;

  /** In UTF-8. */
  text(text: string): void {
    this.#reserve(text.length * 3); // a UTF-16 unit becomes three bytes at the most
    this.#used += this.#block.write(text, this.#used);
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#block.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** Takes back the last one, which was just written. */
  drop(): void {
    this.#used -= 1;
  }

  /** One behind the other they are all of it. */
  blocks(): readonly Buffer[] {
    return [...this.#full, this.#block.subarray(0, this.#used)];
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#block.length) return;
    this.#full.push(this.#block.subarray(0, this.#used));
    this.#block = Buffer.allocUnsafe(Math.max(BLOCK_BYTES, bytes));
    this.#used = 0;
  }
}
