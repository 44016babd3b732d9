// Markers that we write ourselves: where, and what they are called. Pure.

import { type ClusterSnapshot, isCoPrimary, primariesOf, replicasOf } from './cluster.ts';
import { type Instance, isBinlogServer, type SemiSync, sourceKey, type WatchedInstance } from './instance.ts';
import { keyText } from './instance-key.ts';

/** For how long a cluster counts as marked after the last marker, ms. */
export const MARKED_MS = 3_600_000;

/**
 * Servers of a cluster that take writes and hand them on. One that nobody follows, such as a replaced primary that came back, gets no
 * marker: it would hold what no other server has.
 */
export function markerTargets(snapshot: ClusterSnapshot): readonly Instance[] {
  return primariesOf(snapshot)
    .filter((member) => takesMarkers(snapshot, member))
    .map(({ instance }) => instance);
}

function takesMarkers(snapshot: ClusterSnapshot, { instance, valid }: WatchedInstance): boolean {
  const { key, readOnly, binlogEnabled, semiSync } = instance;
  if (!valid || readOnly || !binlogEnabled || isBinlogServer(instance) || waits(semiSync)) return false;
  if (snapshot.maintenance.has(keyText(key))) return false;
  if (sourceKey(instance) !== undefined && !isCoPrimary(snapshot, instance)) return false;
  return replicasOf(snapshot, key).some((one) => one.valid && one.instance.replication?.receiver === 'running');
}

/** For acknowledgements that nobody gives: one more write would wait, too. */
function waits({ sourceEnabled, sourceActive, sourceClients, waitForReplicaCount }: SemiSync): boolean {
  return sourceEnabled && sourceActive && sourceClients < Math.max(1, waitForReplicaCount);
}

/**
 * By the clock, so that names of one primary grow as text, and different from all others.
 *
 * @param random 16 hex digits
 */
export function markerName(nowMs: number, serverId: number, random: string): string {
  return `_asc:${hex(Math.floor(nowMs / 1000))}:${hex(serverId)}:${random}`;
}

const hex = (value: number) => value.toString(16).padStart(8, '0');
