import assert from 'node:assert/strict';
import { aliasByName, clusterDomain, suggestedAlias } from '../../../internal/discovery/cluster-labels.ts';
import type { Instance, WatchedInstance } from '../../../internal/topology/instance.ts';
import { anInstance, aReplication } from '../topology/builders.ts';

const member = (n: number, instance: Partial<Instance>, valid = true): WatchedInstance => ({
  instance: anInstance(n, instance),
  lastCheckedMs: 1,
  lastAttemptedMs: 1,
  lastSeenMs: 1,
  valid,
  partialSuccess: true,
  lastError: '',
  errantGtid: '',
});
const replicas = [{ hostname: 'x', port: 1 }];

describe('the alias of a cluster', () => {
  for (const [title, members, expected] of [
    ['nobody proposes one', [member(1, {})], undefined],
    [
      'the writable one wins',
      [
        member(1, { suggestedClusterAlias: 'a', replicaKeys: replicas }),
        member(2, { suggestedClusterAlias: 'b', readOnly: false }),
      ],
      'b',
    ],
    [
      'validity comes first',
      [member(1, { suggestedClusterAlias: 'a' }), member(2, { suggestedClusterAlias: 'b', readOnly: false }, false)],
      'a',
    ],
    [
      'then the number of replicas',
      [member(1, { suggestedClusterAlias: 'a' }), member(2, { suggestedClusterAlias: 'b', replicaKeys: replicas })],
      'b',
    ],
  ] as const) {
    it(title, () => assert.equal(suggestedAlias(members), expected));
  }
  it('by pattern: the first of the file that matches', () => {
    assert.equal(aliasByName({ '': 'blank', '(': 'broken', '^db9': 'nine', '(?i)DB': 'any' }, 'db1:3306'), 'any');
    assert.equal(aliasByName({ '^x': 'x' }, 'db1:3306'), undefined);
  });
});

describe('the domain of a cluster', () => {
  it('is what its top says, else what anybody says', () => {
    const below = member(2, { clusterDomain: 'b', replication: aReplication() });
    assert.equal(clusterDomain([below, member(1, { clusterDomain: 'a' })]), 'a');
    assert.equal(clusterDomain([below, member(1, {})]), 'b');
    assert.equal(clusterDomain([member(1, {})]), '');
  });
});
