import type { Address } from '../address.ts';

/** What one look-up brought: addresses at which nodes may be. Whoever is there is known after the handshake only (F-02). */
export interface Found {
  readonly addresses: readonly Address[];
  /** What of it could not be read or used, for the operator; the rest counts all the same. */
  readonly problems: readonly string[];
}

/** A way to find other nodes. */
export interface Finder {
  /**
   * One look-up. May name this node itself, may name nobody.
   *
   * @throws {OrchestratorError} `UNAVAILABLE`: nothing is known now, which does not mean that nobody is there (F-03)
   */
  find(signal: AbortSignal): Promise<Found>;
  /** Settles when it is worth asking again before the interval is over; otherwise with the signal. Never rejects. */
  changed?(signal: AbortSignal): Promise<void>;
  /**
   * Makes this node known, or keeps it so. Called before each look-up and at least every ten seconds.
   *
   * @throws {OrchestratorError} `UNAVAILABLE`: tried again with the next look-up
   */
  register?(self: Address, signal: AbortSignal): Promise<void>;
  /** Takes back what `register` did, and ends what runs in the background. */
  release?(signal: AbortSignal): Promise<void>;
}
