// Decides whether what clients saw of one register could have come from a single register that nobody shares: each operation takes
// effect at one moment between its call and its answer. A depth-first search for such moments in the order of Wing and Gong ("Testing
// and Verifying Concurrent Objects", 1993), which remembers what it has been through as Lowe ("Testing for Linearizability", 2016)
// does: the same operations done and the same value held need not be looked at twice. Registers are independent, so each is searched
// by itself.

/** What a register holds; undefined: nothing was written yet. */
export type Value = string | undefined;

export type Action =
  /** `seen` counts only where the outcome is `ok`. */
  | { readonly kind: 'read'; readonly seen: Value }
  /** Of nothing: it is emptied. */
  | { readonly kind: 'write'; readonly value: Value }
  /** Writes `value` where the register holds `expected`; `swapped` says whether it did, and counts only where the outcome is `ok`. */
  | { readonly kind: 'compare-and-set'; readonly expected: Value; readonly value: string; readonly swapped: boolean };

export interface Operation {
  readonly register: string;
  readonly client: string;
  readonly action: Action;
  /** Any clock that all clients share. */
  readonly calledMs: number;
  readonly answeredMs: number;
  /** `fail`: it certainly did not and will not take effect. `unknown`: it may, at any moment after its call, or never. */
  readonly outcome: 'ok' | 'fail' | 'unknown';
}

export type Verdict =
  | { readonly kind: 'linearizable' }
  | {
      readonly kind: 'violation';
      readonly register: string;
      /** The longest order that explains anything, and the operation that no order could get past. */
      readonly explained: readonly Operation[];
      readonly stuck: Operation;
    }
  /** Not decided within the limit: to be counted as a failure of the run, which was too large. */
  | { readonly kind: 'undecided'; readonly register: string };

const LIMIT_MS = 60_000;

/** Of several registers: the first that is not in order. `limitMs` holds for all of them together. */
export function checkHistory(history: readonly Operation[], limitMs = LIMIT_MS): Verdict {
  const end = performance.now() + limitMs;
  for (const register of new Set(history.map((operation) => operation.register))) {
    const operations = history.filter((operation) => operation.register === register);
    const verdict = new Search(register, operations, end).run();
    if (verdict.kind !== 'linearizable') return verdict;
  }
  return { kind: 'linearizable' };
}

/** Of equal times the call comes first: operations that touch overlap. */
type Event = { readonly at: 'call' | 'answer'; readonly of: number; readonly ms: number; previous: Event; next: Event };

const DEADLINE_EVERY = 4096;

/**
 * What was answered must be placed; of what is unknown as little as possible is: it is tried where nothing else goes on, and a way
 * that used no less of it than another one to the same place is not followed.
 */
class Search {
  readonly #register: string;
  readonly #endMs: number;
  readonly #certain: readonly Operation[];
  readonly #unknown: readonly Operation[];
  /** By unknown operation: the one that goes first, since it does the same and was called before. */
  readonly #precursors: readonly (number | undefined)[];
  readonly #noticed: ReadonlySet<Value>;

  readonly #head: Event;
  readonly #calls: Event[] = [];
  readonly #answers: Event[] = [];
  readonly #done: boolean[];
  #lowest = 0;
  #highest = -1;
  #placed = 0;
  /** By unknown operation, and the same as one bit for each. */
  readonly #inUse: boolean[];
  #used = 0n;
  readonly #visited = new Map<string, bigint[]>();

  constructor(register: string, all: readonly Operation[], endMs: number) {
    this.#register = register;
    this.#endMs = endMs;
    const inOrder = [...all].sort((a, b) => a.calledMs - b.calledMs);
    this.#noticed = new Set(all.flatMap(({ action }) => noticedBy(action)));
    this.#certain = inOrder.filter(({ outcome }) => outcome === 'ok');
    this.#unknown = inOrder.filter((one) => one.outcome === 'unknown' && this.#canMatter(one));
    this.#precursors = this.#unknown.map((_, of) => this.#precursorOf(of));
    this.#done = this.#certain.map(() => false);
    this.#inUse = this.#unknown.map(() => false);
    this.#head = this.#timeline();
  }

