// Before an operation starts a replica: whether it acknowledges, as `DetectSemiSyncEnforcedQuery` and the two semi-sync keys say.

import { errorText } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { type ClusterSnapshot, memberOf, replicasOf } from '../topology/cluster.ts';
import { type Instance, replicating, sourceKey } from '../topology/instance.ts';
import { keyText, sameKey } from '../topology/instance-key.ts';
import {
  acknowledgementsNeeded,
  possibleAcknowledgers,
  type SemiSyncAtStart,
  type SemiSyncMode,
  semiSyncAtStart,
  waitsForAcknowledgements,
} from '../topology/semi-sync.ts';
import type { OperationSettings, OperatorSession } from './ports.ts';

export interface StartDeps {
  readonly log: Log;
  readonly settings: OperationSettings;
  snapshots(): readonly ClusterSnapshot[];
}

/** Starts a replica, set as it is to be. */
export async function startAsMeant(deps: StartDeps, session: OperatorSession): Promise<void> {
  await setAsMeant(deps, session);
  await session.startReplication();
}

/** What cannot be set is told, and keeps nobody from replicating. */
export async function setAsMeant({ log, settings, snapshots }: StartDeps, session: OperatorSession): Promise<void> {
  const now = await session.read();
  const wanted = whatToSet(now, snapshots(), settings.semiSync);
  try {
    if (wanted.source === false) await session.setSemiSyncSource(false);
    if (wanted.replica !== undefined) await session.setSemiSyncReplica(wanted.replica);
  } catch (err) {
    log.warn({ instance: keyText(now.key), err: errorText(err) }, 'semi-sync of a replica could not be set');
  }
}

/** @param now of a session, which does not ask what operators rank a server by */
function whatToSet(now: Instance, snapshots: readonly ClusterSnapshot[], mode: SemiSyncMode): SemiSyncAtStart {
  const above = sourceKey(now);
  const snapshot = snapshots.find((one) => memberOf(one, now.key) !== undefined);
  const known = snapshot && memberOf(snapshot, now.key)?.instance;
  const source = above && snapshot && memberOf(snapshot, above)?.instance;
  if (snapshot === undefined || known === undefined || source === undefined) return {};
  const { semiSyncPriority, promotionRule } = known;
  const replica = { ...now, semiSyncPriority, promotionRule };
  const others = replicasOf(snapshot, source.key)
    .filter(({ valid, instance }) => valid && replicating(instance) && !sameKey(instance.key, now.key))
    .map(({ instance }) => instance);
  const wanted = semiSyncAtStart(replica, source, [replica, ...others], mode);
  if (wanted.replica !== false || !isNeeded(source, others)) return wanted;
  const { replica: _, ...rest } = wanted;
  return rest;
}

/** Writes wait, and would wait for ever without this one. */
function isNeeded(source: Instance, others: readonly Instance[]): boolean {
  const acknowledging = possibleAcknowledgers(others).filter(({ semiSync }) => semiSync.replicaActive);
  return waitsForAcknowledgements(source) && acknowledging.length < acknowledgementsNeeded(source);
}
