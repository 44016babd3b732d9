// How lists of servers are ordered and searched, wherever they are shown.

import { type ClusterSnapshot, depthOf } from './cluster.ts';
import type { WatchedInstance } from './instance.ts';
import { compareKeys, keyText } from './instance-key.ts';

export interface Listed {
  readonly snapshot: ClusterSnapshot;
  readonly watched: WatchedInstance;
}

/** Every server: by depth, number of replicas descending, cluster, host, port. */
export function listInstances(snapshots: readonly ClusterSnapshot[]): readonly Listed[] {
  return snapshots
    .flatMap((snapshot) =>
      snapshot.members.map((watched) => ({ snapshot, watched, depth: depthOf(snapshot, watched.instance) })),
    )
    .sort(
      (a, b) =>
        a.depth - b.depth ||
        b.watched.instance.replicaKeys.length - a.watched.instance.replicaKeys.length ||
        compareText(a.snapshot.name, b.snapshot.name) ||
        compareKeys(a.watched.instance.key, b.watched.instance.key),
    );
}

/** Every server, cluster after cluster: by cluster, depth, host, port. */
export function listByCluster(snapshots: readonly ClusterSnapshot[]): readonly Listed[] {
  return snapshots
    .flatMap((snapshot) =>
      snapshot.members.map((watched) => ({ snapshot, watched, depth: depthOf(snapshot, watched.instance) })),
    )
    .sort(
      (a, b) =>
        compareText(a.snapshot.name, b.snapshot.name) ||
        a.depth - b.depth ||
        compareKeys(a.watched.instance.key, b.watched.instance.key),
    );
}

/** Part of host, `host:port`, cluster, alias, version or version comment; or exactly the server id or the port. */
export function matchesSearch({ snapshot, watched }: Listed, text: string): boolean {
  const { instance } = watched;
  const wanted = text.trim().toLowerCase();
  const texts = [
    keyText(instance.key),
    snapshot.name,
    snapshot.alias,
    instance.suggestedClusterAlias,
    instance.version,
    instance.versionComment,
  ];
  if (texts.some((one) => one.toLowerCase().includes(wanted))) return true;
  return [instance.serverId, instance.key.port].map(String).includes(wanted);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
