import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  compareSortKeys,
  decodeCursor,
  encodeCursor,
  pageOf,
  type SortKey,
} from '../../../../internal/http/v2/paging.ts';

const keyOf = (key: SortKey) => key;
const aKey = fc.tuple(fc.string(), fc.integer());

/** All pages one after the other. */
function paged(keys: readonly SortKey[], limit: number, newestFirst: boolean): readonly SortKey[] {
  const all: SortKey[] = [];
  let after: SortKey | undefined;
  for (;;) {
    const { items, nextCursor } = pageOf('l', keys, keyOf, { limit, after, newestFirst });
    assert.ok(items.length <= limit);
    all.push(...items);
    if (nextCursor === null) return all;
    after = decodeCursor('l', nextCursor);
  }
}

describe('pages of a list', () => {
  it('hold each entry once, in order, whatever their size', () => {
    const lists = fc.uniqueArray(aKey, { selector: (key) => JSON.stringify(key), maxLength: 30 });
    fc.assert(
      fc.property(lists, fc.integer({ min: 1, max: 10 }), fc.boolean(), (keys, limit, newestFirst) => {
        const sorted = [...keys].sort(compareSortKeys);
        assert.deepEqual(paged(keys, limit, newestFirst), newestFirst ? sorted.reverse() : sorted);
      }),
    );
  });

  it('neither repeat nor hide an entry when others come and go between them', () => {
    const before: SortKey[] = [['a'], ['c'], ['e'], ['g']];
    const first = pageOf('l', before, keyOf, { limit: 2, after: undefined });
    assert.deepEqual(first.items, [['a'], ['c']]);
    const meanwhile: SortKey[] = [['b'], ['d'], ['e'], ['g']];
    const after = decodeCursor('l', first.nextCursor ?? '');
    assert.deepEqual(pageOf('l', meanwhile, keyOf, { limit: 9, after }).items, [['d'], ['e'], ['g']]);
  });

  it('have cursors that are good for their list alone', () => {
    const cursor = encodeCursor('listInstances', ['db1', 3306]);
    assert.deepEqual(decodeCursor('listInstances', cursor), ['db1', 3306]);
    for (const bad of [cursor.slice(2), '', 'e30', Buffer.from('["listInstances",{}]').toString('base64url')])
      assert.throws(() => decodeCursor('listInstances', bad), { name: 'Refused' }, bad);
    assert.throws(() => decodeCursor('listClusters', cursor), { name: 'Refused' });
  });
});
