import assert from 'node:assert/strict';
import { RecoveryBook, type RecoveryRecord } from '../../../internal/recovery/book.ts';

const key = (hostname: string) => ({ hostname, port: 3306 });
const store = { opened: async () => {}, closed: async () => {}, acknowledged: async () => {} };
const recovery = (failed: string, successor: string, more: Partial<RecoveryRecord> = {}): RecoveryRecord => ({
  uid: `${failed}-${successor}`,
  kind: 'primary',
  code: 'DeadMaster',
  failed: key(failed),
  cluster: 'app',
  alias: 'app',
  startedMs: 1,
  endedMs: 2,
  successful: true,
  successor: key(successor),
  lost: [],
  participants: [],
  errors: [],
  harmless: false,
  ...more,
});

describe('the book of recoveries', () => {
  const cases: readonly (readonly [string, readonly RecoveryRecord[], string | undefined])[] = [
    ['never replaced', [recovery('b', 'c')], undefined],
    ['replaced', [recovery('a', 'b')], 'a-b'],
    ['replaced, then its successor too', [recovery('b', 'c'), recovery('a', 'b')], 'a-b'],
    ['replaced, and back in the lead since', [recovery('b', 'a'), recovery('a', 'b')], undefined],
    ['replaced again since', [recovery('a', 'c'), recovery('b', 'a'), recovery('a', 'b')], 'a-c'],
    ['not replaced by an attempt that failed', [recovery('a', 'b', { successful: false })], undefined],
    ['an intermediate primary', [recovery('a', 'b', { kind: 'intermediatePrimary' })], undefined],
  ];
  for (const [title, newestFirst, uid] of cases) {
    it(`tells whether a server gave its place to another one: ${title}`, () => {
      const book = new RecoveryBook(store, () => ({ blockMs: 0 }) as never, newestFirst);
      assert.equal(book.replaced(key('a'))?.uid, uid);
    });
  }
});
