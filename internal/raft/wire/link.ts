import type { Socket } from 'node:net';
import type { Clock } from '../../runtime/clock.ts';
import { choice, decode, encode, type Field, struct, union } from './bytes.ts';
import { WireFault } from './fault.ts';
import { type Channel, type Frame, type FrameReader, frame } from './framing.ts';
import type { Established } from './handshake.ts';

export interface LinkSettings {
  readonly maxMessageBytes: number;
  /** Of bytes that wait in this process. */
  readonly backlogBytes: number;
  readonly pingMs: number;
  readonly silenceMs: number;
  readonly frameTimeoutMs: number;
}

export interface LinkDeps {
  readonly socket: Socket;
  /** With whatever has arrived behind the handshake. */
  readonly reader: FrameReader;
  readonly established: Established;
  readonly clock: Pick<Clock, 'monotonicMs' | 'after' | 'every'>;
  readonly settings: LinkSettings;
  /** Never throws for what the other side sent; if it throws a `WireFault` all the same, the link ends. */
  onFrame(frame: Frame): void;
  /** Once, with what ended it. */
  onEnd(fault: WireFault): void;
}

type Sign = { readonly kind: 'alive' } | { readonly kind: 'farewell'; readonly reason: Farewell };
const FAREWELLS = ['stopped', 'replaced', 'credentials', 'renewed'] as const;
export type Farewell = (typeof FAREWELLS)[number];

const sign: Field<Sign> = union<Sign>({
  alive: [1, struct({})],
  farewell: [2, struct({ reason: choice(FAREWELLS) })],
});

/**
 * A connection behind its handshake. Messages go from the dialler to the listener; the other way go only signs of life. So each node has its
 * own connection to each peer, and whether a peer hears us is a question of its own.
 */
export class Link {
  readonly #deps: LinkDeps;
  readonly #stopTimer: () => void;
  #heardMs: number;
  #timerMs: number;
  #frameBeganMs: number | undefined;
  #ended = false;
  /** Messages that did not fit into the backlog. */
  dropped = 0;

  constructor(deps: LinkDeps) {
    const { socket, clock, reader, settings, established } = deps;
    this.#deps = deps;
    this.#heardMs = clock.monotonicMs();
    this.#timerMs = this.#heardMs;
    reader.expect(settings.maxMessageBytes, established.sealIn);
    socket.on('data', (piece: Buffer) => this.#arrived(piece));
    socket.on('error', (error) => this.#end(new WireFault('unreachable', error.message, error)));
    socket.on('close', () => this.#end(new WireFault('unreachable', 'the connection was closed by the other side')));
    this.#stopTimer = clock.every(settings.pingMs, () => this.#check());
    // What came along with the last message of the handshake is read first, once the owner knows about this link.
    queueMicrotask(() => {
      this.#drain();
      if (socket.destroyed)
        this.#end(new WireFault('unreachable', 'the connection was closed right after the handshake'));
      else socket.resume();
    });
  }

  get established(): Established {
    return this.#deps.established;
  }

  get heardMs(): number {
    return this.#heardMs;
  }

  /** Hands the payload to the system, now or when the other side has read what came before. False: there is no room, it is dropped. */
  send(channel: Channel, payload: Uint8Array): boolean {
    const { socket, settings } = this.#deps;
    const fits = payload.length <= settings.maxMessageBytes;
    if (this.#ended || !fits || socket.writableLength + payload.length > settings.backlogBytes) {
      this.dropped += 1;
      return false;
    }
    this.#write(channel, payload);
    return true;
  }

  /** A sign of life. Sent to a host that has forgotten this connection, it is answered with the connection's end. */
  probe(): void {
    if (!this.#ended) this.#sign({ kind: 'alive' });
  }

  /** Says why, if the other side still reads. */
  close(reason: Farewell): void {
    if (this.#ended) return;
    this.#sign({ kind: 'farewell', reason });
    const { socket, clock } = this.#deps;
    const kind = reason === 'stopped' || reason === 'credentials' ? 'stopped' : 'replaced';
    this.#end(new WireFault(kind, `we closed it: ${EXPLAINED[reason]}`), () => closeSoon(socket, clock));
  }

  #arrived(piece: Buffer): void {
    if (this.#ended) return;
    this.#heardMs = this.#deps.clock.monotonicMs();
    this.#deps.reader.push(piece);
    this.#drain();
  }

  #drain(): void {
    const { reader, onFrame } = this.#deps;
    try {
      for (let next = reader.next(); next !== undefined && !this.#ended; next = reader.next()) {
        this.#frameBeganMs = undefined;
        if (next.channel === 'link') this.#onSign(decode(sign, next.payload));
        else onFrame(next);
      }
    } catch (error) {
      if (!(error instanceof WireFault)) throw error;
      this.#end(error);
    }
    this.#frameBeganMs = reader.partial ? (this.#frameBeganMs ?? this.#heardMs) : undefined;
  }

  #onSign(received: Sign): void {
    if (received.kind === 'alive') return;
    const kind = received.reason === 'stopped' ? 'stopped' : 'replaced';
    this.#end(new WireFault(kind, `the other side closed it: ${EXPLAINED[received.reason]}`));
  }

  /** After a gap in which this process did not run, what has arrived meanwhile is read before silence is thought of. */
  #check(): void {
    const { clock, settings } = this.#deps;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#timerMs > 2 * settings.pingMs) this.#heardMs = nowMs;
    this.#timerMs = nowMs;
    const frameMs = this.#frameBeganMs === undefined ? 0 : nowMs - this.#frameBeganMs;
    if (nowMs - this.#heardMs > settings.silenceMs)
      this.#end(new WireFault('silent', `nothing was heard for ${settings.silenceMs} ms`));
    else if (frameMs > settings.frameTimeoutMs)
      this.#end(new WireFault('silent', `a message was not complete after ${settings.frameTimeoutMs} ms`));
    else this.probe();
  }

  #sign(value: Sign): void {
    this.#write('link', encode(sign, value, 8));
  }

  #write(channel: Channel, payload: Uint8Array): void {
    const { socket, established } = this.#deps;
    socket.cork();
    for (const part of frame(channel, payload, established.sealOut)) socket.write(part);
    socket.uncork();
  }

  #end(fault: WireFault, shut: () => void = () => this.#deps.socket.destroy()): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stopTimer();
    shut();
    this.#deps.onEnd(fault);
  }
}

/** Once what was written has left, or after a moment. */
export function closeSoon(socket: Socket, clock: Pick<Clock, 'after'>): void {
  const cancel = clock.after(FAREWELL_MS, () => socket.destroy());
  socket.once('close', cancel);
  socket.destroySoon();
}

const FAREWELL_MS = 1000;
const EXPLAINED: Readonly<Record<Farewell, string>> = {
  stopped: 'the node stops',
  replaced: 'there were too many connections from the same node',
  credentials: 'certificates or secrets were exchanged',
  renewed: 'it is made anew',
};
