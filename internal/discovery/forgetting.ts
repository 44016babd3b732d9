import { type ClusterSnapshot, memberOf } from '../topology/cluster.ts';
import { sourceKey } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { groupOf } from '../topology/replication-group.ts';

/** Servers unseen for so long that they are let go: neither downtimed nor under maintenance, since somebody waits for those. */
export function longUnseen(
  clusters: readonly ClusterSnapshot[],
  nowMs: number,
  forgetAfterMs: number,
): readonly InstanceKey[] {
  return clusters.flatMap(({ members, downtimes, maintenance }) =>
    members
      .filter(({ valid, lastSeenMs }) => !valid && lastSeenMs > 0 && nowMs - lastSeenMs > forgetAfterMs)
      .map(({ instance }) => instance.key)
      .filter((key) => !downtimes.has(keyText(key)) && !maintenance.has(keyText(key))),
  );
}

/** Of addresses that never answered, those that no known server names any more. */
export function unnamed(ghosts: readonly InstanceKey[], clusters: readonly ClusterSnapshot[]): readonly InstanceKey[] {
  const named = new Set(
    clusters.flatMap(({ members }) =>
      members.flatMap(({ instance }) => {
        const source = sourceKey(instance);
        const comrades = groupOf(instance)?.members ?? [];
        return [...instance.replicaKeys, ...comrades, ...(source === undefined ? [] : [source])].map(keyText);
      }),
    ),
  );
  return ghosts.filter((key) => !named.has(keyText(key)) && !clusters.some((cluster) => memberOf(cluster, key)));
}
