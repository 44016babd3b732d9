// Which primaries others are told of. Being wrong here sends writes to the wrong server, so whoever is in doubt is left out: what was
// published before stays.

import { type ClusterSnapshot, primariesOf } from '../topology/cluster.ts';
import { LOST_IN_RECOVERY } from '../topology/downtime.ts';
import type { WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';

export interface PublishedPrimary {
  readonly alias: string;
  readonly key: InstanceKey;
}

export interface PublishedPrimaries {
  /** One per alias. */
  readonly primaries: readonly PublishedPrimary[];
  /** More than one cluster claims them, each with a primary that takes writes. */
  readonly disputed: readonly string[];
}

/** @param wasReplaced a recovery gave the place of this server to another one, and it has not led since */
export function publishedPrimaries(
  snapshots: readonly ClusterSnapshot[],
  wasReplaced: (key: InstanceKey) => boolean,
): PublishedPrimaries {
  const byAlias = new Map<string, InstanceKey[]>();
  for (const snapshot of snapshots) {
    const primary = primariesOf(snapshot).find((one) => takesWrites(snapshot, one) && !wasReplaced(one.instance.key));
    if (primary === undefined) continue;
    byAlias.set(snapshot.alias, [...(byAlias.get(snapshot.alias) ?? []), primary.instance.key]);
  }
  const all = [...byAlias];
  return {
    primaries: all.flatMap(([alias, [key, another]]) =>
      key === undefined || another !== undefined ? [] : [{ alias, key }],
    ),
    disputed: all.filter(([, keys]) => keys.length > 1).map(([alias]) => alias),
  };
}

/** Seen to, lately, and not set aside by a recovery. */
function takesWrites({ downtimes }: ClusterSnapshot, { valid, instance }: WatchedInstance): boolean {
  return valid && !instance.readOnly && downtimes.get(keyText(instance.key))?.reason !== LOST_IN_RECOVERY;
}
