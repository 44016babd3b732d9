import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GtidSet } from '../../internal/topology/gtid-set.ts';

const UUIDS = ['11111111-1111-1111-1111-111111111111', '22222222-2222-2222-2222-222222222222'];
const LARGEST = 24;

const entry = fc
  .record({
    uuid: fc.constantFrom(...UUIDS),
    tag: fc.constantFrom('', 'a', 'b_1'),
    first: fc.integer({ min: 1, max: LARGEST }),
    length: fc.integer({ min: 0, max: 6 }),
  })
  .map(({ uuid, tag, first, length }) => ({ uuid, tag, first, last: Math.min(first + length, LARGEST) }));
const entries = fc.array(entry, { maxLength: 14 });
type Entries = readonly { uuid: string; tag: string; first: number; last: number }[];

function fast(list: Entries): GtidSet {
  const words = list.map(({ uuid, tag, first, last }) => `${uuid}${tag === '' ? '' : `:${tag}`}:${first}-${last}`);
  return GtidSet.parse(words.join(',\n'));
}

/** The slow twin: one text `uuid:tag:n` per transaction. */
function slow(list: Entries): Set<string> {
  const all = new Set<string>();
  for (const { uuid, tag, first, last } of list) for (let n = first; n <= last; n += 1) all.add(`${uuid}:${tag}:${n}`);
  return all;
}

function spelled(set: GtidSet): string[] {
  const all: string[] = [];
  for (const part of set.toString().split(',')) {
    const [uuid = '', ...words] = part.split(':');
    let tag = '';
    for (const word of words) {
      const [first, last = first] = word.split('-').map(Number);
      if (Number.isNaN(first)) tag = word;
      else for (let n = first ?? 0; n <= (last ?? 0); n += 1) all.push(`${uuid}:${tag}:${n}`);
    }
  }
  return all.sort();
}

describe('GtidSet against a set of texts', () => {
  for (const seed of [1, 42, 20_240_501]) {
    it(`agrees on every operation (seed ${seed})`, () => {
      const agrees = (left: Entries, right: Entries) => {
        const [a, b, x, y] = [fast(left), fast(right), slow(left), slow(right)];
        assert.deepEqual(spelled(a), [...x].sort());
        assert.deepEqual(spelled(a.union(b)), [...new Set([...x, ...y])].sort());
        assert.deepEqual(spelled(a.subtract(b)), [...x].filter((one) => !y.has(one)).sort());
        assert.deepEqual(spelled(a.intersect(b)), [...x].filter((one) => y.has(one)).sort());
        const contains = [...y].every((one) => x.has(one));
        assert.equal(a.contains(b), contains);
        assert.equal(a.equals(b), contains && x.size === y.size);
        assert.equal(a.count(), BigInt(x.size));
        assert.equal(a.isEmpty, x.size === 0);
        assert.deepEqual(a.uuids(), [...new Set([...x].map((one) => one.slice(0, 36)))].sort());
        const rest = [...x].filter((one) => !one.startsWith(UUIDS[0] ?? ''));
        assert.deepEqual(spelled(a.withoutUuids(UUIDS.slice(0, 1))), rest.sort());
      };
      fc.assert(fc.property(entries, entries, agrees), { seed, numRuns: 400 });
    });
    it(`prints equal sets alike, and reads back what it prints (seed ${seed})`, () => {
      const stable = (list: Entries) => {
        const set = fast(list);
        assert.equal(fast([...list].reverse()).toString(), set.toString());
        assert.ok(GtidSet.parse(set.toString()).equals(set));
        assert.ok(set.subtract(set).equals(GtidSet.EMPTY));
      };
      fc.assert(fc.property(entries, stable), { seed, numRuns: 200 });
    });
  }
});
