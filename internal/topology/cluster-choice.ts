import { type ClusterSnapshot, primariesOf } from './cluster.ts';
import { LOST_IN_RECOVERY } from './downtime.ts';
import { keyText } from './instance-key.ts';

/**
 * The cluster that an alias means. A replaced primary goes on proposing its alias from a cluster of its own: what a
 * recovery left behind comes last, a cluster that takes writes first, then the larger one.
 */
export function clusterOfAlias(snapshots: readonly ClusterSnapshot[], alias: string): ClusterSnapshot | undefined {
  return snapshots
    .filter((snapshot) => snapshot.alias === alias)
    .sort((a, b) => claim(b) - claim(a) || b.members.length - a.members.length)[0];
}

function claim(snapshot: ClusterSnapshot): number {
  const { members, downtimes } = snapshot;
  if (members.every(({ instance }) => downtimes.get(keyText(instance.key))?.reason === LOST_IN_RECOVERY)) return 0;
  return primariesOf(snapshot).some(({ valid, instance }) => valid && !instance.readOnly) ? 2 : 1;
}
