import assert from 'node:assert/strict';
import { Counters } from '../../../internal/metrics/counters.ts';
import { Recent } from '../../../internal/metrics/recent.ts';
import { Samples } from '../../../internal/metrics/samples.ts';

describe('samples', () => {
  it('hold what is young enough, and no more than so many, however many came', () => {
    const limits = { keptMs: 100, most: 30 };
    const samples = new Samples<number>({ keptMs: () => limits.keptMs, most: () => limits.most });
    const all: number[] = [];
    for (let at = 0; at < 2_000; at += 1) {
      samples.add(at * 7, at);
      all.push(at);
      const nowMs = at * 7 + 3;
      for (const windowMs of [0, 3, 50, 1_000])
        assert.deepEqual(
          samples.within(windowMs, nowMs),
          all.filter((one) => one * 7 >= nowMs - Math.min(windowMs, limits.keptMs)).slice(-limits.most),
          `${at} ${windowMs}`,
        );
      if (at === 1_000) Object.assign(limits, { keptMs: 1_000, most: 5 }); // a reload
    }
  });
});

describe('the last while', () => {
  it('is kept for as long as the configuration says, the queue for as many samples', () => {
    let nowMs = 0;
    const recent = new Recent({ keptMs: 10_000, queueSamples: 3 }, { nowMs: () => nowMs });
    for (let at = 0; at < 20; at += 1) {
      nowMs = at * 1000;
      recent.discovered({ hostname: `db${at}`, port: 3306 }, at % 2 === 0, at);
      recent.queued('DEFAULT', { active: at, queued: 0 });
      recent.wrote({ instances: at, waitMs: 0, executeMs: 1, ok: true });
    }
    assert.deepEqual(
      recent.discoveries(2).map(({ key, ok }) => [key.hostname, ok]),
      [
        ['db17', false],
        ['db18', true],
        ['db19', false],
      ],
    );
    assert.equal(recent.discoveries(3600).length, 11);
    assert.equal(recent.writes(3600).length, 11);
    assert.deepEqual(
      recent.queue('DEFAULT', 3600).map(({ active }) => active),
      [17, 18, 19],
    );
    assert.deepEqual(recent.queue('DEADINSTANCES', 3600), []);
  });
});

describe('counters under the old names', () => {
  it('are all there, in order, with what was counted', () => {
    const counters = new Counters();
    counters.add('discoveries.attempt');
    counters.add('discoveries.attempt');
    counters.recovered('primary', true);
    counters.recovered('intermediatePrimary', false);
    const now = {
      ...{
        'discoveries.dead_instances': 1,
        'discoveries.dead_instances_queue_length': 0,
        'discoveries.queue_length': 0,
      },
      ...{ 'discoveries.recent_count': 9, 'elect.is_elected': 1, 'health.is_healthy': 1, 'raft.is_healthy': 0 },
      ...{ 'raft.is_leader': 0, 'recover.pending': 0 },
    };
    const all = counters.all(now);
    const names = Object.keys(all);
    assert.deepEqual(names, names.toSorted());
    assert.equal(names.length, 28 + 12);
    assert.equal(all['discoveries.attempt'], 2);
    assert.equal(all['recover.dead_master.success'], 1);
    assert.equal(all['recover.dead_intermediate_master.fail'], 1);
    assert.equal(all['recover.dead_intermediate_master.success'], 0);
    assert.equal(all['discoveries.recent_count'], 9);
    assert.ok(Object.values(all).every(Number.isInteger));
  });
});
