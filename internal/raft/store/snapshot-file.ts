// One snapshot as one file: its bytes, then what is needed to trust them. Layout, numbers lowest byte first:
//   the snapshot's own bytes
//   CRC-32C of each block of 64 KiB of them, 4 bytes each
//   a JSON object: format, meta
//   length of that object, 4 bytes; CRC-32C of everything behind the snapshot's own bytes up to here, 4 bytes; "ORCSNAP1"

import { createHash, type Hash } from 'node:crypto';
import { crc32c } from '@node-rs/crc32';
import type { SnapshotMeta } from '../core/types.ts';
import { configurationIn } from './configuration-bytes.ts';
import { DamageFound } from './failures.ts';
import { type Files, readAll, withFile, writeAll } from './files.ts';

const BLOCK_BYTES = 64 * 1024;
const FORMAT = 1;
const MAGIC = 'ORCSNAP1';
const TAIL_BYTES = 4 + 4 + MAGIC.length;

/** What there is to say about a snapshot before its bytes are known. */
export type SnapshotDescription = Omit<SnapshotMeta, 'id' | 'bytes'>;

/**
 * Names a snapshot by its place and its content, so that whoever gets it from another node can tell whether it got that one.
 * Fit for a file name.
 */
export function snapshotId({ index, term }: SnapshotDescription, digest: string): string {
  return `${index}-${term}-${digest}`;
}

/** A file while it is written, front to back. What it holds counts for nothing until it has its trailer and its name. */
export class SnapshotDraft {
  readonly path: string;
  readonly #files: Files;
  readonly #file: number;
  readonly #hash: Hash = createHash('sha256');
  readonly #blockCrcs: number[] = [];
  /** Of the bytes in the last block, which may not be full. */
  #crc = 0;
  #bytes = 0;
  #digest: string | undefined;

