// Who may run a recovery. Judged by each node alike from what was agreed on before, so that the answer is the same everywhere:
// no clock, no configuration, nothing of this node. Pure.

import type { Stamp } from '../command/command.ts';
import type { RecoveryRecord } from './book.ts';

/** Under which a claim is judged; they travel with it. */
export interface ClaimTerms {
  /** In which it was proposed: one that is agreed on in another comes too late. */
  readonly term: number;
  /** Nobody asked for the recovery: it yields to the global switch, and to another one a moment ago. */
  readonly automatic: boolean;
  readonly blockMs: number;
}

/** By whom a recovery is run. */
export interface Holder {
  readonly node: string;
  readonly term: number;
}

export interface ClaimFacts {
  /** The recovery itself, where this is the take-over of one. */
  readonly known: RecoveryRecord | undefined;
  /** Another one of the cluster, or of the failed server, that has not ended. */
  readonly open: RecoveryRecord | undefined;
  /** One that keeps an automatic one from starting. */
  readonly blocking: RecoveryRecord | undefined;
  readonly disabled: boolean;
}

/** Why a claim is not granted; undefined: it is. */
export function whyNotGranted(terms: ClaimTerms, stamp: Stamp, facts: ClaimFacts): string | undefined {
  const { known, open, blocking, disabled } = facts;
  if (terms.term !== stamp.term) return `it was asked for in term ${terms.term}, and this is term ${stamp.term}`;
  if (known !== undefined) {
    if (known.endedMs !== undefined) return 'it has ended';
    return mayTakeOver(stamp, known.holder) ? undefined : `it is in the hands of ${holderText(known.holder)}`;
  }
  if (open !== undefined) return `recovery ${open.uid} of this cluster is open`;
  if (!terms.automatic) return undefined;
  if (disabled) return 'recoveries are disabled';
  return blocking === undefined ? undefined : `recovery ${blocking.uid} was a moment ago`;
}

/** Whether what was agreed on with this stamp came from who runs the recovery. Where a node is alone there is nobody else. */
export function isHeldBy({ node, term }: Stamp, holder: Holder | undefined): boolean {
  return term === 0 || (holder?.node === node && holder.term === term);
}

/** A later term outranks an earlier one; a node that was told to be alone has nobody to yield to. */
function mayTakeOver(stamp: Stamp, holder: Holder | undefined): boolean {
  return isHeldBy(stamp, holder) || stamp.term > (holder?.term ?? 0);
}

function holderText(holder: Holder | undefined): string {
  return holder === undefined ? 'nobody known' : `${holder.node} in term ${holder.term}`;
}
