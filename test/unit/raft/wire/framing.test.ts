import assert from 'node:assert/strict';
import fc from 'fast-check';
import { WireFault } from '../../../../internal/raft/wire/fault.ts';
import { type Channel, type Frame, FrameReader, frame } from '../../../../internal/raft/wire/framing.ts';
import { ChecksumSeal, type Seal, SecretSeal, UNSEALED } from '../../../../internal/raft/wire/seal.ts';
import { aSecret } from '../../../support/raft-identity.ts';

const LIMIT = 1000;
const SEALS: Readonly<Record<string, () => Seal>> = {
  'without a seal': () => UNSEALED,
  'with checksums': () => new ChecksumSeal(),
  'with keys': () => new SecretSeal(aSecret('key')),
};

/** Frames that come out when `bytes` arrive in pieces that end at `cuts`. */
function readAll(bytes: Buffer, seal: Seal, cuts: readonly number[] = []): readonly Frame[] {
  const reader = new FrameReader(LIMIT);
  reader.expect(LIMIT, seal);
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const found: Frame[] = [];
  let begin = 0;
  for (const end of [...ends, bytes.length]) {
    reader.push(bytes.subarray(begin, end));
    begin = end;
    for (let next = reader.next(); next !== undefined; next = reader.next()) found.push(next);
  }
  assert.equal(reader.partial, false, 'nothing is left over');
  return found;
}

const asBytes = (parts: readonly Uint8Array[]) => Buffer.concat(parts);

describe('frames', () => {
  const payloads = fc.array(
    fc.tuple(fc.constantFrom<Channel>('consensus', 'snapshots', 'link'), fc.uint8Array({ maxLength: 300 })),
    {
      maxLength: 6,
    },
  );
  for (const [title, newSeal] of Object.entries(SEALS))
    it(`come out as they went in, in whatever pieces they arrive, ${title}`, () => {
      const check = fc.property(payloads, fc.array(fc.nat(), { maxLength: 12 }), (sent, cuts) => {
        const out = newSeal();
        const bytes = asBytes(sent.flatMap(([channel, payload]) => frame(channel, payload, out)));
        const arrived = readAll(bytes, newSeal(), cuts);
        assert.deepEqual(
          arrived.map(({ channel, payload }) => [channel, new Uint8Array(payload)]),
          sent.map(([channel, payload]) => [channel, new Uint8Array(payload)]),
        );
      });
      fc.assert(check, { numRuns: 200, seed: 11 });
    });

  it('are refused by their announced length alone', () => {
    const reader = new FrameReader(LIMIT);
    reader.push(Buffer.from([0xff, 0xff, 0xff, 0xff]));
    assert.throws(() => reader.next(), { kind: 'tooLarge', message: /4294967295 bytes .* at most 1000/ });
  });

  it('may be as large as the limit and no larger', () => {
    for (const [length, fits] of [
      [LIMIT, true],
      [LIMIT + 1, false],
    ] as const) {
      const bytes = asBytes(frame('consensus', new Uint8Array(length), new SecretSeal(aSecret('key'))));
      const read = () => readAll(bytes, new SecretSeal(aSecret('key')));
      if (fits) assert.equal(read()[0]?.payload.length, length);
      else assert.throws(read, { kind: 'tooLarge' });
    }
  });

  const broken: readonly (readonly [what: string, bytes: readonly number[], seal: Seal])[] = [
    ['no room for a channel', [0, 0, 0, 0], UNSEALED],
    ['no room for the tag', [0, 0, 0, 5, 2, 1, 1, 1, 1], new SecretSeal(aSecret('key'))],
    ['an unknown channel', [0, 0, 0, 2, 99, 1], UNSEALED],
  ];
  for (const [what, bytes, seal] of broken)
    it(`are refused with ${what}`, () => assert.throws(() => readAll(Buffer.from(bytes), seal), { kind: 'malformed' }));

  /** Three frames under one key, rearranged on the way. */
  const rearranged: readonly (readonly [what: string, order: readonly number[]])[] = [
    ['repeated', [0, 0]],
    ['left out', [1]],
    ['exchanged', [1, 0]],
    ['repeated later', [0, 1, 0]],
  ];
  for (const [what, order] of rearranged)
    it(`that are ${what} do not match under a key`, () => {
      const seal = new SecretSeal(aSecret('key'));
      const frames = ['a', 'b', 'c'].map((text) => asBytes(frame('consensus', Buffer.from(text), seal)));
      const bytes = Buffer.concat(order.map((at) => frames[at]!));
      assert.throws(() => readAll(bytes, new SecretSeal(aSecret('key'))), { kind: 'forged' });
    });

  for (const title of ['with checksums', 'with keys'] as const)
    it(`do not match when any bit was changed, ${title}`, () => {
      const newSeal = SEALS[title]!;
      const bytes = asBytes(frame('consensus', Buffer.from('vote for me'), newSeal()));
      for (let bit = 8 * 4; bit < 8 * bytes.length; bit += 1) {
        const changed = Buffer.from(bytes);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        assert.throws(() => readAll(changed, newSeal()), { kind: 'forged' }, `bit ${bit}`);
      }
    });

  it('of another direction or connection do not match', () => {
    const bytes = asBytes(frame('consensus', Buffer.from('x'), new SecretSeal(aSecret('key'))));
    assert.throws(() => readAll(bytes, new SecretSeal(aSecret('other key'))), { kind: 'forged' });
  });

  it('meet random bytes with one error and nothing else', () => {
    const check = fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (bytes, short) => {
      const head = short ? Buffer.from([0, 0, 0, bytes.length % 40]) : Buffer.alloc(0);
      for (const newSeal of Object.values(SEALS))
        try {
          const reader = new FrameReader(LIMIT);
          reader.expect(LIMIT, newSeal());
          reader.push(Buffer.concat([head, bytes]));
          while (reader.next() !== undefined);
        } catch (error) {
          assert(error instanceof WireFault);
        }
    });
    fc.assert(check, { numRuns: 5000, seed: 12 });
  });
});
