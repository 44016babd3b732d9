// The number of the last write that was reported durable, in a file of its own. It is put down after the write's sync and needs none
// itself: whenever it is there it is true, and a log that holds less has lost something, be it the very last batch. SQLite
// takes a log (WAL) with a bad frame for one that ends there, and says nothing.

import { crc32c } from '@node-rs/crc32';
import { DamageFound, isFull } from './failures.ts';
import { type Files, readWhole, withFile, writeAll } from './files.ts';

/** Written in turn, far enough apart for no sector to hold both: a torn one leaves the other, which is as true. */
const SLOTS = 2;
const SLOT_BYTES = 4096;
/** Number of the write as a double, then its checksum. */
const RECORD_BYTES = 12;

export class Mark {
  readonly #files: Files;
  readonly #file: number;
  readonly #record = Buffer.alloc(RECORD_BYTES);

  private constructor(files: Files, file: number) {
    this.#files = files;
    this.#file = file;
  }

  /** A new one at 0, durable but for its name in the directory. */
  static create(files: Files, path: string): void {
    withFile(files, path, 'fresh', (file) => {
      writeAll(files, file, Buffer.alloc(SLOTS * SLOT_BYTES), 0);
      const mark = new Mark(files, file);
      for (let slot = 0; slot < SLOTS; slot += 1) mark.#put(0, slot);
      files.sync(file);
    });
  }

  /** @throws {DamageFound} there is none, or none that can be believed */
  static read(files: Files, path: string): number {
    const bytes = readWhole(files, path);
    if (bytes === undefined) throw new DamageFound('missing', path, 'the file is missing');
    const numbers = Array.from({ length: SLOTS }, (_, slot) => recordIn(bytes, slot * SLOT_BYTES));
    const known = numbers.filter((number) => number !== undefined);
    if (known.length === 0)
      throw new DamageFound('checksum', path, 'neither copy of the number in it has its checksum');
    return Math.max(...known);
  }

  static open(files: Files, path: string): Mark {
    return new Mark(files, files.open(path, 'updating'));
  }

  /** On a full disk it may stay behind: what it says is still true. */
  put(sequence: number): void {
    try {
      this.#put(sequence, sequence % SLOTS);
    } catch (err) {
      if (!isFull(err)) throw err;
    }
  }

  close(): void {
    this.#files.close(this.#file);
  }

  #put(sequence: number, slot: number): void {
    this.#record.writeDoubleLE(sequence, 0);
    this.#record.writeUInt32LE(crc32c(this.#record.subarray(0, 8)), 8);
    writeAll(this.#files, this.#file, this.#record, slot * SLOT_BYTES);
  }
}

function recordIn(bytes: Uint8Array, at: number): number | undefined {
  const record = Buffer.from(bytes.subarray(at, at + RECORD_BYTES));
  if (record.length < RECORD_BYTES || crc32c(record.subarray(0, 8)) !== record.readUInt32LE(8)) return undefined;
  return record.readDoubleLE(0);
}
