// The client protocol of MySQL, as far as a binlog server needs it on both sides: packets, log-in with `mysql_native_password`, rows of
// text. Source: the manual's page on the client/server protocol.

import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';

export const COMMAND = { quit: 0x01, query: 0x03, ping: 0x0e, binlogDump: 0x12, registerReplica: 0x15 } as const;
export const NATIVE_PASSWORD = 'mysql_native_password';
/** Long passwords, 4.1 protocol, transactions in the status, secure log-in, plugins for it. */
export const CAPABILITIES = 0x1 | 0x200 | 0x2000 | 0x8000 | 0x80000;
const UTF8 = 33;
const AUTOCOMMIT = 2;
const VAR_STRING = 0xfd;
export const EOF_MARK = 0xfe;
export const ERROR_MARK = 0xff;

/** Cuts the stream of a socket into packets and numbers those that are sent. None here has 16 MiB. */
export class PacketSocket {
  readonly #socket: Socket;
  #sequence = 0;
  #left = Buffer.alloc(0);

  constructor(socket: Socket, onPacket: (payload: Buffer) => void) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      this.#left = Buffer.concat([this.#left, chunk]);
      for (;;) {
        const length = this.#left.length < 4 ? Number.POSITIVE_INFINITY : this.#left.readUIntLE(0, 3);
        if (this.#left.length < length + 4) return;
        this.#sequence = (this.#left[3] ?? 0) + 1;
        const payload = this.#left.subarray(4, length + 4);
        this.#left = this.#left.subarray(length + 4);
        onPacket(payload);
      }
    });
  }

  send(payload: Buffer): void {
    const header = Buffer.alloc(4);
    header.writeUIntLE(payload.length, 0, 3);
    header[3] = this.#sequence & 0xff;
    this.#sequence += 1;
    if (this.#socket.writable) this.#socket.write(Buffer.concat([header, payload]));
  }

  /** The first packet of a command. */
  command(code: number, body: Buffer = Buffer.alloc(0)): void {
    this.#sequence = 0;
    this.send(Buffer.concat([Buffer.from([code]), body]));
  }

  ok(): void {
    this.send(Buffer.from([0, 0, 0, AUTOCOMMIT, 0, 0, 0]));
  }

  error(errno: number, message: string): void {
    this.send(Buffer.concat([Buffer.from([ERROR_MARK]), uint(errno, 2), Buffer.from(`#HY000${message}`)]));
  }

  rows(rows: readonly Readonly<Record<string, string | number>>[], names = Object.keys(rows[0] ?? {})): void {
    const end = Buffer.from([EOF_MARK, 0, 0, AUTOCOMMIT, 0]);
    this.send(Buffer.from([names.length]));
    for (const name of names) this.send(columnNamed(name));
    this.send(end);
    for (const row of rows) this.send(Buffer.concat(names.map((name) => counted(String(row[name] ?? '')))));
    this.send(end);
  }
}

function columnNamed(name: string): Buffer {
  const names = ['def', '', '', '', name, ''].map(counted);
  return Buffer.concat([
    ...names,
    Buffer.from([0x0c]),
    ...[uint(UTF8, 2), uint(1024, 4), Buffer.from([VAR_STRING]), uint(0, 2), Buffer.from([0, 0, 0])],
  ]);
}

export function uint(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, bytes);
  return buffer;
}

/** With its length in front. */
export function counted(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([
    bytes.length < 251 ? Buffer.from([bytes.length]) : Buffer.concat([Buffer.from([0xfc]), uint(bytes.length, 2)]),
    bytes,
  ]);
}

export const terminated = (text: string) => Buffer.from(`${text}\0`);

/** A greeting of a server. */
export function greeting(version: string, id: number, salt: Buffer): Buffer {
  return Buffer.concat([
    ...[Buffer.from([10]), terminated(version), uint(id, 4), salt.subarray(0, 8), Buffer.from([0])],
    ...[uint(CAPABILITIES & 0xffff, 2), Buffer.from([UTF8]), uint(AUTOCOMMIT, 2), uint(CAPABILITIES >>> 16, 2)],
    ...[Buffer.from([salt.length + 1]), Buffer.alloc(10), salt.subarray(8), Buffer.from([0])],
    terminated(NATIVE_PASSWORD),
  ]);
}

/** The twenty bytes by which a greeting wants the password to be proven. */
export function saltOf(hello: Buffer): Buffer {
  const at = hello.indexOf(0, 1) + 5;
  const rest = at + 8 + 1 + 2 + 1 + 2 + 2 + 1 + 10;
  return Buffer.concat([hello.subarray(at, at + 8), hello.subarray(rest, rest + 12)]);
}

export function logIn(user: string, proof: Buffer): Buffer {
  const token = Buffer.concat([Buffer.from([proof.length]), proof]);
  const head = [uint(CAPABILITIES, 4), uint(1 << 24, 4), Buffer.from([UTF8]), Buffer.alloc(23)];
  return Buffer.concat([...head, terminated(user), token, terminated(NATIVE_PASSWORD)]);
}

export function readLogIn(packet: Buffer): { readonly user: string; readonly proof: Buffer } {
  const end = packet.indexOf(0, 32);
  const length = packet[end + 1] ?? 0;
  return { user: packet.toString('utf8', 32, end), proof: packet.subarray(end + 2, end + 2 + length) };
}

/** Proves a password without sending it. */
export function proofOf(password: string, salt: Buffer): Buffer {
  const sha1 = (...parts: (Buffer | string)[]) =>
    parts.reduce((hash, part) => hash.update(part), createHash('sha1')).digest();
  const once = sha1(password);
  const mask = sha1(salt, sha1(once));
  return Buffer.from(once.map((byte, at) => byte ^ (mask[at] ?? 0)));
}
