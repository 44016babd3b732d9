import assert from 'node:assert/strict';
import { RecoveryBook, type RecoveryKind, type RecoveryRecord } from '../../../internal/recovery/book.ts';
import { WILLING_STORE } from '../../support/office.ts';

const key = (hostname: string) => ({ hostname, port: 3306 });
const past = (more: Partial<RecoveryRecord>): RecoveryRecord => ({
  uid: 'r1',
  kind: 'primary',
  code: 'DeadMaster',
  failed: key('a'),
  cluster: 'a:3306',
  alias: '',
  startedMs: 0,
  endedMs: 10,
  successful: true,
  successor: key('b'),
  lost: [],
  participants: [],
  errors: [],
  harmless: false,
  ...more,
});

const book = (record: RecoveryRecord) => new RecoveryBook(WILLING_STORE, () => ({ blockMs: 1000 }), [record]);

describe('what blocks an automatic recovery', () => {
  const intermediate = { kind: 'intermediatePrimary' } as const;
  for (const [title, record, [cluster, kind, failed], nowMs, blocks] of [
    ['one of the same cluster', {}, ['a:3306', 'primary', 'c'], 999, true],
    ['one of the same cluster, long ago', {}, ['a:3306', 'primary', 'c'], 1000, false],
    ['one that promoted the server that failed now', {}, ['b:3306', 'primary', 'b'], 500, true],
    ['one of another cluster', {}, ['x:3306', 'primary', 'x'], 500, false],
    ['one that changed nothing', { harmless: true }, ['a:3306', 'primary', 'a'], 500, false],
    [
      'an acknowledged one',
      { acknowledged: { by: 'x', comment: 'y', atMs: 1 } },
      ['a:3306', 'primary', 'c'],
      500,
      false,
    ],
    ['a co-primary after a primary', {}, ['a:3306', 'coPrimary', 'c'], 500, true],
    ['a primary after an intermediate one', intermediate, ['a:3306', 'primary', 'a'], 500, false],
    ['a primary below which orphans were put', intermediate, ['b:3306', 'primary', 'b'], 500, false],
    ['an intermediate one after a primary', {}, ['a:3306', 'intermediatePrimary', 'c'], 500, false],
    ['an intermediate one after another', intermediate, ['a:3306', 'intermediatePrimary', 'c'], 500, true],
  ] as readonly (readonly [
    string,
    Partial<RecoveryRecord>,
    readonly [string, RecoveryKind, string],
    number,
    boolean,
  ])[]) {
    it(`${title}: ${blocks ? 'blocks' : 'does not block'}`, () => {
      assert.equal(book(past(record)).blocking(cluster, kind, key(failed), nowMs) !== undefined, blocks);
    });
  }
});
