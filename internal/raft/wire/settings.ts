import type { Lane } from './hello.ts';
import type { LinkSettings } from './link.ts';

const KIB = 1024;

/** Times in ms. Sizes and numbers are those of raft reference 2.13. */
export interface WireSettings {
  readonly maxMessageBytes: number;
  /** Bytes that may wait for a peer in each lane; beyond them messages are dropped. */
  readonly swiftBacklogBytes: number;
  readonly bulkBacklogBytes: number;
  readonly maxInboundPerPeer: number;
  readonly maxUnauthenticated: number;
  /** For one address of a peer, TLS not included. */
  readonly connectTimeoutMs: number;
  /** From the first byte to the last of the handshake, on both sides. */
  readonly handshakeTimeoutMs: number;
  /** Period of signs of life, and how long a lane may be without any. */
  readonly pingMs: number;
  readonly swiftSilenceMs: number;
  readonly bulkSilenceMs: number;
  /** How long one message may take from its first byte to its last. */
  readonly frameTimeoutMs: number;
  /** Pauses between attempts double from the one to the other. */
  readonly leastPauseMs: number;
  readonly mostPauseMs: number;
  /** In place of that where nothing depends on the peer, whoever has been gone for long (F-42). */
  readonly idlePauseMs: number;
  /** Pause after the other side has said that it does not want us. */
  readonly refusedPauseMs: number;
  /** How long a peer that is no member can be answered after its last message. */
  readonly guestMs: number;
}

/** Largest message of the swift lane; whatever is larger goes where it holds up nothing that is urgent. */
export const SWIFT_MESSAGE_BYTES = 32 * KIB;

/** Bytes of a handshake message, whatever the settings: it comes from strangers. */
export const MAX_HANDSHAKE_BYTES = 16 * KIB;

/**
 * A link that is dead is given up within two election time-outs and dialled again at least once in each, so that a healed network does
 * not wait for the retransmissions of TCP.
 *
 * @param electionTimeoutMs T of the group
 */
export function wireSettings(electionTimeoutMs: number, maxMessageBytes: number): WireSettings {
  return {
    maxMessageBytes,
    swiftBacklogBytes: 256 * KIB,
    bulkBacklogBytes: 2 * maxMessageBytes,
    maxInboundPerPeer: 4,
    maxUnauthenticated: 64,
    connectTimeoutMs: Math.max(500, electionTimeoutMs),
    handshakeTimeoutMs: Math.max(3000, 2 * electionTimeoutMs),
    pingMs: electionTimeoutMs / 2,
    swiftSilenceMs: 2 * electionTimeoutMs,
    bulkSilenceMs: 30_000,
    frameTimeoutMs: 30_000,
    leastPauseMs: 25,
    mostPauseMs: electionTimeoutMs,
    idlePauseMs: Math.max(30_000, electionTimeoutMs),
    refusedPauseMs: 5 * electionTimeoutMs,
    guestMs: 30_000,
  };
}

export function laneSettings(settings: WireSettings, lane: Lane): LinkSettings {
  const {
    pingMs,
    frameTimeoutMs,
    maxMessageBytes,
    swiftBacklogBytes,
    swiftSilenceMs,
    bulkBacklogBytes,
    bulkSilenceMs,
  } = settings;
  const swift = { maxMessageBytes: SWIFT_MESSAGE_BYTES, backlogBytes: swiftBacklogBytes, silenceMs: swiftSilenceMs };
  const bulk = { maxMessageBytes, backlogBytes: bulkBacklogBytes, silenceMs: bulkSilenceMs };
  return { pingMs, frameTimeoutMs, ...(lane === 'swift' ? swift : bulk) };
}
