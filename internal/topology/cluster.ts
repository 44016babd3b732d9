import { type Instance, sourceKey, type WatchedInstance } from './instance.ts';
import { compareKeys, type InstanceKey, keyText, sameKey } from './instance-key.ts';
import { type GroupPrimaries, groupPrimaries, placeBelow } from './replication-group.ts';

export interface SnapshotDowntime {
  readonly owner: string;
  readonly reason: string;
  readonly beginMs: number;
  readonly endMs: number;
}

/** One cluster at one moment: everything analysis and planning look at. Immutable. */
export interface ClusterSnapshot {
  /** Contract name of the cluster: `host:port` of its topmost server. */
  readonly name: string;
  readonly alias: string;
  readonly domain: string;
  readonly takenAtMs: number;
  readonly members: readonly WatchedInstance[];
  /** Text keys of members under an active downtime. */
  readonly downtimes: ReadonlyMap<string, SnapshotDowntime>;
  /** Text keys of members under a maintenance lock. */
  readonly maintenance: ReadonlySet<string>;
}

/** Who is who among the members of a snapshot. */
interface Directory {
  readonly byKey: ReadonlyMap<string, WatchedInstance>;
  /** Members that name a key as their source, in key order. */
  readonly bySource: ReadonlyMap<string, readonly WatchedInstance[]>;
  readonly primaries: GroupPrimaries;
}

/** Made at the first question about a snapshot: its members never change. */
const directories = new WeakMap<readonly WatchedInstance[], Directory>();
const NOBODY: readonly WatchedInstance[] = [];

function directoryOf({ members }: ClusterSnapshot): Directory {
  const known = directories.get(members);
  if (known !== undefined) return known;
  const bySource = new Map<string, WatchedInstance[]>();
  for (const member of members) {
    const source = sourceKey(member.instance);
    if (source === undefined) continue;
    const below = bySource.get(keyText(source));
    if (below === undefined) bySource.set(keyText(source), [member]);
    else below.push(member);
  }
  for (const below of bySource.values()) below.sort((a, b) => compareKeys(a.instance.key, b.instance.key));
  const directory = {
    byKey: new Map(members.map((member) => [keyText(member.instance.key), member])),
    bySource,
    primaries: groupPrimaries(members.map(({ instance }) => instance)),
  };
  directories.set(members, directory);
  return directory;
}

export function memberOf(snapshot: ClusterSnapshot, key: InstanceKey): WatchedInstance | undefined {
  return directoryOf(snapshot).byKey.get(keyText(key));
}

/** Members that name `key` as their source, in key order. */
export function replicasOf(snapshot: ClusterSnapshot, key: InstanceKey): readonly WatchedInstance[] {
  return directoryOf(snapshot).bySource.get(keyText(key)) ?? NOBODY;
}

/**
 * Everyone who is left without a source when `key` dies: its replicas, and below those that cannot be reached, the ones
 * that have lost them too. In key order, each level behind the one above.
 */
export function dependantsOf(snapshot: ClusterSnapshot, key: InstanceKey): readonly WatchedInstance[] {
  const found: WatchedInstance[] = [];
  const add = (member: WatchedInstance) => {
    if (found.includes(member) || sameKey(member.instance.key, key)) return;
    found.push(member);
    if (member.valid) return;
    const below = replicasOf(snapshot, member.instance.key);
    for (const one of below) if (one.instance.replication?.receiver !== 'running' || !one.valid) add(one);
  };
  for (const replica of replicasOf(snapshot, key)) add(replica);
  return found;
}

export function isCoPrimary(snapshot: ClusterSnapshot, instance: Instance): boolean {
  const source = sourceKey(instance);
  const partner = source && memberOf(snapshot, source);
  return partner !== undefined && sameKey(sourceKey(partner.instance), instance.key);
}

