import assert from 'node:assert/strict';
import { sampleQueues } from '../../../internal/app/queue-samples.ts';
import { defaultConfig } from '../../../internal/config/load.ts';
import type { Observer } from '../../../internal/discovery/observer.ts';
import { Recent } from '../../../internal/metrics/recent.ts';
import { partial } from '../../support/partial.ts';

describe('samples of the queues of probes', () => {
  const observer = { load: () => ({ others: { active: 1, queued: 2 }, failing: { active: 3, queued: 4 } }) };
  for (const [places, living, dead] of [
    [0, [{ active: 4, queued: 6 }], []],
    [7, [{ active: 1, queued: 2 }], [{ active: 3, queued: 4 }]],
  ] as const)
    it(`tell failed servers apart where DeadInstanceDiscoveryMaxConcurrency is ${places}`, () => {
      const recent = new Recent({ keptMs: 1_000, queueSamples: 5 }, { nowMs: () => 0 });
      const config = { ...defaultConfig(), DeadInstanceDiscoveryMaxConcurrency: places };
      sampleQueues(partial<Observer>(observer), recent, config);
      assert.deepEqual([recent.queue('DEFAULT', 1), recent.queue('DEADINSTANCES', 1)], [living, dead]);
    });
});
