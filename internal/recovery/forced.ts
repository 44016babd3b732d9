// What an operator's command means, and why it cannot be obeyed: asked before anything is changed. Pure.

import { type ClusterSnapshot, isCoPrimary, memberOf, replicasOf } from '../topology/cluster.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import type { RecoveryKind } from './kinds.ts';
import type { FailoverPlan } from './plan.ts';

/** Of a primary that is called dead, whatever else analysis says of it. */
export function forcedKind(snapshot: ClusterSnapshot, key: InstanceKey): RecoveryKind {
  const instance = memberOf(snapshot, key)?.instance;
  return instance !== undefined && isCoPrimary(snapshot, instance) ? 'coPrimary' : 'primary';
}

export interface Forced {
  readonly snapshot: ClusterSnapshot;
  readonly key: InstanceKey;
  readonly designated: InstanceKey | undefined;
  /** It would be made read-only first: what comes to nothing would cost writes. */
  readonly answers: boolean;
  readonly plan: FailoverPlan;
}

/** In words; undefined: nothing is known to be in the way. */
export function whyNotForced({ snapshot, key, designated, answers, plan }: Forced): string | undefined {
  if (designated !== undefined && !replicasOf(snapshot, key).some(({ instance }) => sameKey(instance.key, designated)))
    return `${keyText(designated)} is not a direct replica of ${keyText(key)}`;
  return answers && plan.kind === 'none' ? plan.reasons.join('; ') : undefined;
}
