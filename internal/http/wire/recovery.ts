import type { RecoveryKind } from '../../recovery/kinds.ts';
import type { DetectionEntry, RecoveryEntry } from '../ports.ts';
import { type WireAnalysis, wireRecordedAnalysis } from './analysis.ts';
import type { ClusterFlags } from './cluster.ts';
import { wireCoordinates, wireKey, wireKeys, wireTime } from './values.ts';

const TYPES: Readonly<Record<RecoveryKind, string>> = {
  primary: 'MasterRecovery',
  coPrimary: 'CoMasterRecovery',
  intermediatePrimary: 'IntermediateMasterRecovery',
  groupMember: 'ReplicationGroupMemberRecovery',
  lockedSemiSync: '',
  surplusSemiSync: '',
  readOnlyPrimary: '',
};

type Positions = Pick<
  WireAnalysis,
  | 'CountValidReplicas'
  | 'OracleGTIDImmediateTopology'
  | 'MariaDBGTIDImmediateTopology'
  | 'BinlogServerImmediateTopology'
>;

/**
 * By what replicas of the primary go on below its successor (contract of recoveries, 8.1): without GTIDs the name is that of Pseudo-GTID. After
 * the fact there may be no replica left to tell by: then it is taken for what it nearly always is.
 */
function methodOf(kind: RecoveryKind, replicas: Positions): string {
  if (kind !== 'primary' && kind !== 'coPrimary') return 'NotMasterRecovery';
  const { OracleGTIDImmediateTopology: mysql, MariaDBGTIDImmediateTopology: mariadb } = replicas;
  if (mysql || mariadb || replicas.CountValidReplicas === 0) return 'MasterRecoveryGTID';
  if (replicas.BinlogServerImmediateTopology && kind === 'primary') return 'MasterRecoveryBinlogServer';
  return 'MasterRecoveryPseudoGTID';
}

export interface RecoveryContext {
  readonly flags: ClusterFlags;
  readonly blockMs: number;
  readonly nowMs: number;
}

/** A recovery as listings have it: what was kept of it, with the empty values that clients know. */
export function wireRecovery(entry: RecoveryEntry, { flags, blockMs, nowMs }: RecoveryContext) {
  const { id, detectionId, node, record } = entry;
  const { acknowledged } = record;
  return {
    Id: id,
    UID: record.uid,
    AnalysisEntry: wireRecordedAnalysis({
      code: record.code,
      failed: record.failed,
      replicas: record.participants,
      cluster: { name: record.cluster, alias: record.alias },
      flags,
    }),
    SuccessorKey: wireKey(record.successor) as ReturnType<typeof wireKey> | null,
    SuccessorAlias: record.successorAlias ?? '',
    SuccessorBinlogCoordinates: null as ReturnType<typeof wireCoordinates> | null,
    IsActive: acknowledged === undefined && !record.harmless && nowMs - record.startedMs < blockMs,
    IsSuccessful: record.successful,
    LostReplicas: wireKeys(record.lost.map(({ key }) => key)),
    ParticipatingInstanceKeys: wireKeys(record.participants),
    AllErrors: (record.errors.length === 0 ? [''] : record.errors) as readonly string[] | null,
    RecoveryStartTimestamp: wireTime(record.startedMs),
    RecoveryEndTimestamp: wireTime(record.endedMs),
    ProcessingNodeHostname: node.hostname,
    ProcessingNodeToken: node.token,
    Acknowledged: acknowledged !== undefined,
    AcknowledgedAt: wireTime(acknowledged?.atMs),
    AcknowledgedBy: acknowledged?.by ?? '',
    AcknowledgedComment: acknowledged?.comment ?? '',
    LastDetectionId: detectionId,
    RelatedRecoveryId: 0,
    Type: '',
    RecoveryType: 'NotMasterRecovery',
  };
}

/** A recovery as the action that ran it answers: with all that was seen, and without what only the listing knows. */
export function wireDoneRecovery(
  entry: RecoveryEntry,
  context: RecoveryContext,
  analysis: WireAnalysis,
): ReturnType<typeof wireRecovery> {
  const { record } = entry;
  return {
    ...wireRecovery(entry, context),
    AnalysisEntry: analysis,
    SuccessorKey: record.successor === undefined ? null : wireKey(record.successor),
    SuccessorBinlogCoordinates:
      record.successorCoordinates === undefined ? null : wireCoordinates(record.successorCoordinates),
    IsActive: false,
    AllErrors: record.errors,
    RecoveryStartTimestamp: '',
    RecoveryEndTimestamp: '',
    ProcessingNodeHostname: '',
    ProcessingNodeToken: '',
    Type: TYPES[record.kind],
    RecoveryType: methodOf(record.kind, analysis),
  };
}

/** A detection in the shape of a recovery that has not begun. */
export function wireDetection(entry: DetectionEntry, flags: ClusterFlags): ReturnType<typeof wireRecovery> {
  const { code, failed, replicas, cluster, alias, node } = entry;
  const analysis = wireRecordedAnalysis({ code, failed, replicas, cluster: { name: cluster, alias }, flags });
  const detectedAt = wireTime(entry.detectedMs);
  return {
    Id: entry.id,
    UID: '',
    AnalysisEntry: { ...analysis, StartActivePeriod: detectedAt },
    SuccessorKey: null,
    SuccessorAlias: '',
    SuccessorBinlogCoordinates: null,
    IsActive: entry.active,
    IsSuccessful: false,
    LostReplicas: [],
    ParticipatingInstanceKeys: [],
    AllErrors: null,
    RecoveryStartTimestamp: detectedAt,
    RecoveryEndTimestamp: '',
    ProcessingNodeHostname: node.hostname,
    ProcessingNodeToken: node.token,
    Acknowledged: false,
    AcknowledgedAt: '',
    AcknowledgedBy: '',
    AcknowledgedComment: '',
    LastDetectionId: 0,
    RelatedRecoveryId: entry.recoveryId,
    Type: '',
    RecoveryType: '',
  };
}
