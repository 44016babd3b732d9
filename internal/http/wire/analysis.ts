import type { Analysis } from '../../analysis/analyse.ts';
import type { ClusterSnapshot } from '../../topology/cluster.ts';
import { wireCoordinates, wireKey, wireKeys, wireTime } from './instance.ts';

export interface ClusterFlags {
  readonly primary: boolean;
  readonly intermediate: boolean;
}

export function wireClusterInfo(snapshot: ClusterSnapshot, flags: ClusterFlags) {
  return {
    ClusterName: snapshot.name,
    ClusterAlias: snapshot.alias,
    ClusterDomain: snapshot.domain,
    CountInstances: snapshot.members.length,
    HeuristicLag: Math.max(0, ...snapshot.members.map(({ instance }) => instance.replication?.lagSeconds ?? 0)),
    HasAutomatedMasterRecovery: flags.primary,
    HasAutomatedIntermediateMasterRecovery: flags.intermediate,
  };
}

/** One finding as the contract's `ReplicationAnalysis`. */
export function wireAnalysis(
  analysis: Analysis,
  snapshot: ClusterSnapshot,
  flags: ClusterFlags,
  node: { hostname: string; token: string },
  nowMs: number,
) {
  const { facts } = analysis;
  const { instance, replicas } = facts;
  const keys = wireKeys(replicas.keys);
  return {
    AnalyzedInstanceKey: wireKey(instance.key),
    AnalyzedInstanceMasterKey: wireKey(instance.replication?.source),
    ClusterDetails: wireClusterInfo(snapshot, flags),
    AnalyzedInstanceDataCenter: instance.dataCenter,
    AnalyzedInstanceRegion: instance.region,
    AnalyzedInstancePhysicalEnvironment: instance.physicalEnvironment,
    AnalyzedInstanceBinlogCoordinates: wireCoordinates(instance.ownCoordinates),
    IsMaster: facts.isPrimary,
    IsReplicationGroupMember: facts.isGroupMember,
    IsCoMaster: facts.isCoPrimary,
    LastCheckValid: facts.valid,
    LastCheckPartialSuccess: facts.partialSuccess,
    CountReplicas: replicas.total,
    CountValidReplicas: replicas.valid,
    CountValidReplicatingReplicas: replicas.replicating,
    CountReplicasFailingToConnectToMaster: replicas.failingToConnect,
    CountDowntimedReplicas: replicas.downtimed,
    ReplicationDepth: facts.depth,
    Replicas: keys,
    SlaveHosts: keys,
    IsFailingToConnectToMaster: facts.failingToConnect,
    Analysis: analysis.code,
    Description: analysis.description,
    StructureAnalysis: analysis.structureWarnings.length === 0 ? null : analysis.structureWarnings,
    IsDowntimed: facts.downtimed,
    IsReplicasDowntimed: analysis.replicasDowntimed,
    DowntimeEndTimestamp: wireTime(facts.downtimeEndMs),
    DowntimeRemainingSeconds: facts.downtimed ? Math.floor((nowMs - facts.downtimeEndMs) / 1000) : 0,
    IsBinlogServer: false,
    PseudoGTIDImmediateTopology: false,
    OracleGTIDImmediateTopology: replicas.allMysqlGtid,
    MariaDBGTIDImmediateTopology: replicas.allMariadbGtid,
    BinlogServerImmediateTopology: false,
    SemiSyncMasterEnabled: instance.semiSync.sourceEnabled,
    SemiSyncMasterStatus: instance.semiSync.sourceActive,
    SemiSyncMasterWaitForReplicaCount: instance.semiSync.waitForReplicaCount,
    SemiSyncMasterClients: instance.semiSync.sourceClients,
    CountSemiSyncReplicasEnabled: replicas.semiSyncEnabled,
    CountLoggingReplicas: replicas.logging,
    CountStatementBasedLoggingReplicas: replicas.statementBased,
    CountMixedBasedLoggingReplicas: replicas.mixedBased,
    CountRowBasedLoggingReplicas: replicas.rowBased,
    CountDistinctMajorVersionsLoggingReplicas: replicas.majorVersions,
    CountDelayedReplicas: replicas.delayed,
    CountLaggingReplicas: replicas.lagging,
    IsActionableRecovery: analysis.recovery !== 'none' && analysis.recovery !== 'detectionOnly',
    ProcessingNodeHostname: node.hostname,
    ProcessingNodeToken: node.token,
    CountAdditionalAgreeingNodes: 0,
    StartActivePeriod: '',
    SkippableDueToDowntime: analysis.suppressedBy === 'downtime',
    GTIDMode: instance.gtid.kind === 'mysql' ? instance.gtid.mode : '',
    MinReplicaGTIDMode: replicas.minGtidMode,
    MaxReplicaGTIDMode: replicas.maxGtidMode,
    MaxReplicaGTIDErrant: replicas.errant,
    CommandHint: '',
    IsReadOnly: instance.readOnly,
  };
}
