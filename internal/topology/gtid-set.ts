import { OrchestratorError } from '../runtime/errors.ts';

/** Transaction numbers from `first` to `last`, both included. */
interface Interval {
  readonly first: bigint;
  readonly last: bigint;
}

type Intervals = readonly Interval[];

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TAG = /^[a-z_][a-z0-9_]{0,31}$/;
const NUMBERS = /^(\d{1,19})(?:-(\d{1,19}))?$/;
const LARGEST = 2n ** 63n - 2n;

/**
 * A set of MySQL transactions. Immutable. Intervals are kept per UUID and tag: sorted, disjoint, never adjacent, so that
 * two equal sets are equal text.
 */
export class GtidSet {
  static readonly EMPTY = new GtidSet(new Map());

  /** Key: `uuid` or `uuid:tag`. Without empty lists. */
  readonly #parts: ReadonlyMap<string, Intervals>;

  private constructor(parts: ReadonlyMap<string, Intervals>) {
    this.#parts = parts;
  }

  /**
   * Reads `uuid:1-3:5,uuid:tag:1` as servers print and people write it: white space and line feeds anywhere between
   * words, intervals in any order and overlapping, one UUID in several entries.
   *
   * @throws {OrchestratorError} `GTID_INVALID`
   */
  static parse(text: string): GtidSet {
    const found = new Map<string, Interval[]>();
    for (const entry of text.split(',')) {
      const words = entry.split(':').map((word) => word.trim().toLowerCase());
      if (words.length === 1 && words[0] === '') continue;
      readEntry(words, found);
    }
    return new GtidSet(new Map([...found].map(([name, intervals]) => [name, normal(intervals)])));
  }

  get isEmpty(): boolean {
    return this.#parts.size === 0;
  }

  contains(other: GtidSet): boolean {
    return other.subtract(this).isEmpty;
  }

