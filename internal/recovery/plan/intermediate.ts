import { memberOf, replicasOf } from '../../topology/cluster.ts';
import { type Instance, isBinlogServer, replicating, sourceKey } from '../../topology/instance.ts';
import { type InstanceKey, sameKey } from '../../topology/instance-key.ts';
import type { FailoverPlan, FailoverRequest } from '../plan.ts';
import { noPlan } from './no-plan.ts';
import { planOrphans } from './orphans.ts';

/**
 * Where the replicas of a dead intermediate primary go: below a sibling of the dead one that can serve them (a preferred one first,
 * then one in the same place), else below their grandparent. Pure.
 */
export function planIntermediateRecovery(request: FailoverRequest): FailoverPlan {
  const dead = memberOf(request.snapshot, request.failed)?.instance;
  const above = dead && sourceKey(dead);
  if (dead === undefined || above === undefined)
    return noPlan(request, ['the source above the failed server is not known']);
  const targets = targetsOf(request, dead, above);
  if (targets.length === 0) return noPlan(request, ['neither a sibling nor the source above can be reached']);
  return planOrphans(request, targets, (first) =>
    sameKey(first, above) ? 'the source above the failed server' : 'a sibling that can serve its replicas',
  );
}

function targetsOf({ snapshot, failed, options, heir }: FailoverRequest, dead: Instance, above: InstanceKey) {
  const siblings = replicasOf(snapshot, above)
    .filter(({ valid, instance }) => valid && !sameKey(instance.key, failed) && !options.isBanned(instance.key))
    .map(({ instance }) => instance)
    .filter((instance) => replicating(instance) && !isBinlogServer(instance))
    .sort((a, b) => siblingRank(a, dead) - siblingRank(b, dead));
  const last = [memberOf(snapshot, above), heir].filter((member) => member?.valid);
  return [...siblings, ...last.flatMap((member) => member?.instance ?? [])];
}

function siblingRank(sibling: Instance, dead: Instance): number {
  const preferred = sibling.promotionRule === 'must' || sibling.promotionRule === 'prefer';
  const near = sibling.dataCenter === dead.dataCenter && sibling.physicalEnvironment === dead.physicalEnvironment;
  return (preferred ? 0 : 2) + (near ? 0 : 1);
}
