// One log entry as a row, and the checksum that ties it to the row before.

import { crc32c } from '@node-rs/crc32';
import { type Configuration, type Index, LARGEST_NUMBER, type LogEntry, type Term } from '../core/types.ts';
import { configurationBytes, configurationFrom } from './configuration-bytes.ts';

/** A place in the log. `crc` is that of the entry there, which the next one continues. */
export interface Place {
  readonly index: Index;
  readonly term: Term;
  readonly crc: number;
}

export interface EntryRow {
  readonly log_index: number;
  readonly term: number;
  readonly stamp_ms: number;
  readonly kind: number;
  readonly payload: Uint8Array;
  readonly crc: number;
}

/** Kept in files: a number is never given another meaning. */
const KIND_NUMBERS: Readonly<Record<LogEntry['kind'], number>> = { command: 1, noop: 2, configuration: 3 };
const KINDS = new Map(Object.entries(KIND_NUMBERS).map(([kind, number]) => [number, kind as LogEntry['kind']]));

const NOTHING = new Uint8Array(0);

/** Where a log begins that follows on a snapshot from somebody else, or on nothing. */
export function beginningAt(index: Index, term: Term): Place {
  return { index, term, crc: crc32c(numbers(index, term)) };
}

export function rowOf(entry: LogEntry, previous: Place): EntryRow {
  const bare = {
    log_index: entry.index,
    term: entry.term,
    stamp_ms: entry.stampMs,
    kind: KIND_NUMBERS[entry.kind],
    payload: payloadOf(entry),
  };
  return { ...bare, crc: chainedCrc(bare, previous.crc) };
}

export function chainedCrc(row: Omit<EntryRow, 'crc'>, previousCrc: number): number {
  const head = numbers(row.log_index, row.term, row.stamp_ms, row.kind);
  return crc32c(row.payload, crc32c(head, previousCrc));
}

export function kindOf({ kind }: EntryRow): LogEntry['kind'] | undefined {
  return KINDS.get(kind);
}

/** Undefined where the row cannot have been written by this release, right as its checksum may be. */
export function entryOf(row: EntryRow): LogEntry | undefined {
  const head = { index: row.log_index, term: row.term, stampMs: row.stamp_ms };
  if (![head.index, head.term].every((number) => number > 0 && number < LARGEST_NUMBER)) return undefined;
  switch (kindOf(row)) {
    case 'command':
      return { ...head, kind: 'command', data: row.payload };
    case 'noop':
      return { ...head, kind: 'noop' };
    case 'configuration': {
      const configuration: Configuration | undefined = configurationFrom(row.payload);
      return configuration === undefined ? undefined : { ...head, kind: 'configuration', configuration };
    }
    case undefined:
      return undefined;
  }
}

function payloadOf(entry: LogEntry): Uint8Array {
  if (entry.kind === 'command') return entry.data;
  return entry.kind === 'noop' ? NOTHING : configurationBytes(entry.configuration);
}

/** Each as a double of eight bytes, lowest first: exact for all that the log counts. */
function numbers(...values: readonly number[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(8 * values.length);
  for (const [at, value] of values.entries()) bytes.writeDoubleLE(value, 8 * at);
  return bytes;
}
