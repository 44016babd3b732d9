// Brings the state of one node to another, in pieces that are asked for one by one: what gets lost is asked for again, and nobody keeps a
// connection of their own for it.

import { randomBytes } from 'node:crypto';
import type { MemberId } from '../../raft/core/types.ts';
import type { Clock } from '../../runtime/clock.ts';
import { OrchestratorError } from '../../runtime/errors.ts';

export interface StateCourierDeps {
  readonly send: (to: MemberId, payload: Uint8Array) => void;
  /**
   * The state of this node behind `atLeast` or a later entry, as a backup.
   *
   * @throws why it gives none now; whoever asked will ask again
   */
  readonly state: (atLeast: number) => Promise<Uint8Array>;
  readonly pieceBytes: number;
  readonly clock: Pick<Clock, 'after' | 'monotonicMs'>;
}

interface Ask {
  readonly kind: 'ask';
  /** Of the state that was begun; empty: a new one. */
  readonly id: string;
  readonly atLeast: number;
  readonly offset: number;
}

interface Piece {
  readonly kind: 'piece';
  readonly id: string;
  readonly offset: number;
  /** Of the whole state. */
  readonly size: number;
}

/** No JSON begins so: who does not know of states takes it for nothing. */
const MARK = 0;
const ASK_AGAIN_MS = 1_000;
const MOST_TRIES = 15;
/** How long a state that nobody asks for any more is held. */
const HELD_MS = 30_000;

export class StateCourier {
  readonly #deps: StateCourierDeps;
  readonly #held = new Map<MemberId, { readonly id: string; readonly bytes: Uint8Array; readonly drop: () => void }>();
  readonly #making = new Set<MemberId>();
  #awaited: { readonly from: MemberId; readonly heard: (piece: Piece, bytes: Uint8Array) => void } | undefined;

  constructor(deps: StateCourierDeps) {
    this.#deps = deps;
  }

  /** From a member that has proved who it is. False: it is about something else. */
  hear(from: MemberId, payload: Uint8Array): boolean {
    if (payload[0] !== MARK) return false;
    const end = payload.indexOf(0x0a);
    const message = end < 0 ? undefined : messageIn(payload.subarray(1, end));
    if (message?.kind === 'ask') void this.#answer(from, message);
    else if (message !== undefined && this.#awaited?.from === from)
      this.#awaited.heard(message, payload.subarray(end + 1));
    return true;
  }

  /** @throws {OrchestratorError} `UNAVAILABLE`: it did not come */
  async fetch(from: MemberId, atLeast: number, signal: AbortSignal): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let [id, offset, size, tries] = ['', 0, Number.POSITIVE_INFINITY, 0];
    while (offset < size) {
      signal.throwIfAborted();
      if (tries >= MOST_TRIES) throw new OrchestratorError('UNAVAILABLE', `${from} does not give its state`);
      const found = await this.#piece(from, { kind: 'ask', id, atLeast, offset });
      tries = found === undefined ? tries + 1 : 0;
      if (found === undefined || found.piece.offset !== offset || found.bytes.length === 0) continue;
      if (id !== '' && found.piece.id !== id) throw new OrchestratorError('UNAVAILABLE', `${from} has begun anew`);
      ({ id, size } = found.piece);
      pieces.push(found.bytes);
      offset += found.bytes.length;
    }
    return Buffer.concat(pieces);
  }

  stop(): void {
    for (const { drop } of this.#held.values()) drop();
    this.#held.clear();
  }

  #piece(from: MemberId, ask: Ask): Promise<{ readonly piece: Piece; readonly bytes: Uint8Array } | undefined> {
    const { clock, send } = this.#deps;
    return new Promise((resolve) => {
      const done = (found: { readonly piece: Piece; readonly bytes: Uint8Array } | undefined) => {
        cancel();
        this.#awaited = undefined;
        resolve(found);
      };
      const cancel = clock.after(ASK_AGAIN_MS, () => done(undefined));
      this.#awaited = { from, heard: (piece, bytes) => done({ piece, bytes: new Uint8Array(bytes) }) };
      send(from, encoded(ask));
    });
  }

  async #answer(to: MemberId, { id, atLeast, offset }: Ask): Promise<void> {
    const held = id === '' ? await this.#begin(to, atLeast) : this.#held.get(to);
    if (held === undefined || (id !== '' && held.id !== id)) return;
    this.#hold(to, held.id, held.bytes);
    const { bytes } = held;
    const piece: Piece = { kind: 'piece', id: held.id, offset, size: bytes.length };
    this.#deps.send(to, encoded(piece, bytes.subarray(offset, offset + this.#deps.pieceBytes)));
  }

  /** Until nobody has asked for it for a while. */
  #hold(to: MemberId, id: string, bytes: Uint8Array): void {
    this.#held.get(to)?.drop();
    this.#held.set(to, { id, bytes, drop: this.#deps.clock.after(HELD_MS, () => this.#held.delete(to)) });
  }

  async #begin(
    to: MemberId,
    atLeast: number,
  ): Promise<{ readonly id: string; readonly bytes: Uint8Array } | undefined> {
    if (this.#making.has(to)) return undefined;
    this.#making.add(to);
    try {
      return { id: randomBytes(8).toString('hex'), bytes: await this.#deps.state(atLeast) };
    } catch {
      return undefined; // it will ask again
    } finally {
      this.#making.delete(to);
    }
  }
}

function encoded(message: Ask | Piece, bytes: Uint8Array = new Uint8Array(0)): Uint8Array {
  return Buffer.concat([Buffer.of(MARK), Buffer.from(`${JSON.stringify(message)}\n`), bytes]);
}

/** Undefined: it makes no sense. */
function messageIn(bytes: Uint8Array): Ask | Piece | undefined {
  let value: Partial<Record<keyof Ask | keyof Piece, unknown>>;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8')) as typeof value;
  } catch {
    return undefined;
  }
  const { kind, id, offset, atLeast = 0, size = 0 } = value ?? {};
  const sane = (number: unknown): number is number => Number.isSafeInteger(number) && Number(number) >= 0;
  if (typeof id !== 'string' || !sane(offset) || !sane(atLeast) || !sane(size)) return undefined;
  if (kind === 'ask') return { kind, id, atLeast, offset };
  return kind === 'piece' ? { kind, id, offset, size } : undefined;
}
