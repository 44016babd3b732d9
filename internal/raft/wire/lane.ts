import type { Clock } from '../../runtime/clock.ts';
import type { Address } from '../address.ts';
import { WireFault } from './fault.ts';
import type { Channel } from './framing.ts';
import type { Greeted } from './greet.ts';
import { type Farewell, Link, type LinkSettings } from './link.ts';

export interface LaneDeps {
  readonly clock: Pick<Clock, 'monotonicMs' | 'after' | 'every'>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly settings: LinkSettings & {
    readonly leastPauseMs: number;
    readonly mostPauseMs: number;
    readonly idlePauseMs: number;
    readonly refusedPauseMs: number;
  };
  /** Where to try now; asked before each attempt. */
  address(attempt: number): Address;
  dial(address: Address, signal: AbortSignal): Promise<Greeted>;
  /** The group does without the peer, which will call when it is back: there is no hurry. */
  patient(): boolean;
  onUp(greeted: Greeted): void;
  /** The link ended, or an attempt at one failed. */
  onDown(fault: WireFault): void;
}

type State =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'dialling'; readonly abort: AbortController; readonly sinceMs: number }
  | { readonly kind: 'up'; readonly link: Link; readonly sinceMs: number }
  | { readonly kind: 'waiting'; readonly cancel: () => void; readonly long: boolean };

/** An attempt that is this young is not given up for a new one. */
const YOUNG_MS = 100;

/** Keeps one connection to one peer, from its start until it is stopped. */
export class Lane {
  readonly #deps: LaneDeps;
  #state: State = { kind: 'stopped' };
  #failures = 0;
  #attempts = 0;
  /** Messages that found no connection, or no room. */
  #dropped = 0;

  constructor(deps: LaneDeps) {
    this.#deps = deps;
  }

  get state(): State['kind'] {
    return this.#state.kind;
  }

  get dropped(): number {
    return this.#dropped;
  }

  start(): void {
    if (this.#state.kind === 'stopped') this.#dial();
  }

  /** False: the message is gone. */
  send(channel: Channel, payload: Uint8Array): boolean {
    const sent = this.#state.kind === 'up' && this.#state.link.send(channel, payload);
    if (!sent) this.#dropped += 1;
    return sent;
  }

  /** The peer is there: it has just connected to us, or its address has changed. What is under way towards the old state of things is left. */
  wake(): void {
    const state = this.#state;
    this.#failures = 0;
    if (state.kind === 'up') state.link.probe();
    if (state.kind === 'waiting') {
      state.cancel();
      this.#dial();
    }
    if (state.kind === 'dialling' && this.#deps.clock.monotonicMs() - state.sinceMs > YOUNG_MS) {
      this.#dial();
      state.abort.abort(new WireFault('replaced', 'tried anew'));
    }
  }

  /** Patience is over: a pause that was long is not waited for. */
  hurry(): void {
    if (this.#state.kind !== 'waiting' || !this.#state.long) return;
    this.#state.cancel();
    this.#dial();
  }

  /** Ends the link, if there is one, and connects anew at once. */
  renew(reason: Farewell): void {
    if (this.#state.kind === 'stopped') return;
    this.stop(reason);
    this.#failures = 0;
    this.start();
  }

  stop(reason: Farewell): void {
    const state = this.#state;
    this.#state = { kind: 'stopped' };
    if (state.kind === 'up') state.link.close(reason);
    if (state.kind === 'dialling') state.abort.abort(new WireFault('stopped', 'the node stops'));
    if (state.kind === 'waiting') state.cancel();
  }

  #dial(): void {
    const { clock, address, dial } = this.#deps;
    const abort = new AbortController();
    const mine: State = { kind: 'dialling', abort, sinceMs: clock.monotonicMs() };
    this.#state = mine;
    this.#attempts += 1;
    dial(address(this.#attempts), abort.signal).then(
      (greeted) => {
        if (this.#state === mine) this.#up(greeted);
        else greeted.socket.destroy();
      },
      (error: unknown) => {
        if (this.#state === mine) this.#down(asFault(error));
      },
    );
  }

  #up({ socket, reader, established }: Greeted): void {
    const { clock, settings, onUp } = this.#deps;
    const link: Link = new Link({
      ...{ socket, reader, established, clock, settings },
      onFrame: ({ channel }) => {
        throw new WireFault('malformed', `${channel} from a node that was dialled`);
      },
      onEnd: (fault) => {
        if (this.#state.kind === 'up' && this.#state.link === link) this.#down(fault);
      },
    });
    this.#state = { kind: 'up', link, sinceMs: clock.monotonicMs() };
    onUp({ socket, reader, established });
  }

  #down(fault: WireFault): void {
    const { clock, settings, random, patient, onDown } = this.#deps;
    const { leastPauseMs, mostPauseMs, idlePauseMs, refusedPauseMs } = settings;
    if (this.#state.kind === 'up' && clock.monotonicMs() - this.#state.sinceMs > mostPauseMs) this.#failures = 0;
    const refused = fault.kind === 'refused';
    const grownMs = Math.min(patient() ? idlePauseMs : mostPauseMs, leastPauseMs * 2 ** Math.min(this.#failures, 20));
    const long = !refused && grownMs > mostPauseMs;
    const pauseMs = (refused ? refusedPauseMs : grownMs) * (0.75 + random() / 2);
    this.#failures += 1;
    const cancel = clock.after(long ? Math.min(idlePauseMs, pauseMs) : pauseMs, () => this.#dial());
    this.#state = { kind: 'waiting', cancel, long };
    onDown(fault);
  }
}

function asFault(error: unknown): WireFault {
  if (error instanceof WireFault) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new WireFault(error instanceof Error && error.name === 'TimeoutError' ? 'silent' : 'unreachable', text, error);
}
