import type { RaftMessage } from '../../internal/raft/core/messages.ts';
import type { MemberId } from '../../internal/raft/core/types.ts';
import type { SeededRandom } from './random.ts';
import type { Timeline } from './timeline.ts';

interface Weather {
  readonly delayMs: readonly [number, number];
  readonly lossShare: number;
  readonly copiesShare: number;
  /** Whether messages of one link arrive in the order of sending, as they do over one connection. */
  readonly ordered: boolean;
}

/** Carries messages, or not: each takes a time of its own, so that they overtake one another; some get lost, some come twice or much later. */
export class Network {
  weather: Weather;
  readonly #timeline: Timeline;
  readonly #random: SeededRandom;
  readonly #deliver: (message: RaftMessage) => void;
  /** `from>to` for each link that carries nothing. */
  readonly #cut = new Set<string>();
  /** Links that keep what is sent until they are released. */
  readonly #clogged = new Map<string, RaftMessage[]>();
  /** Further delay of a link, in ms at most. */
  readonly #slow = new Map<string, number>();
  readonly #lastArrivalMs = new Map<string, number>();
  #old: RaftMessage[] = [];

  constructor(timeline: Timeline, random: SeededRandom, weather: Weather, deliver: (message: RaftMessage) => void) {
    this.#timeline = timeline;
    this.#random = random;
    this.weather = weather;
    this.#deliver = deliver;
  }

  send(message: RaftMessage): void {
    const random = this.#random;
    const link = `${message.from}>${message.to}`;
    const clogged = this.#clogged.get(link);
    if (clogged !== undefined) {
      if (clogged.length < 500) clogged.push(message);
      return;
    }
    if (this.#cut.has(link) || random.chance(this.weather.lossShare)) return;
    this.#carry(message);
    if (random.chance(this.weather.copiesShare)) this.#carry(message);
    if (message.kind === 'voteRequest' || message.kind === 'timeoutNow' || random.chance(0.02)) this.#remember(message);
  }

  cut(from: MemberId, to: MemberId): void {
    this.#cut.add(`${from}>${to}`);
  }

  clog(from: MemberId, to: MemberId): void {
    const link = `${from}>${to}`;
    if (!this.#clogged.has(link)) this.#clogged.set(link, []);
  }

  slow(from: MemberId, to: MemberId, byMs: number): void {
    this.#slow.set(`${from}>${to}`, byMs);
  }

  /** Says again what was said long ago. */
  replay(count: number): void {
    for (let at = 0; at < count && this.#old.length > 0; at += 1) this.#carry(this.#random.pick(this.#old));
  }

  heal(): void {
    this.#cut.clear();
    this.#slow.clear();
    this.release();
  }

  release(): void {
    const clogged = this.#random.shuffled([...this.#clogged.values()]);
    this.#clogged.clear();
    for (const messages of clogged) for (const message of messages) this.#carry(message);
  }

  forget(): void {
    this.#old = [];
  }

  #remember(message: RaftMessage): void {
    if (this.#old.length < 40) this.#old.push(message);
    else this.#old[this.#random.whole(0, 39)] = message;
  }

  #carry(message: RaftMessage): void {
    const link = `${message.from}>${message.to}`;
    const [least, most] = this.weather.delayMs;
    const delayMs = this.#random.between(least, most) + this.#random.between(0.8, 1) * (this.#slow.get(link) ?? 0);
    let arrivalMs = this.#timeline.nowMs + delayMs;
    if (this.weather.ordered) {
      arrivalMs = Math.max(arrivalMs, this.#lastArrivalMs.get(link) ?? 0);
      this.#lastArrivalMs.set(link, arrivalMs);
    }
    this.#timeline.after(arrivalMs - this.#timeline.nowMs, () => this.#deliver(message));
  }
}
