import { type ClusterSnapshot, memberOf } from '../../topology/cluster.ts';
import { type Instance, replicating, sourceKey } from '../../topology/instance.ts';
import { type InstanceKey, sameKey } from '../../topology/instance-key.ts';

/**
 * A cluster as it will be once its primary takes no writes and its replicas have applied the last one: what was read of replicas by file
 * and position is of different moments, and says nothing of who will have received more. Pure.
 */
export function atRest(snapshot: ClusterSnapshot, primary: InstanceKey): ClusterSnapshot {
  const source = memberOf(snapshot, primary);
  if (source === undefined || !source.valid) return snapshot;
  const end = source.instance.ownCoordinates;
  const settled = (instance: Instance): Instance => {
    const { replication } = instance;
    const counts = replication?.gtid === 'none' && replicating(instance) && sameKey(sourceKey(instance), primary);
    return counts ? { ...instance, replication: { ...replication, read: end, executed: end } } : instance;
  };
  const members = snapshot.members.map((one) => (one.valid ? { ...one, instance: settled(one.instance) } : one));
  return { ...snapshot, members };
}
