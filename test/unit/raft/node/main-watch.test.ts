import assert from 'node:assert/strict';
import { processMs, SharedLease } from '../../../../internal/raft/node/lease.ts';
import { MainWatch } from '../../../../internal/raft/node/main-watch.ts';
import { Standings } from '../../../../internal/raft/node/standing.ts';

const LEASE_MS = 700;
const TICK_MS = 50;

describe('the watch over the main thread', () => {
  it('finds it stuck after a lease without a sign, and well at the next one', () => {
    const watch = new MainWatch(LEASE_MS, TICK_MS, 0);
    const stuckAt = Array.from({ length: 20 }, (_, at) => (at + 1) * TICK_MS).find((nowMs) => watch.tick(nowMs));
    assert.equal(stuckAt, LEASE_MS + TICK_MS);
    watch.heard();
    assert.equal(watch.tick(stuckAt + TICK_MS), false);
  });

  it('does not hold against it the time in which the whole process stood still', () => {
    const watch = new MainWatch(LEASE_MS, TICK_MS, 0);
    watch.tick(TICK_MS);
    assert.equal(watch.tick(60_000), false);
  });
});

describe('a lease that threads share', () => {
  it('runs until its instant, for all who have its buffer, and can be given up', () => {
    const lease = new SharedLease();
    const same = new SharedLease(lease.buffer);
    assert.equal(same.runs(), false);
    lease.set(processMs() + 60_000);
    assert.equal(same.runs(), true);
    lease.set(processMs() - 1);
    assert.equal(same.runs(), false);
    lease.set(processMs() + 60_000);
    lease.set(undefined);
    assert.equal(same.runs(), false);
  });
});

describe('the standing of a node', () => {
  it('is that of the last resort while there is any concern', () => {
    const standings = new Standings();
    assert.equal(standings.set('disk', true), true);
    assert.equal(standings.set('main', true), false);
    assert.deepEqual(standings.concerns, ['disk', 'main']);
    assert.equal(standings.set('disk', false), false);
    assert.equal(standings.standing, 'lastResort');
    assert.equal(standings.set('main', false), true);
    assert.equal(standings.standing, 'ready');
  });
});
