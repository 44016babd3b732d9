import type { Append, RaftMessage, SnapshotChunk } from '../core/messages.ts';
import { entryBytes, type LogEntry } from '../core/types.ts';
import {
  checked,
  count,
  decode,
  encode,
  type Field,
  flag,
  list,
  malformed,
  optional,
  struct,
  text,
  u8,
  union,
} from './bytes.ts';
import { entry, LEAST_ENTRY_BYTES, memberId, snapshotMeta, standing, summed } from './log-fields.ts';

/** First byte of each message: the layout of the rest. Which ones may be written follows from the negotiated wire version. */
const LAYOUT = 1;
const MOST_ENTRIES = 8192;

const envelope = { from: memberId, to: memberId, term: count };

/** The kinds and their bytes. A number is never given to another kind; new fields mean a new layout or a new kind. */
const message: Field<RaftMessage> = union<RaftMessage>({
  preVoteRequest: [1, struct({ ...envelope, nextTerm: count, lastIndex: count, lastTerm: count })],
  preVoteResponse: [2, struct({ ...envelope, nextTerm: count, granted: flag })],
  voteRequest: [3, struct({ ...envelope, lastIndex: count, lastTerm: count, transfer: optional(count) })],
  voteResponse: [4, struct({ ...envelope, granted: flag })],
  append: [
    5,
    checked(
      struct<Omit<Append, 'kind'>>({
        ...envelope,
        prevIndex: count,
        prevTerm: count,
        commit: count,
        entries: list(entry, MOST_ENTRIES, LEAST_ENTRY_BYTES),
      }),
      refuseGaps,
    ),
  ],
  appendAccepted: [6, struct({ ...envelope, matchIndex: count })],
  appendRejected: [7, struct({ ...envelope, prevIndex: count, conflictTerm: optional(count), conflictIndex: count })],
  heartbeat: [8, struct({ ...envelope, round: count, commit: count, closedTransfers: count })],
  heartbeatAck: [9, struct({ ...envelope, round: count, standing })],
  stale: [10, struct(envelope)],
  snapshotChunk: [
    11,
    checked(
      struct<Omit<SnapshotChunk, 'kind'>>({ ...envelope, snapshot: snapshotMeta, offset: count, data: summed }),
      ({ snapshot, offset, data }) => {
        if (offset + data.length > snapshot.bytes) throw malformed('a chunk beyond the end of its snapshot');
      },
    ),
  ],
  snapshotAck: [12, struct({ ...envelope, snapshotId: text(256), nextOffset: count, matchIndex: optional(count) })],
  timeoutNow: [13, struct({ ...envelope, transfer: count })],
  readIndexRequest: [14, struct({ ...envelope, ticket: count })],
  readIndexResponse: [15, struct({ ...envelope, ticket: count, index: optional(count) })],
  removed: [16, struct({ ...envelope, configurationIndex: count, reaped: flag })],
});

const versioned: Field<RaftMessage> = {
  write(out, value) {
    u8.write(out, LAYOUT);
    message.write(out, value);
  },
  read(from) {
    const layout = u8.read(from);
    if (layout !== LAYOUT) throw malformed(`layout ${layout} is not known`);
    return message.read(from);
  },
};

export function encodeMessage(value: RaftMessage): Buffer {
  return encode(versioned, value, expectedBytes(value));
}

/** @throws {WireFault} `malformed`, and nothing else, whatever the bytes */
export function decodeMessage(bytes: Uint8Array): RaftMessage {
  return decode(versioned, bytes);
}

/** Entries follow on each other and on `prevIndex`; terms never fall, and none is above the leader's. */
function refuseGaps({ prevIndex, prevTerm, term, entries }: Omit<Append, 'kind'>): void {
  let [index, floor] = [prevIndex, prevTerm];
  for (const next of entries) {
    if (next.index !== index + 1 || next.term < floor) throw malformed('entries that do not follow on each other');
    [index, floor] = [next.index, next.term];
  }
  if (floor > term) throw malformed('an entry of a later term than its sender');
}

function expectedBytes(value: RaftMessage): number {
  const sum = (entries: readonly LogEntry[]) => entries.reduce((bytes, one) => bytes + entryBytes(one), 0);
  if (value.kind === 'append') return 256 + sum(value.entries);
  return value.kind === 'snapshotChunk' ? 2048 + value.data.length : 256;
}
