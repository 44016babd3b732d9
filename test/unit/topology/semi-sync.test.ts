import assert from 'node:assert/strict';
import type { Instance } from '../../../internal/topology/instance.ts';
import { type SemiSyncAtStart, type SemiSyncMode, semiSyncAtStart } from '../../../internal/topology/semi-sync.ts';
import { anInstance, aReplica } from './builders.ts';

const SET = { ...anInstance(1).semiSync, available: true, waitForReplicaCount: 1 };
const source = anInstance(1, { semiSync: SET });

function replica(n: number, priority: number, more: Partial<typeof SET> = {}, rest: Partial<Instance> = {}): Instance {
  return { ...aReplica(n, ''), semiSync: { ...SET, ...more }, semiSyncPriority: priority, ...rest };
}
const on = { replicaEnabled: true };

describe('what a replica is set to before it starts', () => {
  for (const [title, mode, subject, others, expected] of [
    ['each one of a priority acknowledges', 'each', replica(2, 1), [replica(3, 2)], { replica: true }],
    [
      'but not one that must not lead',
      'each',
      replica(2, 1, on, { promotionRule: 'must_not' }),
      [],
      { replica: false },
    ],
    ['one of none stays as it is', 'each', replica(2, 0, on), [], {}],
    ['a source side that is on goes off', 'each', replica(2, 1, { ...on, sourceEnabled: true }), [], { source: false }],
    ['that of one without priority is not ours', 'each', replica(2, 0, { sourceEnabled: true }), [], {}],
    ['the first by priority, where the number is exact', 'exact', replica(2, 2), [replica(3, 1)], { replica: true }],
    ['nobody else, where the number is exact', 'exact', replica(2, 1, on), [replica(3, 2)], { replica: false }],
    ['nor one of no priority', 'exact', replica(2, 0, on), [], { replica: false }],
    ['as many as are missing', 'enough', replica(2, 1), [replica(3, 1)], { replica: true }],
    ['nobody more, where enough do', 'enough', replica(2, 2), [replica(3, 1, on)], {}],
    ['nobody is switched off, where enough do', 'enough', replica(2, 0, on), [replica(3, 1, on)], {}],
    ['nothing, where semi-sync is not installed', 'exact', replica(2, 1, { available: false }), [], {}],
  ] as readonly (readonly [string, SemiSyncMode, Instance, readonly Instance[], SemiSyncAtStart])[])
    it(`${title} (${mode})`, () =>
      assert.deepEqual(semiSyncAtStart(subject, source, [subject, ...others], mode), expected));
});
