// On the connection: frames of  length (4 bytes, of what follows) | channel (1) | payload | tag of the seal.

import { malformed } from './bytes.ts';
import { WireFault } from './fault.ts';
import { type Seal, UNSEALED } from './seal.ts';

/** What shares the one port. A number is never given to another channel. */
export const CHANNELS = {
  /** Signs of life and farewells; handled by the link itself. */
  link: 0,
  handshake: 1,
  consensus: 2,
  snapshots: 3,
  forwarding: 4,
  opinions: 5,
  /** Talk of nodes that are no group yet, or no members. */
  forming: 6,
  /** What members say of themselves. */
  members: 7,
} as const;

export type Channel = keyof typeof CHANNELS;

const BY_NUMBER: ReadonlyMap<number, Channel> = new Map(
  Object.entries(CHANNELS).map(([name, number]) => [number, name as Channel]),
);
const LENGTH_BYTES = 4;
const CHANNEL_BYTES = 1;

export interface Frame {
  readonly channel: Channel;
  readonly payload: Buffer;
}

/** The frame in parts, to be written one after the other. */
export function frame(channel: Channel, payload: Uint8Array, seal: Seal): readonly Uint8Array[] {
  const head = Buffer.allocUnsafe(LENGTH_BYTES + CHANNEL_BYTES);
  head.writeUInt32BE(CHANNEL_BYTES + payload.length + seal.tagBytes);
  head.writeUInt8(CHANNELS[channel], LENGTH_BYTES);
  const tag = seal.tag([head, payload]);
  return tag.length === 0 ? [head, payload] : [head, payload, tag];
}

/** Cuts what arrives, in whatever pieces, into frames. Holds at most one frame beyond the piece that came last. */
export class FrameReader {
  #limitBytes: number;
  #seal: Seal = UNSEALED;
  #pieces: Buffer[] = [];
  #held = 0;

  /** @param limitBytes of a payload */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** From the next frame on. */
  expect(limitBytes: number, seal: Seal): void {
    this.#limitBytes = limitBytes;
    this.#seal = seal;
  }

  /** Whether a frame has begun and not ended. */
  get partial(): boolean {
    return this.#held > 0;
  }

  push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#held += piece.length;
  }

  /**
   * The next whole frame, undefined until more has arrived.
   *
   * @throws {WireFault} `tooLarge` as soon as the length is known, `malformed`, `forged`; the connection is then of no more use
   */
  next(): Frame | undefined {
    if (this.#held < LENGTH_BYTES) return undefined;
    const length = this.#gather(LENGTH_BYTES).readUInt32BE();
    const least = CHANNEL_BYTES + this.#seal.tagBytes;
    if (length < least) throw malformed(`a frame of ${length} bytes`);
    if (length > least + this.#limitBytes)
      throw new WireFault(
        'tooLarge',
        `a frame of ${length} bytes was announced, at most ${this.#limitBytes} are allowed`,
      );
    if (this.#held < LENGTH_BYTES + length) return undefined;
    return this.#open(this.#take(LENGTH_BYTES + length));
  }

  #open(bytes: Buffer): Frame {
    const end = bytes.length - this.#seal.tagBytes;
    this.#seal.check([bytes.subarray(0, end)], bytes.subarray(end));
    const number = bytes.readUInt8(LENGTH_BYTES);
    const channel = BY_NUMBER.get(number);
    if (channel === undefined) throw malformed(`channel ${number} is not known`);
    return { channel, payload: bytes.subarray(LENGTH_BYTES + CHANNEL_BYTES, end) };
  }

  /** The first bytes in one buffer; they stay. Small pieces are put together once, not with every piece that arrives. */
  #gather(bytes: number): Buffer {
    const [first] = this.#pieces;
    if (first !== undefined && first.length >= bytes) return first;
    this.#pieces = [Buffer.concat(this.#pieces, this.#held)];
    return this.#pieces[0]!;
  }

  #take(bytes: number): Buffer {
    const whole = this.#gather(bytes);
    const rest = whole.subarray(bytes);
    this.#pieces[0] = rest;
    if (rest.length === 0) this.#pieces.shift();
    this.#held -= bytes;
    return whole.subarray(0, bytes);
  }
}
