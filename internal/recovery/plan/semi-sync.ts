// Which replicas begin to acknowledge, and which cease to, so that a primary gets as many acknowledgements as it waits for. Pure.

import { memberOf, replicasOf } from '../../topology/cluster.ts';
import { type Instance, replicating } from '../../topology/instance.ts';
import { type InstanceKey, keyText } from '../../topology/instance-key.ts';
import {
  acknowledgementsMissing,
  acknowledgementsNeeded,
  possibleAcknowledgers,
  waitsForAcknowledgements,
} from '../../topology/semi-sync.ts';
import type { FailoverPlan, FailoverRequest, Step } from '../plan.ts';
import { noPlan } from './no-plan.ts';

/** How a primary without enough acknowledgements is helped; `off`: not at all. */
export type SemiSyncRecovery = 'exact' | 'enough' | 'off';

interface Choice {
  readonly on: readonly Instance[];
  readonly off: readonly Instance[];
}

/**
 * First whoever is to begin, then, once the primary has all the acknowledgements that it waits for, whoever is to cease: writes never wait
 * for somebody who was just switched off. A replica that begins acknowledges nothing of what it had received before (by GTID, MySQL 9.7
 * and MariaDB 10.11): writes that wait go on waiting until it acknowledges a later one, which may never come, since all clients wait.
 */
export function planSemiSync(request: FailoverRequest): FailoverPlan {
  const { snapshot, failed, options } = request;
  const none = (reason: string) => noPlan(request, [reason]);
  const primary = memberOf(snapshot, failed);
  if (primary === undefined || !primary.valid) return none(`${keyText(failed)} does not answer`);
  if (!waitsForAcknowledgements(primary.instance)) return none('the primary waits for nobody');
  if (options.semiSync === 'off')
    return none('neither EnforceExactSemiSyncReplicas nor RecoverLockedSemiSyncMaster is set');
  const replicas = replicasOf(snapshot, failed)
    .filter(({ valid, instance }) => valid && replicating(instance))
    .map(({ instance }) => instance);
  const { on, off } =
    options.semiSync === 'exact' ? exactly(primary.instance, replicas) : enough(primary.instance, replicas);
  if (on.length + off.length === 0) return none('no replica is left to be switched on or off');
  const needed = acknowledgementsNeeded(primary.instance);
  return {
    kind: 'promote',
    cluster: snapshot.name,
    failed,
    successor: failed,
    why: [`waits for ${needed}, has ${primary.instance.semiSync.sourceClients}`],
    steps: [
      ...replicas.filter(isSourceToo).map(({ key }) => source(key)),
      ...on.map(({ key }) => replica(key, true)),
      { kind: 'acknowledged', target: failed, atLeast: needed, limitMs: options.acknowledgeLimitMs },
      ...(on.length > 0 && acknowledgementsMissing(primary.instance) > 0
        ? [{ kind: 'nudge', target: failed } as const]
        : []),
      ...off.map(({ key }) => replica(key, false)),
    ],
    lost: [],
    atRisk: '',
  };
}

const source = (target: InstanceKey): Step => ({ kind: 'semiSyncSource', target, enabled: false });
const replica = (target: InstanceKey, enabled: boolean): Step => ({ kind: 'semiSyncReplica', target, enabled });

/** On the way to lead one day, and set so by hand: its applier would wait for replicas of its own. */
function isSourceToo({ semiSyncPriority, semiSync }: Instance): boolean {
  return semiSyncPriority > 0 && semiSync.sourceEnabled;
}

/** Of a replica whose variable was changed and whose receiver goes on as before, only a restart of that makes it so. */
const isOn = ({ semiSync }: Instance) => semiSync.replicaEnabled && semiSync.replicaActive;
const isOff = ({ semiSync }: Instance) => !semiSync.replicaEnabled && !semiSync.replicaActive;

/** The first ones acknowledge and nobody else does, as far as there are enough: otherwise nobody ceases to. */
function exactly(primary: Instance, replicas: readonly Instance[]): Choice {
  const needed = acknowledgementsNeeded(primary);
  const wanted = possibleAcknowledgers(replicas).slice(0, needed);
  const others = replicas.filter((one) => !wanted.includes(one) && one.semiSync.available);
  return {
    on: wanted.filter((one) => !isOn(one)),
    off: wanted.length < needed ? [] : others.filter((one) => !isOff(one)),
  };
}

function enough(primary: Instance, replicas: readonly Instance[]): Choice {
  const missing = Math.max(0, acknowledgementsMissing(primary));
  const idle = possibleAcknowledgers(replicas).filter((one) => !isOn(one));
  return { on: idle.slice(0, missing), off: [] };
}
