// A primary that answers and takes no writes. Pure.

import { memberOf, replicasOf } from '../../topology/cluster.ts';
import { replicating } from '../../topology/instance.ts';
import { keyText, sameKey } from '../../topology/instance-key.ts';
import type { FailoverPlan, FailoverRequest } from '../plan.ts';
import { noPlan } from './no-plan.ts';

/** It is made writable where it is, unless another server of its cluster takes writes, did when it was read last, or cannot be asked. */
export function planReadOnlyPrimary(request: FailoverRequest): FailoverPlan {
  const { snapshot, failed } = request;
  const none = (reason: string) => noPlan(request, [reason]);
  const primary = memberOf(snapshot, failed);
  if (primary === undefined || !primary.valid) return none(`${keyText(failed)} does not answer`);
  const { instance } = primary;
  if (!instance.readOnly) return none(`${keyText(failed)} takes writes`);
  if (instance.replication !== undefined) return none(`${keyText(failed)} is a replica`);
  const rival = snapshot.members.find((one) => !one.instance.readOnly && !sameKey(one.instance.key, failed));
  if (rival !== undefined) return none(`${keyText(rival.instance.key)} takes writes`);
  const silent = snapshot.members.find(
    ({ valid, instance }) => !valid && !snapshot.downtimes.has(keyText(instance.key)),
  );
  if (silent !== undefined)
    return none(
      `${keyText(silent.instance.key)} does not answer and may take writes: set it in downtime to go on without it`,
    );
  const follows = replicasOf(snapshot, failed).some((one) => one.valid && replicating(one.instance));
  if (!follows) return none('no replica follows it');
  return {
    kind: 'promote',
    cluster: snapshot.name,
    failed,
    successor: failed,
    why: ['read-only, and nobody else takes writes'],
    steps: [{ kind: 'open', target: failed, semiSync: instance.semiSyncPriority > 0 }],
    lost: [],
    atRisk: '',
  };
}
