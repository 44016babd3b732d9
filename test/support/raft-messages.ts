import fc from 'fast-check';
import type { MessageBody, RaftMessage } from '../../internal/raft/core/messages.ts';
import type { Configuration, LogEntry, Member, SnapshotMeta } from '../../internal/raft/core/types.ts';

type Kind = RaftMessage['kind'];
type BodyOf<K extends Kind> = Omit<Extract<MessageBody, { kind: K }>, 'kind'>;

/** Plain objects, as the core makes them. */
const record = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;

const count = fc.oneof(
  fc.nat(300),
  fc.maxSafeNat().map((value) => value % 2 ** 52),
  fc.constant(2 ** 52),
);
const positive = fc.integer({ min: 1, max: 2 ** 40 });
const stampMs = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 4e12, noNaN: true })).map((value) => value + 0);
const word = fc.string({ unit: 'binary', maxLength: 12 });
const bytes = fc.uint8Array({ maxLength: 64 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const member = (id: string): fc.Arbitrary<Member> =>
  record({
    id: fc.constant(id),
    node: word,
    incarnation: word,
    address: word,
    labels: fc.dictionary(word, word, { maxKeys: 4, noNullPrototype: true }),
    promote: fc.boolean(),
  });

const configuration: fc.Arbitrary<Configuration> = fc
  .uniqueArray(fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 6 })
  .chain((ids) =>
    record({
      members: fc.tuple(...ids.map(member)),
      voters: fc.subarray(ids, { minLength: 1 }),
      outgoing: fc.subarray(ids),
      learners: fc.subarray(ids),
      nextLearners: fc.subarray(ids),
      reaped: fc.uniqueArray(word, { maxLength: 3 }),
    }),
  );

const entryAt = (index: number, term: number): fc.Arbitrary<LogEntry> => {
  const head = { index: fc.constant(index), term: fc.constant(term), stampMs };
  return fc.oneof(
    record({ ...head, kind: fc.constant('command' as const), data: bytes }),
    record({ ...head, kind: fc.constant('noop' as const) }),
    record({ ...head, kind: fc.constant('configuration' as const), configuration }),
  );
};

const append: fc.Arbitrary<BodyOf<'append'> & { readonly term: number }> = record({
  prevIndex: fc.nat(2 ** 40),
  prevTerm: fc.nat(100),
  rises: fc.array(fc.nat(2), { maxLength: 6 }),
  commit: count,
}).chain(({ prevIndex, prevTerm, rises, commit }) => {
  const terms = rises.map(
    (_, at) => Math.max(1, prevTerm) + rises.slice(0, at + 1).reduce((sum, rise) => sum + rise, 0),
  );
  const entries = terms.map((term, at) => entryAt(prevIndex + 1 + at, term));
  return record({
    prevIndex: fc.constant(prevIndex),
    prevTerm: fc.constant(prevTerm),
    commit: fc.constant(commit),
    entries: fc.tuple(...entries) as fc.Arbitrary<LogEntry[]>,
    term: fc.nat(100).map((more) => Math.max(prevTerm, terms.at(-1) ?? 0) + more),
  });
});

const snapshot: fc.Arbitrary<SnapshotMeta> = record({
  id: fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
  index: positive,
  term: positive,
  stampMs,
  configuration,
  bytes: fc.nat(2 ** 30),
  back: fc.nat(3),
}).map(({ back, ...meta }) => ({ ...meta, configurationIndex: Math.max(0, meta.index - back) }));

const chunk: fc.Arbitrary<BodyOf<'snapshotChunk'>> = record({ snapshot, data: bytes, offset: fc.nat(2 ** 30) }).map(
  ({ snapshot, data, offset }) => ({
    snapshot: { ...snapshot, bytes: offset + data.length + snapshot.bytes },
    data,
    offset,
  }),
);

const index = count;
const [lastIndex, lastTerm, nextTerm, transfer, ticket] = [count, count, count, count, count];

/** One row for each kind: the compiler asks for the missing one. */
const BODIES: { readonly [K in Kind]: fc.Arbitrary<BodyOf<K> & { readonly term?: number }> } = {
  preVoteRequest: record({ nextTerm, lastIndex, lastTerm }),
  preVoteResponse: record({ nextTerm, granted: fc.boolean() }),
  voteRequest: record({ lastIndex, lastTerm, transfer: maybe(transfer) }),
  voteResponse: record({ granted: fc.boolean() }),
  append,
  appendAccepted: record({ matchIndex: index }),
  appendRejected: record({ prevIndex: index, conflictTerm: maybe(count), conflictIndex: index }),
  heartbeat: record({ round: count, commit: index, closedTransfers: count }),
  heartbeatAck: record({ round: count, standing: fc.constantFrom('ready' as const, 'lastResort' as const) }),
  stale: record({}),
  snapshotChunk: chunk,
  snapshotAck: record({ snapshotId: word, nextOffset: count, matchIndex: maybe(index) }),
  timeoutNow: record({ transfer }),
  readIndexRequest: record({ ticket }),
  readIndexResponse: record({ ticket, index: maybe(index) }),
  removed: record({ configurationIndex: index, reaped: fc.boolean() }),
};

export const MESSAGE_KINDS = Object.keys(BODIES) as readonly Kind[];

/** Any message of one kind that a correct node could send. */
export function messageOf(kind: Kind): fc.Arbitrary<RaftMessage> {
  const envelope = record({ from: word, to: word, term: count });
  return fc
    .tuple(envelope, BODIES[kind] as fc.Arbitrary<object>)
    .map(([head, body]) => ({ kind, ...head, ...body }) as unknown as RaftMessage);
}
