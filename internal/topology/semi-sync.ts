// Which replicas are to acknowledge what a primary writes. Sources: the manuals of both families; how an operator ranks the replicas is
// contract (`DetectSemiSyncEnforcedQuery`: 0 never acknowledges, of the others the higher comes first).

import { hasSeveralSources, type Instance } from './instance.ts';
import { compareKeys, sameKey } from './instance-key.ts';
import { promotionRank } from './promotion-rule.ts';

/** `exact`: as many as are waited for, no more. `enough`: no fewer. `each`: every one of a priority, whatever is waited for. */
export type SemiSyncMode = 'exact' | 'enough' | 'each';

/** How many acknowledgements each write waits for. MariaDB has no variable for it: one. */
export function acknowledgementsNeeded({ family, semiSync }: Instance): number {
  return family === 'mariadb' ? 1 : semiSync.waitForReplicaCount;
}

/** So many more than are connected; negative: so many too many. */
export function acknowledgementsMissing(primary: Instance): number {
  return acknowledgementsNeeded(primary) - primary.semiSync.sourceClients;
}

/** A primary that lets writes wait, or would. */
export function waitsForAcknowledgements(primary: Instance): boolean {
  const { sourceEnabled, sourceActive } = primary.semiSync;
  return sourceEnabled && sourceActive && acknowledgementsNeeded(primary) > 0;
}

/** Those that may acknowledge, in the order of the operator. */
export function possibleAcknowledgers(replicas: readonly Instance[]): readonly Instance[] {
  return replicas
    .filter((one) => one.semiSyncPriority > 0 && one.semiSync.available && !hasSeveralSources(one))
    .sort(
      (a, b) =>
        b.semiSyncPriority - a.semiSyncPriority ||
        promotionRank(a.promotionRule) - promotionRank(b.promotionRule) ||
        compareKeys(a.key, b.key),
    );
}

/** What is to be set on a replica before it starts; what is not named stays as it is. */
export interface SemiSyncAtStart {
  readonly source?: false;
  readonly replica?: boolean;
}

/**
 * For a replica that is about to follow `source`, among all that will. A source side that is on would let the applier of a replica wait
 * for replicas of its own.
 */
export function semiSyncAtStart(
  replica: Instance,
  source: Instance,
  all: readonly Instance[],
  mode: SemiSyncMode,
): SemiSyncAtStart {
  if (!replica.semiSync.available) return {};
  const wanted = acknowledges(replica, source, all, mode);
  const { sourceEnabled, replicaEnabled } = replica.semiSync;
  return {
    ...(replica.semiSyncPriority > 0 && sourceEnabled ? { source: false } : {}),
    ...(wanted === undefined || wanted === replicaEnabled ? {} : { replica: wanted }),
  };
}

/** Undefined: nobody says. */
function acknowledges(
  replica: Instance,
  source: Instance,
  all: readonly Instance[],
  mode: SemiSyncMode,
): boolean | undefined {
  if (mode === 'each') return replica.semiSyncPriority > 0 ? replica.promotionRule !== 'must_not' : undefined;
  const possible = possibleAcknowledgers(all);
  const isAmong = (some: readonly Instance[]) => some.some(({ key }) => sameKey(key, replica.key));
  const needed = acknowledgementsNeeded(source);
  if (mode === 'exact') return isAmong(possible.slice(0, needed));
  const on = possible.filter(({ semiSync }) => semiSync.replicaEnabled);
  const missing = Math.max(0, needed - on.length);
  const more = possible.filter((one) => !on.includes(one)).slice(0, missing);
  return isAmong(more) ? true : undefined;
}
