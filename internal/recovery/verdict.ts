import type { ClusterSnapshot } from '../topology/cluster.ts';
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
  /** The command of an operator that asked for this; empty: nobody did. */
  readonly command: string;
}
