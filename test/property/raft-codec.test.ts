import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeMessage, encodeMessage } from '../../internal/raft/wire/codec.ts';
import { WireFault } from '../../internal/raft/wire/fault.ts';
import { MESSAGE_KINDS, messageOf } from '../support/raft-messages.ts';

const anyMessage = fc.constantFrom(...MESSAGE_KINDS).chain(messageOf);

/** Decodes, or throws the one error; what it decodes to must be a message that encodes again. */
function decodesOrFaults(bytes: Uint8Array): void {
  try {
    encodeMessage(decodeMessage(bytes));
  } catch (error) {
    assert(error instanceof WireFault, `threw ${String(error)}`);
    assert.equal(error.kind, 'malformed');
  }
}

describe('the codec of messages between nodes', () => {
  for (const kind of MESSAGE_KINDS)
    it(`brings back every ${kind}`, () => {
      const returns = fc.property(messageOf(kind), (message) => {
        const bytes = encodeMessage(message);
        assert.deepStrictEqual(decodeMessage(bytes), message);
        assert.deepEqual(encodeMessage(decodeMessage(bytes)), bytes);
      });
      fc.assert(returns, { numRuns: 200, seed: 20_260 });
    });

  it('keeps no hold on the bytes that a message was read from', () => {
    const data = new Uint8Array([1, 2, 3]);
    const bytes = encodeMessage({
      ...{ kind: 'append', from: 'a', to: 'b', term: 1, prevIndex: 0, prevTerm: 0, commit: 0 },
      entries: [{ kind: 'command', index: 1, term: 1, stampMs: 5, data }],
    });
    const read = decodeMessage(bytes);
    bytes.fill(0xff);
    assert(read.kind === 'append' && read.entries[0]?.kind === 'command');
    assert.deepEqual(read.entries[0].data, data);
    assert.equal(read.entries[0].data.buffer.byteLength, 3);
  });

  it('refuses every message cut short or with bytes behind it', () => {
    const cut = fc.property(
      anyMessage,
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (message, where) => {
        const bytes = encodeMessage(message);
        const refused = { name: 'WireFault', kind: 'malformed' };
        assert.throws(() => decodeMessage(bytes.subarray(0, Math.floor(where * bytes.length))), refused);
        assert.throws(() => decodeMessage(Buffer.concat([bytes, Buffer.alloc(1)])), refused);
      },
    );
    fc.assert(cut, { numRuns: 2000, seed: 4 });
  });

  it('meets random bytes with one error and nothing else', () => {
    const random = fc.tuple(fc.nat(18), fc.uint8Array({ maxLength: 200 }));
    const check = fc.property(random, ([kind, bytes]) => {
      decodesOrFaults(bytes);
      decodesOrFaults(Buffer.concat([Buffer.from([1, kind]), bytes]));
    });
    fc.assert(check, { numRuns: 10_000, seed: 5 });
  });

  it('meets changed messages with one error, or reads another message', () => {
    const originals = fc.sample(anyMessage, { numRuns: 400, seed: 6 }).map(encodeMessage);
    const change = fc.record({ at: fc.nat(), by: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255)) });
    const changes = fc.sample(fc.array(change, { minLength: 1, maxLength: 4 }), { numRuns: 100, seed: 7 });
    for (const original of originals)
      for (const some of changes) {
        const bytes = Buffer.from(original);
        for (const { at, by } of some) bytes[at % bytes.length] = by;
        decodesOrFaults(bytes);
      }
  });

  it('allocates nothing for what a message only claims to hold', () => {
    const claims = [
      Buffer.from([1, 5, 0, 0, 0, 0, ...Array(32).fill(0), 0xff, 0xff]), // an append of 65,535 entries
      Buffer.from([1, 1, 0xff, 0xff]), // a sender's name of 65,535 bytes
    ];
    for (const bytes of claims) assert.throws(() => decodeMessage(bytes), { name: 'WireFault', kind: 'malformed' });
  });

  const nonsense: readonly (readonly [what: string, message: Parameters<typeof encodeMessage>[0]])[] = [
    ['a gap between entries', append([1, 3], [1, 1])],
    ['terms that fall', append([1, 2], [2, 1])],
    ['an entry of a later term than its sender', append([1], [9])],
    ['an entry that does not follow on the one before', append([2], [1])],
    ['an empty configuration', withConfiguration([], [])],
    ['a voter that is no member', withConfiguration(['a'], ['b'])],
    ['a member twice', withConfiguration(['a', 'a'], ['a'])],
    ['a voter twice', withConfiguration(['a'], ['a', 'a'])],
  ];
  for (const [what, message] of nonsense)
    it(`refuses ${what}`, () =>
      assert.throws(() => decodeMessage(encodeMessage(message)), { name: 'WireFault', kind: 'malformed' }));
});

function append(indexes: readonly number[], terms: readonly number[]): Parameters<typeof encodeMessage>[0] {
  const entries = indexes.map((index, at) => ({ kind: 'noop' as const, index, term: terms[at] ?? 0, stampMs: 0 }));
  return { kind: 'append', from: 'a', to: 'b', term: 5, prevIndex: 0, prevTerm: 0, commit: 0, entries };
}

function withConfiguration(ids: readonly string[], voters: readonly string[]): Parameters<typeof encodeMessage>[0] {
  const members = ids.map((id) => ({ id, node: id, incarnation: '', address: '', labels: {}, promote: false }));
  const configuration = { members, voters, outgoing: [], learners: [], nextLearners: [], reaped: [] };
  const entries = [{ kind: 'configuration' as const, index: 1, term: 1, stampMs: 0, configuration }];
  return { kind: 'append', from: 'a', to: 'b', term: 5, prevIndex: 0, prevTerm: 0, commit: 0, entries };
}
