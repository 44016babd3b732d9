import type { ClusterSnapshot } from '../topology/cluster.ts';
import type { WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, sameKey } from '../topology/instance-key.ts';
import { KINDS, type RecoveryKind } from './kinds.ts';
import type { Finding } from './sentinel.ts';

/** What analysis found about one server, as far as recovery needs it. */
export interface Verdict {
  /** Wire name of the problem. */
  readonly code: string;
  readonly description: string;
  readonly kind: RecoveryKind;
  readonly key: InstanceKey;
  readonly snapshot: ClusterSnapshot;
  readonly suppressedBy: 'downtime' | 'maintenance' | undefined;
  /** Who replaced the source above the failed server, where that one was replaced. */
  readonly heir?: WatchedInstance;
  /** The command of an operator that asked for this; empty: nobody did. */
  readonly command: string;
  /** How long the server has had this problem, as far as this process knows, ms. */
  readonly lastedMs?: number;
}

/**
 * The same problem among those that are found now: to be acted upon, of the same server, and of a family with the former. A primary that was dead
 * and answers by now may have another problem, which is no reason to replace it.
 */
export function stillFound(verdict: Pick<Verdict, 'key' | 'kind'>, findings: readonly Finding[]): Finding | undefined {
  const found = findings.find(({ key }) => sameKey(key, verdict.key));
  if (found === undefined || KINDS[found.kind].family !== KINDS[verdict.kind].family) return undefined;
  return found.response === 'recover' ? found : undefined;
}