/** Below whom a server stands: its source, or the primary of its replication group. */
export function placeOf(snapshot: ClusterSnapshot, instance: Instance): InstanceKey | undefined {
  return placeBelow(instance, directoryOf(snapshot).primaries);
}

/** Whoever stands below a server: its replicas, and below the primary of a replication group the other members. */
export function belowOf(snapshot: ClusterSnapshot, key: InstanceKey): readonly WatchedInstance[] {
  const replicas = replicasOf(snapshot, key);
  if (directoryOf(snapshot).primaries.size === 0) return replicas;
  return snapshot.members
    .filter(({ instance }) => sameKey(placeOf(snapshot, instance), key))
    .sort((a, b) => compareKeys(a.instance.key, b.instance.key));
}

export function depthOf(snapshot: ClusterSnapshot, instance: Instance): number {
  const { byKey, primaries } = directoryOf(snapshot);
  return depthIn(snapshot.name, instance, (key) => byKey.get(keyText(key))?.instance, primaries);
}

/** Distance from the top; a source that is not known counts as absent. Rings end at the co-primary that names the cluster. */
export function depthIn(
  cluster: string,
  instance: Instance,
  known: (key: InstanceKey) => Instance | undefined,
  primaries: GroupPrimaries = new Map(),
): number {
  const seen = new Set<string>();
  let current = instance;
  for (let depth = 0; ; depth += 1) {
    const text = keyText(current.key);
    seen.add(text);
    if (text === cluster) return depth;
    const place = placeBelow(current, primaries);
    const above = place && known(place);
    if (above === undefined || seen.has(keyText(above.key))) return depth;
    current = above;
  }
}

/** Servers at the top: without a known source, or one of a co-primary pair. Writable ones first. */
export function primariesOf(snapshot: ClusterSnapshot): readonly WatchedInstance[] {
  return snapshot.members
    .filter(({ instance }) => depthOf(snapshot, instance) === 0 || isCoPrimary(snapshot, instance))
    .sort(
      (a, b) =>
        Number(a.instance.readOnly) - Number(b.instance.readOnly) ||
        depthOf(snapshot, a.instance) - depthOf(snapshot, b.instance) ||
        compareKeys(a.instance.key, b.instance.key),
    );
}

/** Whom a command about the primary means: the only one, or of several the only one that takes writes. Undefined: nobody can tell. */
export function leaderOf(snapshot: ClusterSnapshot): WatchedInstance | undefined {
  const primaries = primariesOf(snapshot);
  const writable = primaries.filter(({ instance }) => !instance.readOnly);
  const [only, ...others] = primaries.length > 1 ? writable : primaries;
  return others.length > 0 ? undefined : only;
}

/**
 * Groups servers into clusters by following sources upwards. The name is the key of the topmost server; of a ring the
 * writable member with the most followers names it, else the smallest key, so that the name does not depend on input order.
 */
export function clusterNames(instances: readonly Instance[]): ReadonlyMap<string, string> {
  const byKey = new Map(instances.map((instance) => [keyText(instance.key), instance]));
  const primaries = groupPrimaries(instances);
  const names = new Map<string, string>();
  for (const instance of instances) names.set(keyText(instance.key), topOf(instance, byKey, primaries));
  return names;
}

function topOf(instance: Instance, byKey: ReadonlyMap<string, Instance>, primaries: GroupPrimaries): string {
  const path: Instance[] = [];
  let current: Instance | undefined = instance;
  while (current !== undefined && !path.includes(current)) {
    path.push(current);
    const place = placeBelow(current, primaries);
    if (place === undefined) return keyText(current.key);
    const above = byKey.get(keyText(place));
    if (above === undefined) return keyText(current.key);
    current = above;
  }
  const ring = current === undefined ? [] : path.slice(path.indexOf(current));
  const [first] = ring.sort((a, b) => Number(a.readOnly) - Number(b.readOnly) || compareKeys(a.key, b.key));
  return keyText((first ?? instance).key);
}