  equals(other: GtidSet): boolean {
    if (this.#parts.size !== other.#parts.size) return false;
    for (const [name, mine] of this.#parts) {
      const theirs = other.#parts.get(name);
      if (theirs === undefined || theirs.length !== mine.length) return false;
      if (!mine.every(({ first, last }, at) => theirs[at]?.first === first && theirs[at]?.last === last)) return false;
    }
    return true;
  }

  union(other: GtidSet): GtidSet {
    const parts = new Map(this.#parts);
    for (const [name, theirs] of other.#parts) parts.set(name, unionOf(parts.get(name) ?? [], theirs));
    return new GtidSet(parts);
  }

  subtract(other: GtidSet): GtidSet {
    const parts = new Map<string, Intervals>();
    for (const [name, mine] of this.#parts) {
      const rest = differenceOf(mine, other.#parts.get(name) ?? []);
      if (rest.length > 0) parts.set(name, rest);
    }
    return new GtidSet(parts);
  }

  intersect(other: GtidSet): GtidSet {
    const parts = new Map<string, Intervals>();
    for (const [name, mine] of this.#parts) {
      const common = intersectionOf(mine, other.#parts.get(name) ?? []);
      if (common.length > 0) parts.set(name, common);
    }
    return new GtidSet(parts);
  }

  /** Number of transactions. */
  count(): bigint {
    let total = 0n;
    for (const intervals of this.#parts.values()) {
      for (const { first, last } of intervals) total += last - first + 1n;
    }
    return total;
  }

  /** One by one, such as `uuid:3` or `uuid:tag:3`; a set may hold very many. */
  *transactions(): Iterable<string> {
    for (const name of [...this.#parts.keys()].sort())
      for (const { first, last } of this.#parts.get(name) ?? [])
        for (let number = first; number <= last; number += 1n) yield `${name}:${number}`;
  }

  /** The UUIDs present, sorted, each once whatever its tags. */
  uuids(): readonly string[] {
    return [...new Set([...this.#parts.keys()].map(uuidOf))].sort();
  }

  /** Everything but the transactions of these UUIDs, tagged ones included. */
  withoutUuids(uuids: Iterable<string>): GtidSet {
    const unwanted = new Set([...uuids].map((uuid) => uuid.toLowerCase()));
    return new GtidSet(new Map([...this.#parts].filter(([name]) => !unwanted.has(uuidOf(name)))));
  }

  /** As the server prints it, but on one line: UUIDs in order, untagged intervals before tagged ones. */
  toString(): string {
    const entries = new Map<string, string>();
    for (const name of [...this.#parts.keys()].sort()) {
      const uuid = uuidOf(name);
      const words = (this.#parts.get(name) ?? []).map(intervalText).join(':');
      entries.set(uuid, `${entries.get(uuid) ?? uuid}${name.slice(uuid.length)}:${words}`);
    }
    return [...entries.values()].join(',');
  }
}

function uuidOf(name: string): string {
  return name.slice(0, 36);
}

function intervalText({ first, last }: Interval): string {
  return first === last ? `${first}` : `${first}-${last}`;
}

function readEntry(words: readonly string[], found: Map<string, Interval[]>): void {
  const [uuid = '', ...rest] = words;
  if (!UUID.test(uuid)) throw invalid(words);
  let name = uuid;
  let open = true; // a UUID or tag that still waits for its first interval
  for (const word of rest) {
    const numbers = NUMBERS.exec(word);
    if (numbers === null) {
      if (!TAG.test(word) || (open && name !== uuid)) throw invalid(words);
      name = `${uuid}:${word}`;
      open = true;
      continue;
    }
    const first = BigInt(numbers[1] ?? '0');
    const last = numbers[2] === undefined ? first : BigInt(numbers[2]);
    if (first < 1n || last < first || last > LARGEST) throw invalid(words);
    const list = found.get(name);
    if (list === undefined) found.set(name, [{ first, last }]);
    else list.push({ first, last });
    open = false;
  }
  if (open) throw invalid(words);
}

function invalid(words: readonly string[]): OrchestratorError {
  const entry = words.join(':').slice(0, 100);
  return new OrchestratorError('GTID_INVALID', `not a GTID set: "${entry}"`);
}

function byFirst(a: Interval, b: Interval): number {
  if (a.first === b.first) return 0;
  return a.first < b.first ? -1 : 1;
}

function normal(intervals: readonly Interval[]): Intervals {
  return joined([...intervals].sort(byFirst));
}

/** Joins what overlaps or touches in a list sorted by `first`. */
function joined(sorted: Iterable<Interval>): Intervals {
  const out: Interval[] = [];
  for (const interval of sorted) {
    const before = out.at(-1);
    if (before === undefined || interval.first > before.last + 1n) out.push(interval);
    else if (interval.last > before.last) out[out.length - 1] = { first: before.first, last: interval.last };
  }
  return out;
}

function unionOf(a: Intervals, b: Intervals): Intervals {
  if (a.length === 0) return b;
  return joined(merged(a, b));
}

function* merged(a: Intervals, b: Intervals): Iterable<Interval> {
  let i = 0;
  let j = 0;
  for (;;) {
    const left = a[i];
    const right = b[j];
    if (left === undefined && right === undefined) return;
    if (right === undefined || (left !== undefined && left.first <= right.first)) {
      if (left !== undefined) yield left;
      i += 1;
    } else {
      yield right;
      j += 1;
    }
  }
}

function differenceOf(a: Intervals, b: Intervals): Intervals {
  const out: Interval[] = [];
  let j = 0;
  for (const { first, last } of a) {
    let from = first;
    while (from <= last) {
      const hole = b[j];
      if (hole === undefined || hole.first > last) {
        out.push({ first: from, last });
        break;
      }
      if (hole.first > from) out.push({ first: from, last: hole.first - 1n });
      if (hole.last >= from) from = hole.last + 1n;
      if (hole.last <= last) j += 1; // a hole that reaches further also cuts the next interval
    }
  }
  return out;
}

function intersectionOf(a: Intervals, b: Intervals): Intervals {
  const out: Interval[] = [];
  let i = 0;
  let j = 0;
  for (;;) {
    const left = a[i];
    const right = b[j];
    if (left === undefined || right === undefined) return out;
    const { first } = byFirst(left, right) > 0 ? left : right;
    const endsFirst = left.last < right.last;
    const { last } = endsFirst ? left : right;
    if (first <= last) out.push({ first, last });
    if (endsFirst) i += 1;
    else j += 1;
  }
}
