import type { ClusterSnapshot } from '../../topology/cluster.ts';

/** Which automatic recoveries a cluster is opted in to. */
export interface ClusterFlags {
  readonly primary: boolean;
  readonly intermediate: boolean;
}

export function wireClusterInfo(snapshot: ClusterSnapshot, flags: ClusterFlags) {
  return {
    ...wireClusterDetails(snapshot, flags),
    ClusterDomain: snapshot.domain,
    CountInstances: snapshot.members.length,
  };
}

/** The cluster of an analysis or a recovery: no members are counted there, and its name stands for its domain. */
export function wireClusterDetails(cluster: Pick<ClusterSnapshot, 'name' | 'alias'>, flags: ClusterFlags) {
  return {
    ClusterName: cluster.name,
    ClusterAlias: cluster.alias,
    ClusterDomain: cluster.name,
    CountInstances: 0,
    HeuristicLag: 0,
    HasAutomatedMasterRecovery: flags.primary,
    HasAutomatedIntermediateMasterRecovery: flags.intermediate,
  };
}
