// Replication groups of MySQL with one primary: who leads is their own affair. We only know where their members stand.

import { type GroupMembership, type Instance, sourceKey } from './instance.ts';
import { compareKeys, type InstanceKey, keyText, sameKey } from './instance-key.ts';

/** By name of the group. */
export type GroupPrimaries = ReadonlyMap<string, InstanceKey>;

/** In a group and not switched off; one that was expelled still counts. */
export function groupOf({ group }: Instance): GroupMembership | undefined {
  return group?.state === 'OFFLINE' ? undefined : group;
}

/** Whom most members of each group take for its primary: a dead one still takes itself for it. */
export function groupPrimaries(instances: readonly Instance[]): GroupPrimaries {
  const claims = new Map<string, Map<string, { readonly key: InstanceKey; votes: number }>>();
  for (const instance of instances) {
    const group = groupOf(instance);
    if (group?.primary === undefined) continue;
    const ofGroup = claims.get(group.name) ?? new Map<string, { readonly key: InstanceKey; votes: number }>();
    claims.set(group.name, ofGroup);
    const claim = ofGroup.get(keyText(group.primary)) ?? { key: group.primary, votes: 0 };
    claim.votes += 1;
    ofGroup.set(keyText(group.primary), claim);
  }
  const primaries = new Map<string, InstanceKey>();
  for (const [name, ofGroup] of claims) {
    const [first] = [...ofGroup.values()].sort((a, b) => b.votes - a.votes || compareKeys(a.key, b.key));
    if (first !== undefined) primaries.set(name, first.key);
  }
  return primaries;
}

/** Below whom a server stands: its source, or, for a member of a group that has none, the primary of the group. */
export function placeBelow(instance: Instance, primaries: GroupPrimaries): InstanceKey | undefined {
  const source = sourceKey(instance);
  if (source !== undefined) return source;
  const group = groupOf(instance);
  const primary = group && primaries.get(group.name);
  return primary === undefined || sameKey(primary, instance.key) ? undefined : primary;
}
