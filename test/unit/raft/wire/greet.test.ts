import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { WireFault } from '../../../../internal/raft/wire/fault.ts';
import { FrameReader, frame } from '../../../../internal/raft/wire/framing.ts';
import { greet } from '../../../../internal/raft/wire/greet.ts';
import { DiallerHandshake } from '../../../../internal/raft/wire/handshake.ts';
import { Link } from '../../../../internal/raft/wire/link.ts';
import { UNSEALED } from '../../../../internal/raft/wire/seal.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { anIdentity, aParty, aSecret } from '../../../support/raft-identity.ts';

const household = {
  identity: () => anIdentity('n2'),
  credentials: () => ({ mode: 'secret' as const, secrets: [aSecret('shared')] }),
  veto: () => undefined,
};
const settings = { maxMessageBytes: 1000, backlogBytes: 1000, pingMs: 100, silenceMs: 400, frameTimeoutMs: 400 };

/** The listener's end of a connection whose dialler is gone when it is welcomed: the write fails after the handshake is over. */
function brokenAtTheWelcome(): Socket {
  const dialler = new DiallerHandshake(aParty('n1'), 'swift', undefined);
  const heard = new FrameReader(16_384);
  const say = (payload: Uint8Array) => socket.push(Buffer.concat(frame('handshake', payload, UNSEALED)));
  const socket = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      heard.push(chunk);
      const whole = heard.next();
      const { send, established } = whole === undefined ? { send: undefined } : dialler.receive(whole.payload);
      if (send !== undefined) say(send);
      done(established === undefined ? null : new Error('EPIPE'));
    },
  });
  say(dialler.start());
  return socket as Socket;
}

describe('a handshake on a socket', () => {
  it('that breaks right behind it ends the link, and nothing else', async () => {
    const clock = new FakeClock();
    const deps = { household, clock, handshakeTimeoutMs: 1000 };
    const greeted = await greet(brokenAtTheWelcome(), { side: 'listener' }, deps, new AbortController().signal);
    const fault = await new Promise<WireFault>(
      (onEnd) => new Link({ ...greeted, clock, settings, onFrame: () => undefined, onEnd }),
    );
    assert.equal(fault.kind, 'unreachable');
  });

  it('that is gone already fails at once', async () => {
    const socket = new Duplex({ read: () => undefined }) as Socket;
    Object.assign(socket, { destroySoon: () => socket.destroy() });
    socket.destroy();
    const deps = { household, clock: new FakeClock(), handshakeTimeoutMs: 1000 };
    const greeting = greet(socket, { side: 'listener' }, deps, new AbortController().signal);
    await assert.rejects(greeting, { name: 'WireFault', kind: 'unreachable' });
  });
});
