import type { ClusterSnapshot } from '../topology/cluster.ts';
import type { WatchedInstance } from '../topology/instance.ts';
import type { InstanceKey } from '../topology/instance-key.ts';
import type { RecoveryKind } from './book.ts';

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
}
