import { type ClusterSnapshot, memberOf, replicasOf } from '../../topology/cluster.ts';
import type { Instance } from '../../topology/instance.ts';
import { compareKeys, sameKey } from '../../topology/instance-key.ts';
import { groupOf } from '../../topology/replication-group.ts';
import type { FailoverPlan, FailoverRequest } from '../plan.ts';
import { noPlan } from './no-plan.ts';
import { planOrphans } from './orphans.ts';

/**
 * Where the replicas of a dead member of a replication group go: below another one that is online, in the same place first, then
 * the one that serves the fewest. Who leads the group is not asked: every member holds what the group has agreed on. Pure.
 */
export function planGroupMember(request: FailoverRequest): FailoverPlan {
  const { snapshot, failed, options } = request;
  const dead = memberOf(snapshot, failed)?.instance;
  const group = dead && groupOf(dead);
  if (dead === undefined || group === undefined)
    return noPlan(request, ['it is not known as a member of a replication group']);
  const targets = snapshot.members
    .filter(({ valid, instance }) => valid && !sameKey(instance.key, failed) && !options.isBanned(instance.key))
    .map(({ instance }) => instance)
    .filter((instance) => groupOf(instance)?.name === group.name && groupOf(instance)?.state === 'ONLINE')
    .sort((a, b) => compareTargets(a, b, dead, snapshot));
  if (targets.length === 0) return noPlan(request, ['no other member of the group is online']);
  return planOrphans(request, targets, () => 'another member of the replication group');
}

function compareTargets(a: Instance, b: Instance, dead: Instance, snapshot: ClusterSnapshot): number {
  const far = (one: Instance) => Number(one.dataCenter !== dead.dataCenter);
  const load = (one: Instance) => replicasOf(snapshot, one.key).length;
  return far(a) - far(b) || load(a) - load(b) || compareKeys(a.key, b.key);
}
