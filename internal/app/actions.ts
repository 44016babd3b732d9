import type { OperationRequest, Regrouped } from '../operations/requests.ts';
import type { BinlogCoordinates } from '../topology/instance.ts';
import type { InstanceKey } from '../topology/instance-key.ts';
import type { PromotionRule } from '../topology/promotion-rule.ts';

/** Of a downtime, or of a maintenance lock. */
export interface DowntimeRequest {
  readonly owner: string;
  readonly reason: string;
  readonly durationMs: number;
}

export type AcknowledgeRequest =
  | { readonly of: 'all' }
  /** By name or alias. */
  | { readonly of: 'cluster'; readonly name: string; readonly alias: string }
  | { readonly of: 'instance'; readonly key: InstanceKey };

export type RecoverAnswer =
  | { readonly kind: 'promoted'; readonly successor: InstanceKey }
  /** Nothing to recover, or something in the way; no server was changed. */
  | { readonly kind: 'none'; readonly reason: string };

export interface OperationAnswer {
  readonly subject: InstanceKey;
  /** Whom it replicates from now, if it does. */
  readonly source: InstanceKey | undefined;
  readonly moved: readonly InstanceKey[];
  readonly errors: readonly string[];
  /** Where replicas were regrouped. */
  readonly regrouped?: Regrouped;
}

/**
 * What a command may change. Carried out by the daemon that runs on the same backend, since it would neither see what is
 * written behind its back nor keep out of the way; where none runs, by this process.
 *
 * Every method throws `OrchestratorError` when it fails.
 */
export interface Actions {
  /** Reads the server now; the key it knows itself by. Other servers that it points at are left alone. */
  discover(key: InstanceKey): Promise<InstanceKey>;
  forget(key: InstanceKey): Promise<void>;
  beginDowntime(key: InstanceKey, request: DowntimeRequest): Promise<void>;
  endDowntime(key: InstanceKey): Promise<void>;
  /** Keeps automation away from the server. Fails where somebody does already. */
  beginMaintenance(key: InstanceKey, request: DowntimeRequest): Promise<void>;
  endMaintenance(key: InstanceKey): Promise<void>;
  setPromotionRule(key: InstanceKey, rule: PromotionRule): Promise<void>;
  recover(
    key: InstanceKey,
    options: { readonly designated?: InstanceKey; readonly skipHooks: boolean },
  ): Promise<RecoverAnswer>;
  /** Replaces the primary of a cluster, whether it answers or not. The successor. */
  forceFailover(cluster: string, designated?: InstanceKey): Promise<InstanceKey>;
  takeOver(
    cluster: string,
    options: { readonly designated?: InstanceKey; readonly auto: boolean },
  ): Promise<{
    readonly successor: InstanceKey;
    readonly coordinates: BinlogCoordinates;
    readonly warnings: readonly string[];
  }>;
  /** The servers as they are afterwards. */
  operate(request: OperationRequest): Promise<OperationAnswer>;
  /** Transactions of a replica that its source does not have, read now; empty: none. */
  errantGtids(key: InstanceKey): Promise<string>;
  /** Binary logs that hold them. */
  locateErrant(key: InstanceKey): Promise<readonly string[]>;
  /** How many recoveries were acknowledged that had not been. */
  acknowledge(request: AcknowledgeRequest, by: string, comment: string): Promise<number>;
  /** `name` or `name=value`. */
  tag(key: InstanceKey, tag: string): Promise<void>;
  /** From one server, or from all that have exactly this value; those that had it. */
  untag(tag: string, key?: InstanceKey): Promise<readonly InstanceKey[]>;
  /** Puts the servers of a comma list into the pool, and takes all others out of it. */
  submitPool(pool: string, list: string): Promise<void>;
  /** Takes a picture of all topologies, as they are known. */
  recordTopologies(): Promise<void>;
  /** What replicas are told in place of this host; empty: the host itself again. */
  registerVirtualName(key: InstanceKey, hostname: string): Promise<void>;
  /** Has every key-value store hold the primary of the cluster of this name, or of all; the pairs. */
  submitPrimaries(cluster?: string): Promise<readonly { readonly key: string; readonly value: string }[]>;
  /** Host names are resolved anew. */
  forgetResolvedNames(): Promise<void>;
  setRecoveriesDisabled(disabled: boolean): Promise<void>;
  /** Lets go of what is under way: it ends with an error, once it has put in order what it began. */
  interrupt(): void;
  close(): Promise<void>;
}
