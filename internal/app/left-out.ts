// Which servers the configuration wants left alone.

import { isIgnoredUser } from '../mysql/found-replicas.ts';
import { matchesServer } from '../recovery/filters.ts';
import type { Log } from '../runtime/log.ts';
import type { Instance } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { Settings } from './settings.ts';

/** By its address, and by how it was found. */
export function isLeftOut(ignore: Settings['ignore'], key: InstanceKey, found: 'seed' | 'replica' | 'source'): boolean {
  const filters = [
    ...ignore.any,
    ...(found === 'replica' ? ignore.replicas : []),
    ...(found === 'source' ? ignore.sources : []),
  ];
  return filters.some((filter) => matchesServer(filter, key));
}

/** By the user that it replicates as. */
export function isUnwanted(
  { ignoredUsers, logIgnored }: Settings['servers']['replicas'],
  { key, replication }: Instance,
  log: Log,
): boolean {
  const user = replication?.user ?? '';
  if (!isIgnoredUser(ignoredUsers, user)) return false;
  const fields = { instance: keyText(key), user };
  if (logIgnored) log.info(fields, 'left out for its replication user (DiscoveryIgnoreReplicationUsernameFilters)');
  return true;
}
