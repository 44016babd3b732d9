import assert from 'node:assert/strict';
import {
  type Configuration,
  entryBytes,
  type Index,
  LARGEST_NUMBER,
  type LogEntry,
  NO_CONFIGURATION,
  type SnapshotMeta,
  type Term,
} from './types.ts';

interface Placed {
  readonly index: Index;
  readonly configuration: Configuration;
}

/**
 * The log as it will be once all writes are durable, in memory from `firstIndex` on. Knows the configuration in force at its end: the last one
 * appended, committed or not; cutting the log brings back the one before.
 */
export class Log {
  #entries: LogEntry[];
  /** Position before the first entry: what a follower's log must hold for the first entry to be sent. */
  #beforeIndex: Index;
  #beforeTerm: Term;
  #snapshot: SnapshotMeta;
  /** Oldest first. The first one is in force where the log begins. */
  #configurations: Placed[];
  #bytes = 0;
  #bytesBehindSnapshot = 0;

  constructor(
    snapshot: SnapshotMeta,
    before: { readonly index: Index; readonly term: Term },
    entries: readonly LogEntry[],
  ) {
    assert(before.index <= snapshot.index, 'the log joins its snapshot');
    this.#snapshot = snapshot;
    this.#beforeIndex = before.index;
    this.#beforeTerm = before.term;
    this.#entries = [];
    this.#configurations = [{ index: 0, configuration: NO_CONFIGURATION }];
    if (snapshot.configurationIndex > 0) {
      this.#configurations.push({ index: snapshot.configurationIndex, configuration: snapshot.configuration });
    }
    this.append(entries);
    assert(this.lastIndex >= snapshot.index, 'the log reaches its snapshot');
    assert.equal(this.termAt(snapshot.index), snapshot.term, 'log and snapshot agree');
  }

  get firstIndex(): Index {
    return this.#beforeIndex + 1;
  }

  get lastIndex(): Index {
    return this.#beforeIndex + this.#entries.length;
  }

  get lastTerm(): Term {
    return this.#entries.at(-1)?.term ?? this.#beforeTerm;
  }

  get lastStampMs(): number {
    return this.#entries.at(-1)?.stampMs ?? this.#snapshot.stampMs;
  }

  /** Latest durable one. */
  get snapshot(): SnapshotMeta {
    return this.#snapshot;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Of the entries that the snapshot does not cover. */
  get bytesBehindSnapshot(): number {
    return this.#bytesBehindSnapshot;
  }

  get configuration(): Configuration {
    return this.#configurations.at(-1)!.configuration;
  }

  /** 0 where the log shows no configuration at all. */
  get configurationIndex(): Index {
    return this.#configurations.at(-1)!.index;
  }

  /** The configuration in force at `index`, with its own place. */
  configurationAt(index: Index): Placed {
    return this.#configurations.findLast((placed) => placed.index <= index) ?? this.#configurations[0]!;
  }

  /** Undefined where the log does not reach, or does not reach back. */
  termAt(index: Index): Term | undefined {
    if (index === this.#beforeIndex) return this.#beforeTerm;
    return this.#entries[index - this.#beforeIndex - 1]?.term;
  }

  entryAt(index: Index): LogEntry | undefined {
    return this.#entries[index - this.#beforeIndex - 1];
  }

  /** Both included, as many as there are. */
  slice(first: Index, last: Index): readonly LogEntry[] {
    return this.#entries.slice(first - this.#beforeIndex - 1, last - this.#beforeIndex);
  }

  /** From `first` on at most `maxEntries` and `maxBytes`, but one entry at least where there is one. */
  batch(first: Index, maxEntries: number, maxBytes: number): readonly LogEntry[] {
    const start = first - this.#beforeIndex - 1;
    let end = start;
    let bytes = 0;
    while (end < this.#entries.length && end - start < maxEntries) {
      bytes += entryBytes(this.#entries[end]!);
      if (bytes > maxBytes && end > start) break;
      end += 1;
    }
    return this.#entries.slice(start, end);
  }

  /** Whether a log that ends at (`index`, `term`) is at least as up to date as this one (Raft paper, section 5.4.1). */
  isCoveredBy(index: Index, term: Term): boolean {
    return term > this.lastTerm || (term === this.lastTerm && index >= this.lastIndex);
  }

  /** The first index held here that has the term of `index`. */
  firstIndexOfTermAt(index: Index): Index {
    return this.lastIndexUpToTerm(index, this.termAt(index)! - 1) + 1;
  }

  /** The last index at or below `index` with a term of at most `term`; the position before the log where there is none. */
  lastIndexUpToTerm(index: Index, term: Term): Index {
    let low = this.#beforeIndex;
    let high = Math.min(index, this.lastIndex);
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.termAt(middle)! <= term) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  append(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      assert.equal(entry.index, this.lastIndex + 1, 'log entries are consecutive');
      assert(entry.term >= this.lastTerm, 'terms never decrease within a log');
      assert(entry.index < LARGEST_NUMBER && entry.term < LARGEST_NUMBER, 'indexes and terms stay exact');
      this.#entries.push(entry);
      this.#bytes += entryBytes(entry);
      if (entry.index > this.#snapshot.index) this.#bytesBehindSnapshot += entryBytes(entry);
      if (entry.kind === 'configuration' && entry.index > this.configurationIndex) {
        this.#configurations.push({ index: entry.index, configuration: entry.configuration });
      }
    }
  }

  truncateFrom(index: Index): void {
    assert(index > this.#snapshot.index, 'what a snapshot covers is never cut');
    for (const entry of this.#entries.splice(index - this.#beforeIndex - 1)) {
      this.#bytes -= entryBytes(entry);
      this.#bytesBehindSnapshot -= entryBytes(entry);
    }
    while (this.configurationIndex >= index) this.#configurations.pop();
  }

  /** A snapshot of this node's own state is durable. */
  snapshotTaken(snapshot: SnapshotMeta): void {
    assert(
      snapshot.index > this.#snapshot.index && snapshot.index <= this.lastIndex,
      'snapshots are taken of newer states',
    );
    for (const entry of this.slice(this.#snapshot.index + 1, snapshot.index))
      this.#bytesBehindSnapshot -= entryBytes(entry);
    this.#snapshot = snapshot;
  }

  compactTo(index: Index): void {
    assert(index <= this.#snapshot.index, 'only what a snapshot covers is dropped');
    const term = this.termAt(index)!;
    for (const entry of this.#entries.splice(0, index - this.#beforeIndex)) this.#bytes -= entryBytes(entry);
    this.#beforeIndex = index;
    this.#beforeTerm = term;
    while (this.#configurations.length > 1 && this.#configurations[1]!.index <= index) this.#configurations.shift();
  }

  /** A snapshot came from the leader. Returns whether the entries behind it stay, which they do where the log holds its last one. */
  install(snapshot: SnapshotMeta): boolean {
    if (this.termAt(snapshot.index) === snapshot.term) {
      this.snapshotTaken(snapshot);
      this.compactTo(snapshot.index);
      return true;
    }
    this.#snapshot = snapshot;
    this.#entries = [];
    this.#bytes = 0;
    this.#bytesBehindSnapshot = 0;
    this.#beforeIndex = snapshot.index;
    this.#beforeTerm = snapshot.term;
    this.#configurations = [{ index: snapshot.configurationIndex, configuration: snapshot.configuration }];
    return false;
  }
}
