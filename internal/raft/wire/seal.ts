import { createHmac, timingSafeEqual } from 'node:crypto';
import { crc32c } from '@node-rs/crc32';
import { WireFault } from './fault.ts';

/** What stands behind each frame of one direction of a connection. Frames are counted, so each fits in its place only. */
export interface Seal {
  readonly tagBytes: number;
  /** Of the next frame to be sent; the parts are its bytes in order, without the tag. */
  tag(parts: readonly Uint8Array[]): Uint8Array;
  /** @throws {WireFault} `forged` unless the tag is that of the next frame to arrive */
  check(parts: readonly Uint8Array[], tag: Uint8Array): void;
}

/** Under TLS, which has done all of it, and during the handshake, which has proofs of its own. */
export const UNSEALED: Seal = { tagBytes: 0, tag: () => new Uint8Array(0), check: () => undefined };

/** Against damage only: a group without authentication. */
export class ChecksumSeal implements Seal {
  readonly tagBytes = 4;

  tag(parts: readonly Uint8Array[]): Uint8Array {
    const tag = Buffer.allocUnsafe(this.tagBytes);
    tag.writeUInt32BE(parts.reduce((crc, part) => crc32c(part, crc), 0));
    return tag;
  }

  check(parts: readonly Uint8Array[], tag: Uint8Array): void {
    if (!timingSafeEqual(this.tag(parts), tag)) throw new WireFault('forged', 'a frame does not match its checksum');
  }
}

/**
 * HMAC-SHA-256 over the number of the frame and the frame, cut to 16 bytes. A frame that was changed, repeated, left out or moved does not
 * match. One key for one direction of one connection.
 */
export class SecretSeal implements Seal {
  readonly tagBytes = 16;
  readonly #key: Uint8Array;
  #frames = 0n;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  tag(parts: readonly Uint8Array[]): Uint8Array {
    const number = Buffer.allocUnsafe(8);
    number.writeBigUInt64BE(this.#frames);
    this.#frames += 1n;
    const hmac = createHmac('sha256', this.#key).update(number);
    for (const part of parts) hmac.update(part);
    return hmac.digest().subarray(0, this.tagBytes);
  }

  check(parts: readonly Uint8Array[], tag: Uint8Array): void {
    if (!timingSafeEqual(this.tag(parts), tag))
      throw new WireFault('forged', 'a frame was changed, repeated, left out or moved on its way');
  }
}
