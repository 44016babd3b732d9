// How a replica that does not find its place below another server by itself is given one. Pure.

import { GtidSet } from '../../topology/gtid-set.ts';
import { type Instance, isBinlogServer } from '../../topology/instance.ts';
import { keyText } from '../../topology/instance-key.ts';
import { whyNotLevel } from '../../topology/level.ts';
import { mysqlReceived } from '../../topology/received.ts';
import { whyNoPlace } from '../../topology/replication-rules.ts';
import type { PlanOptions } from '../plan.ts';

/**
 * `position`: where the log of its next source stood when that one had applied the same; `gtid`: both have GTIDs, and it goes by them from
 * then on; `markers`: by comparing both logs; `sameLog`: it has read that very log from a binlog server, and goes on where it stands.
 */
export type PlaceBy = 'position' | 'gtid' | 'markers' | 'sameLog';

/** `by`: ways to be tried in this order; undefined: it finds its place by itself. */
export type Placing =
  | { readonly kind: 'placed'; readonly by: readonly PlaceBy[] | undefined }
  | { readonly kind: 'none'; readonly reason: string };

/**
 * @param gone the source that both have lost
 * @param located whether it will be known where the log of the next source stood
 */
export function placingBelow(
  replica: Instance,
  source: Instance,
  { gone, located, options }: { gone: Instance | undefined; located: boolean; options: PlanOptions },
): Placing {
  const byItself = whyNoPlace(replica, source);
  if (byItself === undefined) return { kind: 'placed', by: undefined };
  const notLevel = located ? whyNotLevel(replica, source, gone) : byItself;
  const notMatched = whyNotMatched(replica, source, options);
  const by: PlaceBy[] = [];
  if (notLevel === undefined) by.push('position');
  if (bothKnowGtids(replica, source) && isThereStill(replica, source)) by.push('gtid');
  if (notMatched === undefined) by.push('markers');
  if (by.length > 0) return { kind: 'placed', by };
  return { kind: 'none', reason: `${notLevel}; ${notMatched}` };
}

/** Of all that they have executed since they were made to. */
export function bothKnowGtids(...both: readonly [Instance, Instance]): boolean {
  return both.every(({ gtid }) => gtid.kind === 'mysql' && gtid.mode.toUpperCase() === 'ON');
}

/** What the replica lacks is in the logs of the source, and not purged. */
function isThereStill(replica: Instance, { gtid }: Instance): boolean {
  return gtid.kind === 'mysql' && whatItKeeps(replica).contains(GtidSet.parse(gtid.purged));
}

/** One that is delayed is not waited for, and what it has received and not applied is thrown away when it is pointed elsewhere. */
function whatItKeeps(replica: Instance): GtidSet {
  const delayed = (replica.replication?.delaySeconds ?? 0) > 0;
  return delayed && replica.gtid.kind === 'mysql' ? GtidSet.parse(replica.gtid.executed) : mysqlReceived(replica);
}

function whyNotMatched(replica: Instance, source: Instance, { matches }: PlanOptions): string | undefined {
  if (!matches) return 'PseudoGTIDPattern is not set';
  if (isBinlogServer(replica) || isBinlogServer(source)) return 'a binlog server is not matched';
  const filtered = source.replication?.hasFilters === true;
  return filtered ? `${keyText(source.key)} has replication filters: its log lacks what they leave out` : undefined;
}
