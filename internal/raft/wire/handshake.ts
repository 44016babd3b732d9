/*
 * Dialler and listener each say who they are (hello), the dialler proves that it knows a secret (proof), the listener does (welcome). The
 * proofs are HMACs over both hellos as they travelled: both nonces, both nodes, the group, versions and features. So nothing of them can be
 * changed on the way, and nothing can be used a second time. The keys of the connection come from the same bytes, one for each direction.
 * Without a secret the same four messages are exchanged, and prove nothing.
 *
 * Who belongs here is judged after the proof: a stranger learns nothing but that it is one.
 */

import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { type Agreement, agree, judge, ownHello, type Refusal } from './admission.ts';
import { decode, encode, malformed } from './bytes.ts';
import { WireFault } from './fault.ts';
import { type HandshakeMessage, type Hello, handshakeMessage, type Identity, type Lane, type Mode } from './hello.ts';
import { ChecksumSeal, type Seal, SecretSeal, UNSEALED } from './seal.ts';

export interface Party {
  readonly identity: Identity;
  readonly mode: Mode;
  /** One, or two while they are exchanged; none in the other modes. */
  readonly secrets: readonly Uint8Array[];
  /** 32 random bytes, new for each connection. */
  readonly nonce: Uint8Array;
  /** The owner's own reasons to refuse a node that otherwise belongs here, such as a removed incarnation. */
  veto(peer: Identity): string | undefined;
}

export interface Established extends Agreement {
  readonly peer: Identity;
  readonly lane: Lane;
  readonly sealOut: Seal;
  readonly sealIn: Seal;
}

/** What to send now, if anything, and how the handshake stands. After a `fault` the connection is closed behind what was sent. */
export interface Step {
  readonly send: Uint8Array | undefined;
  readonly established?: Established;
  readonly fault?: WireFault;
}

type Side = 'dialler' | 'listener';

abstract class Handshake {
  protected readonly own: Party;
  /** Hellos as they travelled, the dialler's first. */
  protected readonly transcript: Uint8Array[] = [];
  protected readonly side: Side;

  constructor(own: Party, side: Side) {
    this.own = own;
    this.side = side;
  }

  /** @throws nothing: what makes no sense is a `fault` */
  receive(payload: Uint8Array): Step {
    try {
      const message = decode(handshakeMessage, payload);
      if (message.kind === 'refusal') return { send: undefined, fault: refusedByThem(message) };
      return this.answer(message, payload);
    } catch (error) {
      if (error instanceof WireFault) return { send: undefined, fault: error };
      throw error;
    }
  }

  protected abstract answer(message: HandshakeMessage, payload: Uint8Array): Step;

