import assert from 'node:assert/strict';
import type { ClusterSnapshot } from '../../../internal/topology/cluster.ts';
import {
  controlReplicas,
  heuristicLagSeconds,
  rowLoggingReplicas,
} from '../../../internal/topology/control-replicas.ts';
import type { Instance, WatchedInstance } from '../../../internal/topology/instance.ts';
import { anInstance, aReplica } from './builders.ts';

const below = (
  n: number,
  source: number,
  more: Pick<Partial<Instance>, 'dataCenter' | 'binlogFormat' | 'binlogEnabled'> = {},
) =>
  aReplica(n, '', '', {
    ...more,
    replication: { source: { hostname: `h${source}`, port: 3306 }, receiver: 'running', lagSeconds: n },
  });

const watched = (instance: Instance, valid = true): WatchedInstance => ({
  instance,
  lastCheckedMs: 1,
  lastAttemptedMs: 1,
  lastSeenMs: 1,
  valid,
  partialSuccess: valid,
  lastError: '',
  errantGtid: '',
});

function cluster(members: readonly WatchedInstance[]): ClusterSnapshot {
  return {
    name: 'h1:3306',
    alias: '',
    domain: '',
    takenAtMs: 1,
    members,
    downtimes: new Map(),
    maintenance: new Set(),
  };
}

const names = (members: readonly WatchedInstance[]) => members.map(({ instance }) => instance.key.hostname);
const none = () => false;

describe('replicas for online schema changes', () => {
  // h1 ─ h2 ─ h5, h6, h7 ─ h9 (third tier);  h1 ─ h3, h4 (another data center), h8 (not valid)
  const snapshot = cluster([
    watched(anInstance(1)),
    watched(below(3, 1)),
    watched(below(2, 1)),
    watched(below(4, 1, { dataCenter: 'dc2' })),
    watched(below(5, 2)),
    watched(below(6, 2)),
    watched(below(7, 2, { binlogFormat: 'STATEMENT' })),
    watched(below(8, 1), false),
    watched(below(9, 7, { binlogEnabled: false })),
  ]);

  it('are the busiest of the first tier per data center, two below each, and two of the third tier', () => {
    assert.deepEqual(names(controlReplicas(snapshot, none)), ['h2', 'h3', 'h4', 'h7', 'h5', 'h9']);
  });

  it('leave out what is ignored', () => {
    const ignored = ({ instance }: WatchedInstance) => ['h2', 'h9'].includes(instance.key.hostname);
    assert.deepEqual(names(controlReplicas(snapshot, ignored)), ['h3', 'h4']);
  });

  it('can be read back from where they log rows', () => {
    assert.deepEqual(names(rowLoggingReplicas(snapshot)), ['h3', 'h2', 'h4', 'h5', 'h6']);
  });

  it('give the largest lag, or none', () => {
    assert.equal(heuristicLagSeconds(controlReplicas(snapshot, none)), 9);
    assert.equal(heuristicLagSeconds([watched(anInstance(1))]), undefined);
  });
});
