// Replicas that tools for online schema changes look at: as a measure of lag, or to read from.

import { type ClusterSnapshot, depthOf, replicasOf } from './cluster.ts';
import { lagSeconds, replicating, type WatchedInstance } from './instance.ts';
import { compareKeys } from './instance-key.ts';

const PER_PLACE = 2;

/**
 * Up to two first-tier servers of each data center, those with most replicas first; up to two replicas of each of them; up to
 * two third-tier servers of each data center. Servers whose last check failed, and those `ignored`, are left out.
 */
export function controlReplicas(
  snapshot: ClusterSnapshot,
  ignored: (member: WatchedInstance) => boolean,
): readonly WatchedInstance[] {
  const usable = (members: readonly WatchedInstance[]) =>
    members
      .filter((member) => member.valid && !ignored(member))
      .sort(
        (a, b) =>
          replicasOf(snapshot, b.instance.key).length - replicasOf(snapshot, a.instance.key).length ||
          compareKeys(a.instance.key, b.instance.key),
      );
  const tier = (depth: number) =>
    perDataCenter(usable(snapshot.members.filter(({ instance }) => depthOf(snapshot, instance) === depth)));
  const first = tier(1);
  const second = first.flatMap(({ instance }) => usable(replicasOf(snapshot, instance.key)).slice(0, PER_PLACE));
  return [...first, ...second, ...tier(3)];
}

/** Replicas that a schema change can be read back from: replicating, with a row-based log of what they replicate. */
export function rowLoggingReplicas(snapshot: ClusterSnapshot): readonly WatchedInstance[] {
  return snapshot.members.filter(
    ({ valid, instance }) =>
      valid &&
      replicating(instance) &&
      instance.binlogEnabled &&
      instance.logReplicaUpdates &&
      instance.binlogFormat === 'ROW',
  );
}

/** The largest known lag among the control replicas, in seconds; undefined where none is known. */
export function heuristicLagSeconds(members: readonly WatchedInstance[]): number | undefined {
  const lags = members.map(({ instance }) => lagSeconds(instance)).filter((lag) => lag !== undefined);
  return lags.length === 0 ? undefined : Math.max(...lags);
}

function perDataCenter(members: readonly WatchedInstance[]): readonly WatchedInstance[] {
  const counts = new Map<string, number>();
  return members.filter(({ instance }) => {
    const count = counts.get(instance.dataCenter) ?? 0;
    counts.set(instance.dataCenter, count + 1);
    return count < PER_PLACE;
  });
}
