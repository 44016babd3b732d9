import assert from 'node:assert/strict';
import type { ClusterSnapshot } from '../../../internal/topology/cluster.ts';
import { clusterOfAlias } from '../../../internal/topology/cluster-choice.ts';
import type { WatchedInstance } from '../../../internal/topology/instance.ts';
import { anInstance } from './builders.ts';

interface Top {
  readonly valid?: boolean;
  readonly readOnly?: boolean;
  readonly lost?: boolean;
  readonly members?: number;
  readonly alias?: string;
}

function aCluster(
  name: string,
  { valid = true, readOnly = false, lost = false, members = 1, alias = 'shop' }: Top,
): ClusterSnapshot {
  const member = (n: number): WatchedInstance => ({
    instance: anInstance(n, { key: { hostname: name, port: n }, readOnly }),
    lastCheckedMs: 1,
    lastAttemptedMs: 1,
    lastSeenMs: 1,
    valid,
    partialSuccess: valid,
    lastError: '',
    errantGtid: '',
  });
  const all = Array.from({ length: members }, (_, index) => member(index + 1));
  const downtime = { owner: 'orchestrator', reason: lost ? 'lost-in-recovery' : 'disk', beginMs: 0, endMs: 9 };
  return {
    name,
    alias,
    domain: '',
    takenAtMs: 1,
    members: all,
    downtimes: new Map(all.map(({ instance }) => [`${name}:${instance.key.port}`, downtime])),
    maintenance: new Set(),
  };
}

describe('the cluster that an alias means', () => {
  for (const [what, worse, better] of [
    ['not what a recovery left behind, though it takes writes', { lost: true, members: 3 }, { readOnly: true }],
    ['the one that takes writes', { readOnly: true, members: 3 }, {}],
    ['one whose primary answers', { valid: false }, {}],
    ['the larger one', {}, { members: 2 }],
    ['the one that is called so', { alias: 'other', members: 2 }, {}],
  ] as const) {
    it(`is ${what}`, () => {
      const [a, b] = [aCluster('a', worse), aCluster('b', better)];
      assert.equal(clusterOfAlias([a, b], 'shop')?.name, 'b');
      assert.equal(clusterOfAlias([b, a], 'shop')?.name, 'b');
    });
  }

  it('may be none', () => assert.equal(clusterOfAlias([aCluster('a', {})], 'a'), undefined));
});