  constructor(files: Files, path: string) {
    this.path = path;
    this.#files = files;
    this.#file = files.open(path, 'fresh');
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Where this fails for want of room it may be called again with the same bytes. */
  append(data: Uint8Array): void {
    writeAll(this.#files, this.#file, data, this.#bytes);
    this.#hash.update(data);
    for (let at = 0; at < data.length; ) {
      const room = BLOCK_BYTES - (this.#bytes % BLOCK_BYTES);
      const piece = data.subarray(at, at + room);
      this.#crc = crc32c(piece, this.#crc);
      this.#bytes += piece.length;
      at += piece.length;
      if (this.#bytes % BLOCK_BYTES === 0) this.#endBlock();
    }
  }

  /** Nothing more is appended. */
  identify(description: SnapshotDescription): SnapshotMeta {
    if (this.#digest === undefined) {
      this.#digest = this.#hash.digest('hex').slice(0, 32);
      if (this.#bytes % BLOCK_BYTES !== 0) this.#endBlock();
    }
    return { ...description, id: snapshotId(description, this.#digest), bytes: this.#bytes };
  }

  /** Behind this the file is whole and synced; may be called again where there was no room. Its name is the caller's to change. */
  seal(meta: SnapshotMeta): void {
    writeAll(this.#files, this.#file, trailer(meta, this.#blockCrcs), this.#bytes);
    this.#files.sync(this.#file);
  }

  close(): void {
    this.#files.close(this.#file);
  }

  #endBlock(): void {
    this.#blockCrcs.push(this.#crc);
    this.#crc = 0;
  }
}

/** A finished file. Its trailer was read and is sound; its blocks are checked as they are read. */
export class SnapshotFile {
  readonly path: string;
  readonly meta: SnapshotMeta;
  readonly #files: Files;
  readonly #blockCrcs: Uint8Array;

  private constructor(files: Files, path: string, meta: SnapshotMeta, blockCrcs: Uint8Array) {
    this.#files = files;
    this.path = path;
    this.meta = meta;
    this.#blockCrcs = blockCrcs;
  }

  /** @throws {DamageFound} */
  static open(files: Files, path: string): SnapshotFile {
    const size = files.size(path);
    if (size === undefined) throw new DamageFound('missing', path, 'the file is missing');
    const { meta, blockCrcs } = withFile(files, path, 'reading', (file) => readTrailer(files, file, path, size));
    return new SnapshotFile(files, path, meta, blockCrcs);
  }

  /** Bytes from `offset` on, fewer where the snapshot ends before. @throws {DamageFound} they are not those that were written */
  read(offset: number, length: number): Uint8Array {
    const { bytes } = this.meta;
    const end = Math.min(offset + length, bytes);
    if (offset >= end) return new Uint8Array(0);
    const from = offset - (offset % BLOCK_BYTES);
    const to = Math.min(bytes, Math.ceil(end / BLOCK_BYTES) * BLOCK_BYTES);
    const blocks = Buffer.alloc(to - from);
    const whole = withFile(this.#files, this.path, 'reading', (file) => readAll(this.#files, file, blocks, from));
    if (!whole) throw new DamageFound('shortened', this.path, `it ends before byte ${to}`);
    for (let at = 0; at < blocks.length; at += BLOCK_BYTES) {
      const crc = crc32c(blocks.subarray(at, at + BLOCK_BYTES));
      if (crc !== uint32(this.#blockCrcs, (4 * (from + at)) / BLOCK_BYTES))
        throw new DamageFound('checksum', `${this.path}, bytes from ${from + at}`, 'the block has a wrong checksum');
    }
    return blocks.subarray(offset - from, end - from);
  }

  /** Reads it from end to end. @throws {DamageFound} */
  verify(): void {
    const piece = 16 * BLOCK_BYTES;
    for (let offset = 0; offset < this.meta.bytes; offset += piece) this.read(offset, piece);
  }
}

function trailer(meta: SnapshotMeta, blockCrcs: readonly number[]): Uint8Array {
  const crcs = Buffer.alloc(4 * blockCrcs.length);
  for (const [at, crc] of blockCrcs.entries()) crcs.writeUInt32LE(crc, 4 * at);
  const json = Buffer.from(JSON.stringify({ format: FORMAT, meta }), 'utf8');
  const body = Buffer.concat([crcs, json, uint32Bytes(json.length)]);
  return Buffer.concat([body, uint32Bytes(crc32c(body)), Buffer.from(MAGIC, 'latin1')]);
}

function readTrailer(files: Files, file: number, path: string, size: number) {
  const wrong = (kind: 'shortened' | 'checksum' | 'unreadable' | 'schema', what: string) =>
    new DamageFound(kind, path, what);
  const tail = Buffer.alloc(TAIL_BYTES);
  if (size < TAIL_BYTES || !readAll(files, file, tail, size - TAIL_BYTES))
    throw wrong('shortened', `${size} bytes are no snapshot`);
  if (tail.toString('latin1', 8) !== MAGIC) throw wrong('unreadable', 'it does not end as a snapshot does');
  const jsonBytes = uint32(tail, 0);
  // The blocks are as many as the rest of the file allows for: each has its bytes and its 4 of checksum.
  const rest = size - TAIL_BYTES - jsonBytes;
  if (rest < 0) throw wrong('checksum', 'its trailer has a wrong checksum');
  const blocks = Math.ceil(rest / (BLOCK_BYTES + 4));
  const bytes = rest - 4 * blocks;
  const body = Buffer.alloc(4 * blocks + jsonBytes + 4);
  if (bytes < 0 || !readAll(files, file, body, bytes)) throw wrong('checksum', 'its trailer has a wrong checksum');
  if (crc32c(body) !== uint32(tail, 4)) throw wrong('checksum', 'its trailer has a wrong checksum');
  const { format, meta } = JSON.parse(body.toString('utf8', 4 * blocks, 4 * blocks + jsonBytes)) as {
    format: number;
    meta: SnapshotMeta;
  };
  if (format !== FORMAT) throw wrong('schema', `format ${format}, this release knows ${FORMAT}`);
  const configuration = configurationIn(meta.configuration);
  if (meta.bytes !== bytes || configuration === undefined) throw wrong('unreadable', 'its trailer makes no sense');
  return { meta: { ...meta, configuration }, blockCrcs: body.subarray(0, 4 * blocks) };
}

function uint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}

function uint32Bytes(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
