// Bytes and the values in them. A field is written and read by the same row, so that the two directions cannot drift apart. All numbers are
// big-endian. Reading checks each length against what is left before anything is allocated for it.

import { WireFault } from './fault.ts';

/** Collects bytes; grows as needed. */
export class ByteWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(expectedBytes = 256) {
    this.#buffer = Buffer.allocUnsafeSlow(expectedBytes);
  }

  /** Room for `count` more bytes: where they are, in `buffer`. */
  take(count: number): { readonly buffer: Buffer; readonly at: number } {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.length));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    this.#length = needed;
    return { buffer: this.#buffer, at };
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}

/** Reads from the front; throws `malformed` rather than reading past the end. */
export class ByteReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#buffer.length - this.#at;
  }

  take(count: number): { readonly buffer: Buffer; readonly at: number } {
    if (count > this.left) throw malformed(`${count} bytes announced, ${this.left} left`);
    const at = this.#at;
    this.#at += count;
    return { buffer: this.#buffer, at };
  }

  /** Every byte must have had a meaning. */
  end(): void {
    if (this.left > 0) throw malformed(`${this.left} bytes too many`);
  }
}

export interface Field<T> {
  write(out: ByteWriter, value: T): void;
  /** @throws {WireFault} `malformed` */
  read(from: ByteReader): T;
}

export function encode<T>(field: Field<T>, value: T, expectedBytes?: number): Buffer {
  const out = new ByteWriter(expectedBytes);
  field.write(out, value);
  return out.bytes();
}

/** The whole of `bytes` as one value. */
export function decode<T>(field: Field<T>, bytes: Uint8Array): T {
  const from = new ByteReader(bytes);
  const value = field.read(from);
  from.end();
  return value;
}

export function malformed(what: string): WireFault {
  return new WireFault('malformed', `malformed bytes: ${what}`);
}

export const u8: Field<number> = {
  write(out, value) {
    const { buffer, at } = out.take(1);
    buffer.writeUInt8(value, at);
  },
  read(from) {
    const { buffer, at } = from.take(1);
    return buffer.readUInt8(at);
  },
};

export const u16: Field<number> = {
  write(out, value) {
    const { buffer, at } = out.take(2);
    buffer.writeUInt16BE(value, at);
  },
  read(from) {
    const { buffer, at } = from.take(2);
    return buffer.readUInt16BE(at);
  },
};

export const u32: Field<number> = {
  write(out, value) {
    const { buffer, at } = out.take(4);
    buffer.writeUInt32BE(value, at);
  },
  read(from) {
    const { buffer, at } = from.take(4);
    return buffer.readUInt32BE(at);
  },
};

const HALF = 2 ** 32;
const LARGEST_COUNT = 2 ** 52;

/** Indexes, terms, sizes: whole and at most 2^52, in eight bytes. */
export const count: Field<number> = {
  write(out, value) {
    if (!Number.isInteger(value) || value < 0 || value > LARGEST_COUNT) throw new RangeError(`no count: ${value}`);
    u32.write(out, Math.floor(value / HALF));
    u32.write(out, value % HALF);
  },
  read(from) {
    const value = u32.read(from) * HALF + u32.read(from);
    if (value > LARGEST_COUNT) throw malformed('a number above 2^52');
    return value;
  },
};

/** A moment of the wall clock in ms, which may have a fraction. */
export const stamp: Field<number> = {
  write(out, value) {
    const { buffer, at } = out.take(8);
    buffer.writeDoubleBE(value, at);
  },
  read(from) {
    const { buffer, at } = from.take(8);
    const value = buffer.readDoubleBE(at);
    if (!Number.isFinite(value) || value < 0 || Object.is(value, -0)) throw malformed('no moment in time');
    return value;
  },
};

export const flag: Field<boolean> = choice([false, true]);

/** One of a fixed list, as its place in it. New ones go to the end. */
export function choice<const T>(values: readonly T[]): Field<T> {
  return {
    write: (out, value) => u8.write(out, values.indexOf(value)),
    read(from) {
      const at = u8.read(from);
      if (at >= values.length) throw malformed(`choice ${at} of ${values.length}`);
      return values[at]!;
    },
  };
}

