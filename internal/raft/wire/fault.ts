/** Why a connection or an attempt at one ended. */
export type FaultKind =
  /** Bytes that no node of a known version would send. */
  | 'malformed'
  /** A length beyond the limit; nothing was allocated for it. */
  | 'tooLarge'
  /** Authentication of a message failed: changed, replayed, out of order, or of somebody else. */
  | 'forged'
  /** One side did not take the other in; the text says why. */
  | 'refused'
  /** No address, no route, nobody listening, TLS not agreed on. */
  | 'unreachable'
  /** Nothing heard, or not fast enough. */
  | 'silent'
  /** A newer connection took its place, or there were too many. */
  | 'replaced'
  /** By our own wish. */
  | 'stopped';

/** The one error of this room. Whatever strangers send, nothing else is thrown. */
export class WireFault extends Error {
  readonly kind: FaultKind;

  constructor(kind: FaultKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'WireFault';
    this.kind = kind;
  }
}
