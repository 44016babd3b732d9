import assert from 'node:assert/strict';
import { atRest } from '../../../../internal/recovery/plan/at-rest.ts';
import type { ReplicationStatus } from '../../../../internal/topology/instance.ts';
import { aSnapshot } from '../../../support/a-cluster.ts';
import { anInstance, aReplication, PRIMARY_KEY } from '../../topology/builders.ts';

const at = (position: number) => ({ file: 'binlog.000001', position });
const primary = anInstance(1, { key: PRIMARY_KEY, ownCoordinates: at(900) });

function positionOf(more: Partial<ReplicationStatus>, silent = false): readonly number[] {
  const running = { gtid: 'none', receiver: 'running', applier: 'running', read: at(700), executed: at(600) } as const;
  const replica = anInstance(2, { replication: aReplication({ ...running, ...more }) });
  const { members } = atRest(aSnapshot([primary, replica], silent ? [PRIMARY_KEY] : []), PRIMARY_KEY);
  const { replication } = members[1]?.instance ?? {};
  return [replication?.read.position ?? 0, replication?.executed.position ?? 0];
}

describe('a cluster at rest', () => {
  for (const [title, more, silent, expected] of [
    ['has replicas by file and position that have applied the last write', {}, false, [900, 900]],
    ['says nothing of one that does not receive', { receiver: 'stopped' }, false, [700, 600]],
    ['nor of one that does not apply', { applier: 'stopped' }, false, [700, 600]],
    ['nor of one that goes by GTID', { gtid: 'mysql' }, false, [700, 600]],
    ['nor of replicas of another server', { source: { hostname: 'h7', port: 3306 } }, false, [700, 600]],
    ['nor of those of a primary that does not answer', {}, true, [700, 600]],
  ] as const)
    it(title, () => assert.deepEqual(positionOf(more, silent), expected));
});