/** UTF-8 of at most `maxBytes`. */
export function text(maxBytes: number): Field<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return {
    write(out, value) {
      const length = Buffer.byteLength(value);
      if (length > maxBytes) throw new RangeError(`a text of ${length} bytes, at most ${maxBytes} fit`);
      u16.write(out, length);
      const { buffer, at } = out.take(length);
      buffer.write(value, at, length, 'utf8');
    },
    read(from) {
      const length = u16.read(from);
      if (length > maxBytes) throw malformed(`a text of ${length} bytes, at most ${maxBytes} are allowed`);
      const { buffer, at } = from.take(length);
      try {
        return decoder.decode(buffer.subarray(at, at + length));
      } catch {
        throw malformed('a text that is not UTF-8');
      }
    },
  };
}

/** Read as a copy of their own: what is kept or sent to another thread must not hold on to the whole message. */
export const blob: Field<Uint8Array> = {
  write(out, value) {
    u32.write(out, value.length);
    const { buffer, at } = out.take(value.length);
    buffer.set(value, at);
  },
  read(from) {
    const length = u32.read(from);
    const { buffer, at } = from.take(length);
    return new Uint8Array(buffer.subarray(at, at + length));
  },
};

export function optional<T>(field: Field<T>): Field<T | undefined> {
  return {
    write(out, value) {
      flag.write(out, value !== undefined);
      if (value !== undefined) field.write(out, value);
    },
    read: (from) => (flag.read(from) ? field.read(from) : undefined),
  };
}

/** @param leastBytes of one element: an announced number that cannot fit into the rest is refused before the list is made */
export function list<T>(field: Field<T>, most: number, leastBytes: number): Field<readonly T[]> {
  return {
    write(out, values) {
      if (values.length > most) throw new RangeError(`a list of ${values.length}, at most ${most} fit`);
      u16.write(out, values.length);
      for (const value of values) field.write(out, value);
    },
    read(from) {
      const length = u16.read(from);
      if (length > most || length * leastBytes > from.left) throw malformed(`a list of ${length}`);
      return Array.from({ length }, () => field.read(from));
    },
  };
}

/** A value with fixed keys, each with its field, in the order of the layout. */
export function struct<T extends object>(layout: { readonly [K in keyof T]-?: Field<T[K]> }): Field<T> {
  const fields = Object.entries<Field<unknown>>(layout);
  return {
    write(out, value) {
      for (const [key, field] of fields) field.write(out, value[key as keyof T]);
    },
    read: (from) => Object.fromEntries(fields.map(([key, field]) => [key, field.read(from)])) as T,
  };
}

/** The same, after `check` has thrown for what fits the layout and makes no sense. */
export function checked<T>(field: Field<T>, check: (value: T) => void): Field<T> {
  return {
    write: field.write,
    read(from) {
      const value = field.read(from);
      check(value);
      return value;
    },
  };
}

type Kinded = { readonly kind: string };
export type Variants<T extends Kinded> = {
  readonly [K in T['kind']]: readonly [number: number, field: Field<Omit<Extract<T, { kind: K }>, 'kind'>>];
};

/** A union told apart by `kind`, which travels as a number. Numbers are never given to another kind. */
export function union<T extends Kinded>(variants: Variants<T>): Field<T> {
  const rows = variants as Readonly<Record<string, readonly [number, Field<unknown>]>>;
  const byNumber = new Map(Object.entries(rows).map(([kind, [number, field]]) => [number, { kind, field }]));
  return {
    write(out, value) {
      const [number, field] = rows[value.kind]!;
      u8.write(out, number);
      field.write(out, value);
    },
    read(from) {
      const number = u8.read(from);
      const found = byNumber.get(number);
      if (found === undefined) throw malformed(`kind ${number} is not known`);
      return { kind: found.kind, ...(found.field.read(from) as object) } as unknown as T;
    },
  };
}
