import assert from 'node:assert/strict';
import { DiskWatch } from '../../../../internal/raft/node/disk-watch.ts';

const MIB = 2 ** 20;

/** T is a second. */
function aWatch(minFreeBytes = 0) {
  const told: string[] = [];
  const world = { nowMs: 0, free: (1_000 * MIB) as number | Error };
  const watch = new DiskWatch({
    freeBytes: () => {
      if (world.free instanceof Error) throw world.free;
      return world.free;
    },
    nowMs: () => world.nowMs,
    minFreeBytes,
    electionTimeoutMs: 1_000,
    onConcern: (concern, present) => told.push(`${present ? '' : 'no '}${concern}`),
  });
  /** One write each second. */
  const writes = (...times: readonly number[]) => {
    for (const ms of times) {
      world.nowMs += 1_000;
      watch.synced(ms);
      watch.tick();
    }
    return told.splice(0).filter((word) => /slow/.test(word));
  };
  const room = (free: number | Error) => {
    world.nowMs += 5_000;
    world.free = free;
    watch.tick();
    return [told.splice(0).findLast((word) => /space/.test(word)), watch.low];
  };
  return { watch, world, writes, room };
}

describe('the watch over the disk', () => {
  it('calls it slow by what is usual in ten seconds, and quick again when it is twice as quick', () => {
    const { writes } = aWatch();
    assert.deepEqual(writes(5, 900, 5, 900, 5), [], 'a hiccup now and then');
    assert.deepEqual(writes(600, 600, 600, 600), ['slow']);
    assert.deepEqual(writes(400, 400, 400, 400, 400, 400, 400, 400, 400), []);
    assert.deepEqual(writes(9, 9, 9, 9, 9, 9, 9), ['no slow']);
  });

  it('calls it slow at once after a write of two election time-outs, until that is ten seconds ago', () => {
    const { watch, world, writes } = aWatch();
    assert.deepEqual(writes(2_000), ['slow']);
    assert.deepEqual(watch.reading, { freeBytes: undefined, syncMedianMs: 2_000, syncWorstMs: 2_000 });
    world.nowMs += 10_001;
    assert.deepEqual(writes(3), ['no slow']);
  });

  it('tells little room from hardly any', () => {
    const { room } = aWatch(256 * MIB);
    assert.deepEqual(room(300 * MIB), ['no space', false]);
    assert.deepEqual(room(255 * MIB), ['no space', true]);
    assert.deepEqual(room(63 * MIB), ['space', true]);
    assert.deepEqual(room(new Error('no such directory')), ['no space', false]);
  });
});
