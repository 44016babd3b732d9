/*
 * A backup of a group as a stream of bytes: a line that says what it is, the state as a snapshot, the entries of the log behind that, and a
 * checksum of it all. Parts are framed by their length, 4 bytes, highest first; a length of 0 ends the snapshot, and a second one the entries.
 * Whoever reads it believes nothing before the end.
 */

import { createHash } from 'node:crypto';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { LogEntry } from '../core/types.ts';
import { decode, encode } from '../wire/bytes.ts';
import { entry as entryField } from '../wire/log-fields.ts';

export interface BackupHead {
  /** Wall clock, ms. */
  readonly takenMs: number;
  readonly node: string;
  readonly clusterId: string;
  readonly generation: number;
  /** Of the state in it: index 0 where it holds entries only. */
  readonly index: number;
  readonly term: number;
  readonly stampMs: number;
}

export interface BackupSink {
  head(head: BackupHead): void;
  snapshot(piece: Uint8Array): void;
  entry(entry: LogEntry): void;
}

const KIND = 'orchestrator-raft-backup';
const FORMAT = 1;
const MOST_HEAD_BYTES = 64 * 1024;
const PIECE_BYTES = 2 ** 20;
const HASH_BYTES = 32;
const END = Buffer.alloc(4);

/** @param snapshot in pieces of any size; none where `head.index` is 0 */
export async function* backupBytes(
  head: BackupHead,
  snapshot: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  entries: Iterable<LogEntry>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  const said = (bytes: Uint8Array) => {
    hash.update(bytes);
    return bytes;
  };
  yield said(Buffer.from(`${JSON.stringify({ kind: KIND, format: FORMAT, ...head })}\n`));
  for await (const bytes of snapshot)
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield said(framed(bytes.subarray(at, at + PIECE_BYTES)));
  yield said(END);
  for (const entry of entries) yield said(framed(encode(entryField, entry)));
  yield said(END);
  yield hash.digest();
}

/**
 * Reads all of it and hands it on piece by piece; what was handed on counts when this returns.
 *
 * @throws {OrchestratorError} `BAD_REQUEST`: it is no backup, or not as it was written
 */
export async function readBackup(
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  sink: BackupSink,
): Promise<void> {
  const reader = new Reader(bytes);
  sink.head(headOf(await reader.line()));
  for (let piece = await reader.part(); piece.length > 0; piece = await reader.part()) sink.snapshot(piece);
  let last: LogEntry | undefined;
  for (let part = await reader.part(); part.length > 0; part = await reader.part()) {
    const entry = readEntry(part);
    if (last !== undefined && (entry.index !== last.index + 1 || entry.term < last.term))
      throw broken('its entries do not follow on each other');
    sink.entry(entry);
    last = entry;
  }
  await reader.end();
}

function framed(bytes: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function headOf(line: string): BackupHead {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(line) as Record<string, unknown>;
  } catch {
    throw broken('it does not begin as one');
  }
  const { kind, format, takenMs, node, clusterId, generation, index, term, stampMs } = value ?? {};
  if (kind !== KIND) throw broken('it does not begin as one');
  if (format !== FORMAT) throw broken(`its layout is ${String(format)}, this release knows ${FORMAT}`);
  const numbers = [takenMs, generation, index, term, stampMs];
  if (!numbers.every((one) => Number.isSafeInteger(one) && Number(one) >= 0))
    throw broken('its first line makes no sense');
  return {
    node: String(node),
    clusterId: String(clusterId),
    takenMs: Number(takenMs),
    generation: Number(generation),
    index: Number(index),
    term: Number(term),
    stampMs: Number(stampMs),
  };
}

function readEntry(part: Uint8Array): LogEntry {
  try {
    return decode(entryField, part);
  } catch {
    throw broken('an entry in it cannot be read');
  }
}

class Reader {
  readonly #source: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  readonly #hash = createHash('sha256');
  #held = Buffer.alloc(0);

  constructor(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#source = Symbol.asyncIterator in bytes ? bytes[Symbol.asyncIterator]() : bytes[Symbol.iterator]();
  }

  async line(): Promise<string> {
    let at = this.#held.indexOf(0x0a);
    while (at < 0) {
      if (this.#held.length > MOST_HEAD_BYTES || !(await this.#more())) throw broken('it does not begin as one');
      at = this.#held.indexOf(0x0a);
    }
    return this.#said(at + 1).toString('utf8');
  }

  /** Empty: the end of a row of parts. */
  async part(): Promise<Uint8Array> {
    await this.#have(4);
    const length = this.#held.readUInt32BE(0);
    if (length > PIECE_BYTES * 64) throw broken(`a part of ${length} bytes`);
    await this.#have(4 + length);
    return new Uint8Array(this.#said(4 + length).subarray(4));
  }

  async end(): Promise<void> {
    await this.#have(HASH_BYTES);
    const stated = this.#held.subarray(0, HASH_BYTES);
    if (!stated.equals(this.#hash.digest())) throw broken('its checksum is wrong');
    if (this.#held.length > HASH_BYTES || (await this.#more())) throw broken('there is something behind its end');
  }

  #said(length: number): Buffer {
    const bytes = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    this.#hash.update(bytes);
    return bytes;
  }

  async #have(length: number): Promise<void> {
    while (this.#held.length < length) if (!(await this.#more())) throw broken('it ends too early');
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next();
    if (done === true) return false;
    this.#held = this.#held.length === 0 ? Buffer.from(value) : Buffer.concat([this.#held, value]);
    return true;
  }
}

function broken(what: string): OrchestratorError {
  return new OrchestratorError('BAD_REQUEST', `this is no backup of a group, or no whole one: ${what}`);
}
