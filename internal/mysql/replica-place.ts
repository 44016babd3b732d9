// Where a replica by file and position stands in the log of another server.

import { OrchestratorError } from '../runtime/errors.ts';
import type { Instance, ReplicationStatus } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import { readSameLog } from '../topology/level.ts';

/** What a replica has to apply to have all that `holder` has; undefined: it follows neither that one nor the same source. */
export function endInLogOf(replica: ReplicationStatus, { key, serverUuid, ownCoordinates, replication }: Instance) {
  const its = replica.sourceUuid === '' ? sameKey(replica.source, key) : replica.sourceUuid === serverUuid;
  const end = its ? ownCoordinates : replication && readSameLog(replica, replication) ? replication.read : undefined;
  return end === undefined || end.file === '' ? undefined : end;
}

export function withoutPlace({ key }: Instance, source: InstanceKey): OrchestratorError {
  return new OrchestratorError(
    'CONFLICT',
    `${keyText(key)} goes by file and position, and its place in the log of ${keyText(source)} is not known`,
  );
}
