// Pools: names under which scripts put servers together, such as those that a load balancer sends readers to. They mean nothing to a failover.

import { OrchestratorError } from '../runtime/errors.ts';
import { type ClusterSnapshot, memberOf } from './cluster.ts';
import { isBinlogServer, type WatchedInstance } from './instance.ts';
import { compareKeys, type InstanceKey, keyText, parseKey } from './instance-key.ts';

/** One server in one pool. */
export interface PoolMember {
  readonly pool: string;
  readonly key: InstanceKey;
  /** Wall clock, ms. */
  readonly registeredMs: number;
}

/** Longest name that the backend keeps, of a pool and of a host. */
const LONGEST = 128;

/**
 * The servers of a comma list; none where it is empty. `meant` says which server an address stands for.
 *
 * @throws {OrchestratorError} `INSTANCE_KEY_INVALID`, `BAD_REQUEST`: nothing of it counts then
 */
export function poolServers(
  list: string,
  defaultPort: number,
  meant: (key: InstanceKey) => InstanceKey,
): readonly InstanceKey[] {
  const entries = list
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  const keys = entries.map((entry) => meant(parseKey(entry, defaultPort)));
  for (const { hostname } of keys) requireFit(hostname);
  return [...new Map(keys.map((key) => [keyText(key), key])).values()].sort(compareKeys);
}

/** @throws {OrchestratorError} `BAD_REQUEST` */
export function requirePoolName(pool: string): void {
  if (pool === '') throw new OrchestratorError('BAD_REQUEST', 'a pool needs a name');
  requireFit(pool);
}

/** Those that were submitted less than `lifeMs` ago, by pool, then by server. */
export function livingMembers(members: readonly PoolMember[], nowMs: number, lifeMs: number): readonly PoolMember[] {
  return members.filter(({ registeredMs }) => nowMs - registeredMs < lifeMs).sort(compareMembers);
}

/** Keys of the members of a cluster by the pools that they are in, in the order of `members`; of one pool, or of all. */
export function poolsOf(
  snapshot: ClusterSnapshot,
  members: readonly PoolMember[],
  pool?: string,
): ReadonlyMap<string, readonly InstanceKey[]> {
  const found = new Map<string, InstanceKey[]>();
  for (const { pool: name, key } of members)
    if ((pool === undefined || pool === name) && memberOf(snapshot, key) !== undefined)
      found.set(name, [...(found.get(name) ?? []), key]);
  return found;
}

/** Servers of a cluster that are in the pool, or in any, and can be read from: their last check went well, and they are no binlog servers. */
export function pooledServers(
  snapshot: ClusterSnapshot,
  members: readonly PoolMember[],
  pool?: string,
): readonly WatchedInstance[] {
  const pooled = new Set([...poolsOf(snapshot, members, pool).values()].flat().map(keyText));
  return snapshot.members
    .filter(({ valid, instance }) => valid && !isBinlogServer(instance) && pooled.has(keyText(instance.key)))
    .sort((a, b) => compareKeys(a.instance.key, b.instance.key));
}

function compareMembers(a: PoolMember, b: PoolMember): number {
  if (a.pool !== b.pool) return a.pool < b.pool ? -1 : 1;
  return compareKeys(a.key, b.key);
}

function requireFit(name: string): void {
  if (name.length > LONGEST)
    throw new OrchestratorError('BAD_REQUEST', `longer than ${LONGEST} characters: "${name.slice(0, LONGEST)}"`);
}
