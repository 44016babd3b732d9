import assert from 'node:assert/strict';
import {
  belowOf,
  type ClusterSnapshot,
  clusterNames,
  depthOf,
  primariesOf,
} from '../../../internal/topology/cluster.ts';
import type { GroupMembership, Instance } from '../../../internal/topology/instance.ts';
import { aSnapshot } from '../../support/a-cluster.ts';
import { anInstance, aReplica } from './builders.ts';

const key = (n: number) => ({ hostname: `h${n}`, port: 3306 });

/** A member of the group of h1, h2 and h3, with whom it takes for the primary. */
function member(n: number, primary: number, more: Partial<GroupMembership> = {}): Instance {
  const role = n === primary ? 'PRIMARY' : 'SECONDARY';
  const group = { name: 'g', state: 'ONLINE', role, members: [key(1), key(2), key(3)], primary: key(primary), ...more };
  return anInstance(n, { readOnly: n !== primary, group });
}
const below = (n: number, source: number) => aReplica(n, '', '', { replication: { source: key(source) } });
const snapshotOf = (instances: readonly Instance[], name: string): ClusterSnapshot => aSnapshot(instances, [], name);

/** Cluster and depth of each server. */
function places(instances: readonly Instance[]): readonly string[] {
  const names = clusterNames(instances);
  return instances.map((instance) => {
    const name = names.get(`${instance.key.hostname}:3306`) ?? '';
    const snapshot = snapshotOf(instances, name);
    return `${instance.key.hostname} in ${name.replace(':3306', '')} at ${depthOf(snapshot, instance)}`;
  });
}

describe('where members of a replication group stand', () => {
  for (const [title, instances, expected] of [
    [
      'below their primary, their replicas below them',
      [member(1, 1), member(2, 1), member(3, 1), below(4, 2)],
      ['h1 in h1 at 0', 'h2 in h1 at 1', 'h3 in h1 at 1', 'h4 in h1 at 2'],
    ],
    [
      'a primary that died takes itself for it still: most members say who is',
      [member(1, 1), member(2, 2), member(3, 2), below(4, 1)],
      ['h1 in h2 at 1', 'h2 in h2 at 0', 'h3 in h2 at 1', 'h4 in h2 at 2'],
    ],
    [
      'a group that follows somebody itself',
      [{ ...below(1, 9), group: member(1, 1).group }, member(2, 1), anInstance(9)],
      ['h1 in h9 at 1', 'h2 in h9 at 2', 'h9 in h9 at 0'],
    ],
    [
      'one that does not see a primary goes by what the others say',
      [member(1, 1), member(2, 1, { state: 'ERROR', primary: undefined })],
      ['h1 in h1 at 0', 'h2 in h1 at 1'],
    ],
    [
      'one that left the group stands alone',
      [member(1, 1), member(2, 1, { state: 'OFFLINE' })],
      ['h1 in h1 at 0', 'h2 in h2 at 0'],
    ],
  ] as readonly (readonly [string, readonly Instance[], readonly string[]])[])
    it(title, () => assert.deepEqual(places(instances), expected));

  it('only the primary leads, and the others are drawn below it', () => {
    const snapshot = snapshotOf([member(1, 1), member(2, 1), member(3, 1), below(4, 1)], 'h1:3306');
    const hosts = (found: ReturnType<typeof belowOf>) => found.map(({ instance }) => instance.key.hostname);
    assert.deepEqual(hosts(primariesOf(snapshot)), ['h1']);
    assert.deepEqual(hosts(belowOf(snapshot, key(1))), ['h2', 'h3', 'h4']);
  });
});
