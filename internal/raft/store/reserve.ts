// Room that is held back on disk, to be given up when a snapshot must be completed on a full disk: a log can only be shortened behind one.

import { isFull } from './failures.ts';
import { type Files, withFile, writeAll } from './files.ts';

const PIECE_BYTES = 2 ** 20;
/** The reserve is taken (again) only where at least so many times its size is free. */
const PLENTY = 4;

export class Reserve {
  readonly #files: Files;
  readonly #directory: string;
  readonly #path: string;
  readonly #bytes: number;
  /** Given up, and not taken again. */
  #owed = false;

  /** `bytes` 0: none is kept. */
  constructor(options: {
    readonly files: Files;
    readonly directory: string;
    readonly path: string;
    readonly bytes: number;
  }) {
    this.#files = options.files;
    this.#directory = options.directory;
    this.#path = options.path;
    this.#bytes = options.bytes;
  }

  /** Takes it where it is not there and there is plenty of room. Real bytes: a file with holes would reserve nothing. */
  take(): void {
    if (this.#bytes === 0 || this.#files.size(this.#path) === this.#bytes) {
      this.#owed = false;
      return;
    }
    if (this.#files.freeBytes(this.#directory) < PLENTY * this.#bytes) return;
    const piece = new Uint8Array(PIECE_BYTES);
    try {
      withFile(this.#files, this.#path, 'fresh', (file) => {
        for (let at = 0; at < this.#bytes; at += PIECE_BYTES) {
          writeAll(this.#files, file, piece.subarray(0, Math.min(PIECE_BYTES, this.#bytes - at)), at);
        }
      });
      this.#owed = false;
    } catch (err) {
      if (!isFull(err)) throw err;
      this.#files.remove(this.#path); // the room went to somebody else in the meantime
    }
  }

  /** False: there was nothing to give up. */
  giveUp(): boolean {
    if (this.#files.size(this.#path) === undefined) return false;
    this.#files.remove(this.#path);
    this.#owed = true;
    return true;
  }

  /** Room on the disk that is not spoken for: what was given up is used up as soon as it can be taken again. */
  get freeBytes(): number {
    return Math.max(0, this.#files.freeBytes(this.#directory) - (this.#owed ? this.#bytes : 0));
  }
}
