import type { RecoveryRecord } from '../../recovery/book.ts';
import { wireCoordinates, wireKey, wireKeys, wireTime } from './instance.ts';

/** A recovery as the contract lists it. */
export function wireRecovery(
  record: RecoveryRecord,
  id: number,
  node: { hostname: string; token: string },
  blockMs: number,
  nowMs: number,
) {
  const replicas = wireKeys(record.participants);
  return {
    Id: id,
    UID: record.uid,
    AnalysisEntry: {
      AnalyzedInstanceKey: wireKey(record.failed),
      ClusterDetails: { ClusterName: record.cluster, ClusterAlias: record.alias },
      Analysis: record.code,
      CountReplicas: replicas.length,
      Replicas: replicas,
      SlaveHosts: replicas,
    },
    SuccessorKey: wireKey(record.successor),
    SuccessorAlias: record.successorAlias ?? '',
    SuccessorBinlogCoordinates:
      record.successorCoordinates === undefined ? null : wireCoordinates(record.successorCoordinates),
    IsActive: record.acknowledged === undefined && !record.harmless && nowMs - record.startedMs < blockMs,
    IsSuccessful: record.successful,
    LostReplicas: wireKeys(record.lost.map(({ key }) => key)),
    ParticipatingInstanceKeys: replicas,
    AllErrors: record.errors.length === 0 ? [''] : record.errors,
    RecoveryStartTimestamp: wireTime(record.startedMs),
    RecoveryEndTimestamp: wireTime(record.endedMs),
    ProcessingNodeHostname: node.hostname,
    ProcessingNodeToken: node.token,
    Acknowledged: record.acknowledged !== undefined,
    AcknowledgedAt: wireTime(record.acknowledged?.atMs),
    AcknowledgedBy: record.acknowledged?.by ?? '',
    AcknowledgedComment: record.acknowledged?.comment ?? '',
    LastDetectionId: 0,
    RelatedRecoveryId: 0,
    Type: '',
    RecoveryType: 'NotMasterRecovery',
  };
}
