import type { Analysis } from '../../analysis/analyse.ts';
import type { ClusterSnapshot } from '../../topology/cluster.ts';
import { isBinlogServer } from '../../topology/instance.ts';
import type { InstanceKey } from '../../topology/instance-key.ts';
import { type ClusterFlags, wireClusterDetails } from './cluster.ts';
import { wireCoordinates, wireKey, wireKeys, wireTime } from './values.ts';

export interface AnalysisContext {
  readonly cluster: Pick<ClusterSnapshot, 'name' | 'alias'>;
  readonly flags: ClusterFlags;
  readonly node: { readonly hostname: string; readonly token: string };
  readonly nowMs: number;
}

/** One finding as the contract's `ReplicationAnalysis`. */
export function wireAnalysis(analysis: Analysis, { cluster, flags, node, nowMs }: AnalysisContext) {
  const { facts } = analysis;
  const { instance, replicas } = facts;
  const keys = wireKeys(replicas.keys);
  return {
    AnalyzedInstanceKey: wireKey(instance.key),
    AnalyzedInstanceMasterKey: wireKey(instance.replication?.source),
    ClusterDetails: wireClusterDetails(cluster, flags),
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
    IsBinlogServer: isBinlogServer(instance),
    PseudoGTIDImmediateTopology: instance.usesPseudoGtid,
    OracleGTIDImmediateTopology: replicas.allMysqlGtid,
    MariaDBGTIDImmediateTopology: replicas.allMariadbGtid,
    BinlogServerImmediateTopology: replicas.allBinlogServers,
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

export type WireAnalysis = ReturnType<typeof wireAnalysis>;

/** What a record keeps of the analysis it began with; all the rest has the value of nothing. */
export interface RecordedFailure {
  readonly code: string;
  readonly failed: InstanceKey;
  readonly replicas: readonly InstanceKey[];
  readonly cluster: Pick<ClusterSnapshot, 'name' | 'alias'>;
  readonly flags: ClusterFlags;
}

/** The shape of `wireAnalysis`, of a failure in the past. */
export function wireRecordedAnalysis(record: RecordedFailure): WireAnalysis {
  const keys = wireKeys(record.replicas);
  return {
    AnalyzedInstanceKey: wireKey(record.failed),
    AnalyzedInstanceMasterKey: wireKey(undefined),
    ClusterDetails: wireClusterDetails(record.cluster, record.flags),
    AnalyzedInstanceDataCenter: '',
    AnalyzedInstanceRegion: '',
    AnalyzedInstancePhysicalEnvironment: '',
    AnalyzedInstanceBinlogCoordinates: wireCoordinates(undefined),
    IsMaster: false,
    IsReplicationGroupMember: false,
    IsCoMaster: false,
    LastCheckValid: false,
    LastCheckPartialSuccess: false,
    CountReplicas: keys.length,
    CountValidReplicas: 0,
    CountValidReplicatingReplicas: 0,
    CountReplicasFailingToConnectToMaster: 0,
    CountDowntimedReplicas: 0,
    ReplicationDepth: 0,
    Replicas: keys,
    SlaveHosts: keys,
    IsFailingToConnectToMaster: false,
    Analysis: record.code,
    Description: '',
    StructureAnalysis: null,
    IsDowntimed: false,
    IsReplicasDowntimed: false,
    DowntimeEndTimestamp: '',
    DowntimeRemainingSeconds: 0,
    IsBinlogServer: false,
    PseudoGTIDImmediateTopology: false,
    OracleGTIDImmediateTopology: false,
    MariaDBGTIDImmediateTopology: false,
    BinlogServerImmediateTopology: false,
    SemiSyncMasterEnabled: false,
    SemiSyncMasterStatus: false,
    SemiSyncMasterWaitForReplicaCount: 0,
    SemiSyncMasterClients: 0,
    CountSemiSyncReplicasEnabled: 0,
    CountLoggingReplicas: 0,
    CountStatementBasedLoggingReplicas: 0,
    CountMixedBasedLoggingReplicas: 0,
    CountRowBasedLoggingReplicas: 0,
    CountDistinctMajorVersionsLoggingReplicas: 0,
    CountDelayedReplicas: 0,
    CountLaggingReplicas: 0,
    IsActionableRecovery: false,
    ProcessingNodeHostname: '',
    ProcessingNodeToken: '',
    CountAdditionalAgreeingNodes: 0,
    StartActivePeriod: '',
    SkippableDueToDowntime: false,
    GTIDMode: '',
    MinReplicaGTIDMode: '',
    MaxReplicaGTIDMode: '',
    MaxReplicaGTIDErrant: '',
    CommandHint: '',
    IsReadOnly: false,
  };
}
