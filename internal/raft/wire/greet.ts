import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Clock } from '../../runtime/clock.ts';
import type { Credentials } from './credentials.ts';
import { WireFault } from './fault.ts';
import { FrameReader, frame } from './framing.ts';
import { DiallerHandshake, type Established, ListenerHandshake, type Party, type Step } from './handshake.ts';
import type { Identity, Lane } from './hello.ts';
import { closeSoon } from './link.ts';
import { UNSEALED } from './seal.ts';
import { MAX_HANDSHAKE_BYTES } from './settings.ts';

/** The node's side of every handshake, as it stands at that moment. */
export interface Household {
  identity(): Identity;
  credentials(): Credentials;
  /** Why a node that otherwise belongs here is not taken in; undefined for welcome. */
  veto(peer: Identity): string | undefined;
}

/** A connection that both sides agreed on, not yet read from: what arrived since is in the reader. */
export interface Greeted {
  readonly socket: Socket;
  readonly reader: FrameReader;
  readonly established: Established;
}

export interface GreetDeps {
  readonly household: Household;
  readonly clock: Pick<Clock, 'after'>;
  readonly handshakeTimeoutMs: number;
}

/** Which side of the handshake: the dialler says who it wants and for what. */
export type Side =
  | { readonly side: 'listener' }
  | { readonly side: 'dialler'; readonly lane: Lane; readonly wanted: string | undefined };

/**
 * Goes through the handshake on a connected socket. On failure the socket is closed, after the other side was told why where that was ours
 * to say.
 *
 * @throws {WireFault} or the signal's reason
 */
export function greet(socket: Socket, side: Side, deps: GreetDeps, signal: AbortSignal): Promise<Greeted> {
  const { household, clock, handshakeTimeoutMs } = deps;
  const party = partyOf(household);
  const handshake =
    side.side === 'listener' ? new ListenerHandshake(party) : new DiallerHandshake(party, side.lane, side.wanted);
  const reader = new FrameReader(MAX_HANDSHAKE_BYTES);
  socket.on('error', () => undefined); // stays: an error may come when the handshake is over and nobody has taken the socket yet
  const say = (payload: Uint8Array) => {
    for (const part of frame('handshake', payload, UNSEALED)) socket.write(part);
  };
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => {
      cancelDeadline();
      signal.removeEventListener('abort', onAbort);
      socket.off('data', onData).off('error', onError).off('close', onClose);
      outcome();
    };
    const fail = (error: unknown) =>
      settle(() => {
        closeSoon(socket, clock);
        reject(error);
      });
    const onAbort = () => fail(signal.reason);
    const onError = (error: Error) => fail(new WireFault('unreachable', error.message, error));
    const onClose = () => fail(new WireFault('unreachable', 'the connection was closed during the handshake'));
    const late = `no end of the handshake within ${handshakeTimeoutMs} ms`;
    const cancelDeadline = clock.after(handshakeTimeoutMs, () => {
      fail(new WireFault('silent', late));
      socket.destroy();
    });
    const take = ({ send, established, fault }: Step) => {
      if (send !== undefined) say(send);
      if (fault !== undefined) fail(fault);
      else if (established !== undefined)
        settle(() => {
          socket.pause();
          resolve({ socket, reader, established });
        });
      return established !== undefined || fault !== undefined;
    };
    const onData = (piece: Buffer) => {
      reader.push(piece);
      try {
        for (let next = reader.next(); next !== undefined; next = reader.next()) {
          if (next.channel !== 'handshake')
            throw new WireFault('malformed', `${next.channel} before the handshake is over`);
          if (take(handshake.receive(next.payload))) return;
        }
      } catch (error) {
        fail(error);
      }
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('data', onData).on('error', onError).on('close', onClose);
    if (signal.aborted) onAbort();
    else if (socket.destroyed) onClose();
    else if (handshake instanceof DiallerHandshake) say(handshake.start());
  });
}

function partyOf({ identity, credentials, veto }: Household): Party {
  const inForce = credentials();
  return {
    identity: identity(),
    mode: inForce.mode,
    secrets: inForce.mode === 'secret' ? inForce.secrets : [],
    nonce: randomBytes(32),
    veto,
  };
}
