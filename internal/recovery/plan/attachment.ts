// How a replica is put below its next source. Pure.

import { type Instance, lagSeconds } from '../../topology/instance.ts';
import { type SemiSyncAtStart, semiSyncAtStart } from '../../topology/semi-sync.ts';
import type { PlanOptions, Step } from '../plan.ts';
import type { PlaceBy } from './place.ts';

type Attachment = Extract<Step, { kind: 'attach' }>;

/** MySQL lets an applier stop in the middle of a transaction once it has waited a minute for the rest (seen with 9.7). */
export const HALT_MS = 75_000;

/** What is said of a replica by file and position: how it gets its place, and what becomes of it where it gets none. */
export type Given = Pick<Attachment, 'otherwise'> & { readonly by: readonly PlaceBy[] | undefined };

/** @param all whoever will follow the source, the replica among them */
export function attachment(
  replica: Instance,
  source: Instance,
  all: readonly Instance[],
  options: PlanOptions,
  { by, otherwise }: Given = { by: undefined },
): Attachment {
  const reads = by?.[0] === 'markers'; // logs, which may be long
  return {
    ...{ kind: 'attach', target: replica.key, source: source.key },
    ...(by === undefined
      ? {}
      : {
          by,
          limitMs: options.drainLimitMs + (by.every((way) => way === 'position') ? 0 : 2 * HALT_MS), // once as it applies, once halted
          ...(otherwise && { otherwise }),
        }),
    ...semiSyncBelow(replica, source, all, options),
    ...(reads || isPostponed(replica, options) ? { postponed: true } : {}),
  };
}

/** Undone where nothing has to change. */
export function semiSyncBelow(
  replica: Instance,
  source: Instance,
  all: readonly Instance[],
  { semiSync: mode }: PlanOptions,
): { readonly semiSync?: SemiSyncAtStart } {
  const semiSync = semiSyncAtStart(replica, source, all, mode === 'off' ? 'each' : mode);
  return Object.keys(semiSync).length === 0 ? {} : { semiSync };
}

/** By what the operator set it behind, or by what it is. */
function isPostponed(replica: Instance, { postponeLagSeconds }: PlanOptions): boolean {
  const behind = Math.max(replica.replication?.delaySeconds ?? 0, lagSeconds(replica) ?? 0);
  return postponeLagSeconds > 0 && behind > postponeLagSeconds;
}
