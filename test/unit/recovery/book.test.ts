import assert from 'node:assert/strict';
import { RecoveryBook, type RecoveryRecord } from '../../../internal/recovery/book.ts';
import type { RecoveryKind } from '../../../internal/recovery/kinds.ts';
import { FakeClock } from '../../support/fake-clock.ts';
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

const book = (record: RecoveryRecord) =>
  new RecoveryBook(WILLING_STORE, () => ({ blockMs: 1000 }), new FakeClock(0), [record]);

describe('what blocks an automatic recovery', () => {
  const intermediate = { kind: 'intermediatePrimary' } as const;
  const locked = { kind: 'lockedSemiSync', failed: key('a'), successor: key('a') } as const;
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
    ['a primary after a semi-sync repair', locked, ['a:3306', 'primary', 'a'], 500, false],
    ['a semi-sync repair after the opposite one', locked, ['a:3306', 'surplusSemiSync', 'a'], 500, false],
    ['a semi-sync repair after the same', locked, ['a:3306', 'lockedSemiSync', 'a'], 500, true],
    ['a group member after an intermediate one', intermediate, ['a:3306', 'groupMember', 'c'], 500, true],
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

describe('an attempt that failed, by clocks that are apart', () => {
  const RETRY_MS = 4_000;
  for (const [title, apartMs, loaded, holdsMs] of [
    ['heard of here', 0, false, RETRY_MS],
    ['by a node an hour ahead', 3_600_000, false, RETRY_MS],
    ['by a node an hour behind', -3_600_000, false, 0],
    ['by a node an hour ahead, of which this process has read at its start', 3_600_000, true, RETRY_MS],
    ['an hour ago, of which this process has read at its start', -3_600_000, true, 0],
  ] as const)
    it(`${title}: holds the next one back for ${holdsMs} ms`, async () => {
      const clock = new FakeClock();
      const { successor: _, ...failed } = past({ successful: false, harmless: true, endedMs: clock.nowMs() + apartMs });
      const records = new RecoveryBook(WILLING_STORE, () => ({ blockMs: 0 }), clock, loaded ? [failed] : []);
      if (!loaded) records.learn(failed);
      const holds = () => records.failedSince('a:3306', 'primary', clock.nowMs() - RETRY_MS) !== undefined;
      await clock.advance(Math.max(0, holdsMs - 1));
      assert.equal(holds(), holdsMs > 0);
      await clock.advance(1);
      assert.equal(holds(), false);
      await clock.advance(RETRY_MS);
      clock.setBy(-3_600_000);
      assert.equal(holds(), false);
    });
});

describe('who was replaced', () => {
  for (const [title, more, replaced] of [
    ['a primary that another one took over from', {}, true],
    ['one whose semi-sync replicas were set right', { kind: 'lockedSemiSync', successor: key('a') }, false],
    ['one that was made writable again', { kind: 'readOnlyPrimary', successor: key('a') }, false],
    ['an intermediate one', { kind: 'intermediatePrimary' }, false],
  ] as readonly (readonly [string, Partial<RecoveryRecord>, boolean])[])
    it(`${title}: ${replaced ? 'was' : 'was not'}`, () =>
      assert.equal(book(past(more)).replaced(key('a')) !== undefined, replaced));
});

describe('attempts that come to nothing for days', () => {
  it('do not fill the memory, and what came to something stays known', () => {
    const one = book(past({ uid: 'promotion' }));
    const { endedMs: __, ...open } = past({ uid: 'open', cluster: 'b:3306', successful: false, harmless: true });
    one.learn(open);
    for (let n = 0; n < 1_000; n += 1) {
      const { successor: _, ...futile } = past({ uid: `futile ${n}`, successful: false, harmless: true });
      one.learn(futile);
    }
    const uids = one.list().map(({ uid }) => uid);
    assert.equal(uids.length, 102);
    assert.deepEqual([uids[0], uids.at(-2), uids.at(-1)], ['futile 999', 'open', 'promotion']);
    assert.equal(one.replaced(key('a'))?.uid, 'promotion');
  });
});
