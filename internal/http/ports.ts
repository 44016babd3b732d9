import type { Analysis } from '../analysis/analyse.ts';
import type { RecoveryRecord } from '../recovery/book.ts';
import type { Gate } from '../recovery/gates.ts';
import type { FailoverPlan } from '../recovery/plan.ts';
import type { ClusterSnapshot } from '../topology/cluster.ts';
import type { Instance } from '../topology/instance.ts';
import type { InstanceKey } from '../topology/instance-key.ts';
import type { PromotionRule } from '../topology/promotion-rule.ts';

export interface AuditEntry {
  readonly id: number;
  readonly at: string;
  readonly type: string;
  readonly key: InstanceKey;
  readonly message: string;
}

export interface RecoveryStepEntry {
  readonly id: number;
  readonly at: string;
  readonly message: string;
}

/** Everything the routes ask of the rest of the house. */
export interface Services {
  snapshots(): readonly ClusterSnapshot[];
  analyse(snapshot: ClusterSnapshot): readonly Analysis[];
  clusterFlags(snapshot: ClusterSnapshot): { readonly primary: boolean; readonly intermediate: boolean };
  discover(key: InstanceKey): Promise<Instance>;
  watch(key: InstanceKey): void;
  forget(key: InstanceKey): boolean;
  beginDowntime(key: InstanceKey, owner: string, reason: string, durationMs: number): void;
  endDowntime(key: InstanceKey): boolean;
  setPromotionRule(key: InstanceKey, rule: PromotionRule): void;
  recover(
    snapshot: ClusterSnapshot,
    key: InstanceKey,
    options: {
      readonly code?: string;
      readonly command?: string;
      readonly designated?: InstanceKey;
      readonly skipHooks?: boolean;
    },
  ): Promise<
    | { readonly kind: 'recovered'; readonly record: RecoveryRecord }
    | { readonly kind: 'refused'; readonly gate: Gate }
    | undefined
  >;
  takeOver(request: {
    readonly snapshot: ClusterSnapshot;
    readonly designated?: InstanceKey;
    readonly auto: boolean;
  }): Promise<{
    readonly record: RecoveryRecord;
    readonly warnings: readonly string[];
  }>;
  /** What would happen if the primary of this cluster died now, with the gates an automatic recovery would have to pass. */
  failoverPlan(snapshot: ClusterSnapshot): Promise<{
    readonly plan: FailoverPlan;
    /** What would be sent where, step by step. */
    readonly execution: readonly {
      readonly step: string;
      readonly statements: readonly { readonly server: string; readonly sql: string }[];
    }[];
    readonly gates: readonly Gate[];
    readonly firstNo: Gate | null;
  }>;
  recoveries(): readonly RecoveryRecord[];
  steps(uid: string): readonly RecoveryStepEntry[];
  audits(page: number): readonly AuditEntry[];
  acknowledge(
    selects: (record: RecoveryRecord) => boolean,
    by: string,
    comment: string,
  ): Promise<readonly RecoveryRecord[]>;
  recoveriesDisabled(): boolean;
  setRecoveriesDisabled(disabled: boolean): void;
  /**
   * Reads the configuration files again, and `file` on top of them this once.
   *
   * @throws {OrchestratorError} `CONFIG_INVALID`: the values in force stay
   */
  reload(file?: string): {
    /** Keys whose new value is in force. */
    readonly changed: readonly string[];
    /** Keys whose new value waits for a restart. */
    readonly waiting: readonly string[];
    readonly warnings: readonly string[];
  };
  /** Whether the first round of probes is over. */
  ready(): boolean;
  metrics(): Promise<{ readonly type: string; readonly text: string }>;
}

export interface HttpSettings {
  readonly node: { readonly hostname: string; readonly token: string };
  /** Where the backend is: its data file, or host and port. */
  readonly backend: string;
  readonly pollSeconds: number;
  readonly reasonableLagSeconds: number;
  readonly maintenanceLagSeconds: number;
  readonly defaultPort: number;
  readonly blockMs: number;
  readonly readOnly: boolean;
  readonly urlPrefix: string;
}