  protected proof(side: Side, secret: Uint8Array): Uint8Array {
    return createHmac('sha256', secret).update(`${side} proves itself\0`).update(this.#digest()).digest();
  }

  protected established(agreement: Agreement, theirs: Hello, lane: Lane, secret: Uint8Array | undefined): Established {
    const other: Side = this.side === 'dialler' ? 'listener' : 'dialler';
    const [sealOut, sealIn] = [this.#seal(this.side, secret), this.#seal(other, secret)];
    return { ...agreement, peer: theirs.identity, lane, sealOut, sealIn };
  }

  protected judge(theirs: Identity, wanted: string | undefined): Refusal | undefined {
    const refusal = judge(this.own.identity, theirs, wanted);
    if (refusal !== undefined) return refusal;
    const veto = this.own.veto(theirs);
    return veto === undefined ? undefined : { code: 'removed', reason: veto };
  }

  /** Of the direction in which `sender` sends. */
  #seal(sender: Side, secret: Uint8Array | undefined): Seal {
    if (this.own.mode === 'tls') return UNSEALED;
    if (secret === undefined) return new ChecksumSeal();
    return new SecretSeal(new Uint8Array(hkdfSync('sha256', secret, this.#digest(), `frames of the ${sender}`, 32)));
  }

  #digest(): Buffer {
    const hash = createHash('sha256');
    for (const hello of this.transcript) hash.update(createHash('sha256').update(hello).digest());
    return hash.digest();
  }
}

export class DiallerHandshake extends Handshake {
  readonly #hello: Hello;
  #theirs: { readonly hello: Hello; readonly agreement: Agreement } | undefined;

  /** @param wanted the member at that address, where it is known */
  constructor(own: Party, lane: Lane, wanted: string | undefined) {
    super(own, 'dialler');
    this.#hello = ownHello(own.identity, { mode: own.mode, lane, wanted, nonce: own.nonce });
  }

  /** The first message. */
  start(): Uint8Array {
    const bytes = encode(handshakeMessage, { kind: 'hello', ...this.#hello });
    this.transcript.push(bytes);
    return bytes;
  }

  protected answer(message: HandshakeMessage, payload: Uint8Array): Step {
    if (message.kind === 'hello' && this.#theirs === undefined) return this.#prove(message, payload);
    if (message.kind === 'welcome' && this.#theirs !== undefined)
      return this.#finish(message, this.#theirs.hello, this.#theirs.agreement);
    throw malformed(`${message.kind} out of turn`);
  }

  #prove(theirs: Hello, payload: Uint8Array): Step {
    const agreement = agree(this.#hello, theirs);
    if ('code' in agreement) return refusal(agreement);
    this.transcript.push(Uint8Array.from(payload));
    this.#theirs = { hello: theirs, agreement };
    const proofs = this.own.secrets.map((secret) => this.proof('dialler', secret));
    return { send: encode(handshakeMessage, { kind: 'proof', proofs }) };
  }

  #finish(welcome: HandshakeMessage & { kind: 'welcome' }, theirs: Hello, agreement: Agreement): Step {
    const secret = this.own.secrets[welcome.secret];
    if (this.own.mode === 'secret' && !proves(welcome.proof, secret && this.proof('listener', secret)))
      return refusal({ code: 'authentication', reason: `node ${theirs.identity.node} does not know the secret` });
    const unwanted = this.judge(theirs.identity, this.#hello.wanted);
    if (unwanted !== undefined) return refusal(unwanted);
    return { send: undefined, established: this.established(agreement, theirs, this.#hello.lane, secret) };
  }
}

export class ListenerHandshake extends Handshake {
  #theirs: { readonly hello: Hello; readonly agreement: Agreement } | undefined;

  constructor(own: Party) {
    super(own, 'listener');
  }

  protected answer(message: HandshakeMessage, payload: Uint8Array): Step {
    if (message.kind === 'hello' && this.#theirs === undefined) return this.#greet(message, payload);
    if (message.kind === 'proof' && this.#theirs !== undefined)
      return this.#finish(message.proofs, this.#theirs.hello, this.#theirs.agreement);
    throw malformed(`${message.kind} out of turn`);
  }

  #greet(theirs: Hello, payload: Uint8Array): Step {
    const { identity, mode, nonce } = this.own;
    const hello = ownHello(identity, { mode, lane: theirs.lane, wanted: undefined, nonce });
    const agreement = agree(hello, theirs);
    if ('code' in agreement) return refusal(agreement);
    const bytes = encode(handshakeMessage, { kind: 'hello', ...hello });
    this.transcript.push(Uint8Array.from(payload), bytes);
    this.#theirs = { hello: theirs, agreement };
    return { send: bytes };
  }

  #finish(proofs: readonly Uint8Array[], theirs: Hello, agreement: Agreement): Step {
    const { mode, identity } = this.own;
    const found = mode === 'secret' ? this.#proven(proofs) : { secret: undefined, at: 0 };
    if (found === undefined)
      return refusal({ code: 'authentication', reason: `the secret is not that of node ${identity.node}` });
    const unwanted = this.judge(theirs.identity, undefined) ?? this.#misled(theirs);
    if (unwanted !== undefined) return refusal(unwanted);
    const proof = found.secret === undefined ? undefined : this.proof('listener', found.secret);
    return {
      send: encode(handshakeMessage, { kind: 'welcome', secret: found.at, proof }),
      established: this.established(agreement, theirs, theirs.lane, found.secret),
    };
  }

  #proven(proofs: readonly Uint8Array[]): { readonly secret: Uint8Array; readonly at: number } | undefined {
    for (const [at, proof] of proofs.entries())
      for (const secret of this.own.secrets) if (proves(proof, this.proof('dialler', secret))) return { secret, at };
    return undefined;
  }

  /** The dialler looks for somebody else, at an address that is ours by now. */
  #misled({ wanted }: Hello): Refusal | undefined {
    const { node, member } = this.own.identity;
    if (wanted === undefined || wanted === member) return undefined;
    return { code: 'otherMember', reason: `at this address is node ${node} (${member}), not ${wanted}` };
  }
}

function proves(proof: Uint8Array | undefined, expected: Uint8Array | undefined): boolean {
  return proof !== undefined && expected !== undefined && timingSafeEqual(proof, expected);
}

function refusal({ code, reason }: Refusal): Step {
  const text = readable(reason);
  return {
    send: encode(handshakeMessage, { kind: 'refusal', code, reason: text }),
    fault: new WireFault('refused', `we refused: ${text}`),
  };
}

function refusedByThem({ code, reason }: HandshakeMessage & { kind: 'refusal' }): WireFault {
  return new WireFault('refused', `the other side refused (${code}): ${readable(reason)}`);
}

/** It goes into the log, and others have written parts of it. */
function readable(reason: string): string {
  return reason.slice(0, 250).replaceAll(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '?');
}