  run(): Verdict {
    const taken: { readonly operation: Operation; readonly undo: () => Place; readonly before: Value }[] = [];
    let best: readonly Operation[] = [];
    let stuck: Operation | undefined;
    let held: Value;
    let place: Place = { event: this.#head.next, unknown: 0 };
    for (let steps = 1; this.#placed < this.#certain.length; steps += 1) {
      if (steps % DEADLINE_EVERY === 0 && performance.now() > this.#endMs)
        return { kind: 'undecided', register: this.#register };
      const found = this.#next(place, held);
      if (found !== undefined) {
        taken.push({ operation: found.operation, undo: found.undo, before: held });
        held = found.after;
        place = { event: this.#head.next, unknown: 0 };
        continue;
      }
      if (stuck === undefined || taken.length > best.length) {
        best = taken.map(({ operation }) => operation);
        stuck = this.#certain[this.#firstAnswer(this.#head.next).of]!;
      }
      const last = taken.pop();
      if (last === undefined) return { kind: 'violation', register: this.#register, explained: best, stuck };
      held = last.before;
      place = last.undo();
    }
    return { kind: 'linearizable' };
  }

  /** The next operation from `place` on that may take effect now and leads to something new; it is taken. */
  #next(place: Place, held: Value): Taken | undefined {
    for (let event = place.event; event.at === 'call'; event = event.next) {
      const operation = this.#certain[event.of]!;
      const after = effect(operation, held);
      if (after === REFUSED) continue;
      this.#do(event.of);
      if (this.#isNew(after)) return { operation, after, undo: () => this.#undo(event.of) };
      this.#undo(event.of);
    }
    const { ms } = this.#firstAnswer(place.event);
    for (let of = place.unknown; of < this.#unknown.length && this.#unknown[of]!.calledMs <= ms; of += 1) {
      const precursor = this.#precursors[of];
      if (this.#inUse[of] || (precursor !== undefined && !this.#inUse[precursor])) continue;
      const operation = this.#unknown[of]!;
      const after = effect(operation, held);
      if (after === REFUSED || after === held) continue;
      this.#use(of, true);
      const undo = (): Place => {
        this.#use(of, false);
        return { event: this.#firstAnswer(this.#head.next), unknown: of + 1 };
      };
      if (this.#isNew(after)) return { operation, after, undo };
      undo();
    }
    return undefined;
  }

  /** While something is left to be placed, its answer stands in the ring. */
  #firstAnswer(from: Event): Event {
    let event = from;
    while (event.at === 'call') event = event.next;
    return event;
  }

  /** Events in order of time, as a ring that begins and ends at the head. */
  #timeline(): Event {
    const head = { at: 'call', of: -1, ms: 0 } as Event;
    const marks = this.#certain.flatMap(({ calledMs, answeredMs }, of) => [
      { at: 'call' as const, of, ms: calledMs },
      { at: 'answer' as const, of, ms: answeredMs },
    ]);
    marks.sort((a, b) => a.ms - b.ms || (a.at === b.at ? a.of - b.of : a.at === 'call' ? -1 : 1));
    let last = head;
    for (const mark of marks) {
      const event: Event = { ...mark, previous: last, next: head };
      last.next = event;
      last = event;
      if (mark.at === 'call') this.#calls[mark.of] = event;
      else this.#answers[mark.of] = event;
    }
    last.next = head;
    head.previous = last;
    return head;
  }

  #do(of: number): void {
    this.#done[of] = true;
    this.#placed += 1;
    this.#highest = Math.max(this.#highest, of);
    while (this.#done[this.#lowest]) this.#lowest += 1;
    unlink(this.#calls[of]!);
    unlink(this.#answers[of]!);
  }

  #use(of: number, inUse: boolean): void {
    this.#inUse[of] = inUse;
    this.#used ^= 1n << BigInt(of);
  }

  #undo(of: number): Place {
    this.#done[of] = false;
    this.#placed -= 1;
    this.#lowest = Math.min(this.#lowest, of);
    while (this.#highest >= 0 && !this.#done[this.#highest]) this.#highest -= 1;
    relink(this.#answers[of]!);
    relink(this.#calls[of]!);
    return { event: this.#calls[of]!.next, unknown: 0 };
  }

  /**
   * Whether no way was here that had used as little. What is placed stands in order of calls: all below `lowest`, beyond it only a
   * few. Values that nobody notices are all one.
   */
  #isNew(held: Value): boolean {
    let ahead = '';
    for (let of = this.#lowest + 1; of <= this.#highest; of += 1) if (this.#done[of]) ahead += `,${of}`;
    const value = held === undefined ? '-' : this.#noticed.has(held) ? `=${held}` : '?';
    const key = `${this.#lowest}${ahead}|${value}`;
    const before = this.#visited.get(key) ?? [];
    if (before.some((used) => (used & ~this.#used) === 0n)) return false;
    this.#visited.set(key, [...before.filter((used) => (this.#used & ~used) !== 0n), this.#used]);
    return true;
  }

  /** A refusal notices every value but one; without any, what nobody read might as well not have been written. */
  #canMatter({ action }: Operation): boolean {
    if (action.kind === 'read') return false;
    const refusals = this.#certain.some((one) => one.action.kind === 'compare-and-set' && !one.action.swapped);
    return refusals || this.#noticed.has(action.value);
  }

  /** Unknown ones that write what nobody asks for serve one purpose, to be something else: the earliest will do. So it will of the same writes. */
  #precursorOf(of: number): number | undefined {
    const sort = this.#sort(this.#unknown[of]!);
    if (sort === undefined) return undefined;
    const before = this.#unknown.findLastIndex((one, at) => at < of && this.#sort(one) === sort);
    return before === -1 ? undefined : before;
  }

  #sort({ action }: Operation): string | undefined {
    if (action.kind === 'read') return undefined;
    if (this.#noticed.has(action.value)) return action.kind === 'write' ? `write ${action.value}` : undefined;
    return JSON.stringify(action.kind === 'write' ? 'write' : [action.expected]);
  }
}

/** Where to go on looking: from this event among what is certain, from this number among what is unknown. */
interface Place {
  readonly event: Event;
  readonly unknown: number;
}

interface Taken {
  readonly operation: Operation;
  readonly after: Value;
  readonly undo: () => Place;
}

function noticedBy(action: Action): readonly Value[] {
  if (action.kind === 'read') return [action.seen];
  return action.kind === 'compare-and-set' ? [action.expected] : [];
}

function unlink(event: Event): void {
  event.previous.next = event.next;
  event.next.previous = event.previous;
}

/** In the reverse order of unlinking. */
function relink(event: Event): void {
  event.previous.next = event;
  event.next.previous = event;
}

const REFUSED = Symbol('no such answer is possible here');

/** What the register holds afterwards; `REFUSED` where the answer that was given cannot be given here. */
function effect({ action, outcome }: Operation, held: Value): Value | typeof REFUSED {
  if (action.kind === 'read') return action.seen === held ? held : REFUSED;
  if (action.kind === 'write') return action.value;
  const swaps = held === action.expected;
  if (outcome === 'ok' && swaps !== action.swapped) return REFUSED;
  return swaps ? action.value : held;
}

/** The history around a violation, one line for each operation, in order of calls. */
export function describeVerdict(verdict: Verdict): string {
  if (verdict.kind === 'linearizable') return 'linearizable';
  if (verdict.kind === 'undecided') return `register ${verdict.register}: not decided in time`;
  const lines = [...verdict.explained.slice(-12), verdict.stuck].map(describeOperation);
  return `register ${verdict.register}: no order explains the last of these\n${lines.join('\n')}`;
}

export function describeOperation({ client, action, calledMs, answeredMs, outcome }: Operation): string {
  const times = `${calledMs.toFixed(1)}..${outcome === 'unknown' ? '' : answeredMs.toFixed(1)}`;
  if (action.kind === 'read') return `${times} ${client} reads ${action.seen ?? 'nothing'} (${outcome})`;
  if (action.kind === 'write') return `${times} ${client} writes ${action.value ?? 'nothing'} (${outcome})`;
  const result = outcome === 'ok' ? (action.swapped ? 'swapped' : 'refused') : outcome;
  return `${times} ${client} sets ${action.value} in place of ${action.expected ?? 'nothing'} (${result})`;
}
