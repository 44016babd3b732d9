// Two replicas of a source that is gone, by file and position. Pure.

import { compareCoordinates } from './binlog-position.ts';
import { isBroken } from './candidate-content.ts';
import { type Instance, type ReplicationStatus, sourceKey } from './instance.ts';
import { keyText, sameKey } from './instance-key.ts';

/**
 * Why `replica` does not stand at the same event as `below` once both have applied all that they received: what the log of `below` gets
 * from then on would not be all that `replica` needs. Undefined: it does.
 *
 * @param gone their source as it was seen last, where that is known
 */
export function whyNotLevel(replica: Instance, below: Instance, gone: Instance | undefined): string | undefined {
  const [mine, theirs] = [replica.replication, below.replication];
  if (mine === undefined || theirs === undefined || !readSameLog(mine, theirs))
    return `has not read the same log as ${keyText(below.key)}, and goes by file and position`;
  if (compareCoordinates(mine.read, theirs.read) !== 0)
    return `has not received the same as ${keyText(below.key)}, and goes by file and position`;
  const partner = [replica, below].find(({ key }) => sameKey(key, gone && sourceKey(gone)));
  if (partner !== undefined)
    return `goes by file and position, and what the co-primary ${keyText(partner.key)} wrote itself may not have gone round`;
  if (!below.readOnly)
    return `goes by file and position, and ${keyText(below.key)} was not read-only: what it wrote itself is not known`;
  if (isBroken(replica)) return 'cannot apply what it has received';
  const waits = mine.delaySeconds > 0 && compareCoordinates(mine.read, mine.executed) !== 0;
  return waits ? 'is delayed on purpose and has not applied what it received' : undefined;
}

/** By the UUID of the server that wrote it, where both know that one; an address may be spelt in two ways. */
export function readSameLog(
  one: Pick<ReplicationStatus, 'source' | 'sourceUuid'>,
  other: Pick<ReplicationStatus, 'source' | 'sourceUuid'>,
): boolean {
  if (one.sourceUuid !== '' && other.sourceUuid !== '') return one.sourceUuid === other.sourceUuid;
  return sameKey(one.source, other.source);
}
