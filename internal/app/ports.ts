import type { TakenToken } from '../backend/access-tokens.ts';
import type { Retention } from '../backend/retention.ts';
import type { KnownCall } from '../command/calls.ts';
import type { RememberedNames } from '../discovery/inventory.ts';
import type { Equivalences } from '../operations/ports.ts';
import type { RecoveryRecord } from '../recovery/book.ts';
import type { BlockedRecord, DetectionRecord } from '../recovery/detections.ts';
import type { RecoveryKind } from '../recovery/kinds.ts';
import type { FailoverPlan } from '../recovery/plan.ts';
import type { Journal } from '../recovery/ports.ts';
import type { HookList } from '../recovery/scripts-behind.ts';
import type { ClusterSnapshot } from '../topology/cluster.ts';
import type { WatchedInstance } from '../topology/instance.ts';
import type { InstanceKey } from '../topology/instance-key.ts';
import type { MaintenanceLock } from '../topology/maintenance-lock.ts';
import type { PoolMember } from '../topology/pools.ts';
import type { PromotionRule } from '../topology/promotion-rule.ts';
import type { ScriptsOf } from './scripts-left.ts';

/** What the working copy in memory is kept in. Every call logs its own failures and never throws. */
export interface Storage extends Omit<Journal, 'stepStarted'> {
  stepStarted(uid: string, number: number, text: string): Promise<void>;
  /** None of the scripts behind this recovery is due any more. */
  scriptsEnded(uid: string): Promise<void>;
  opened(record: RecoveryRecord): Promise<void>;
  /** Somebody else runs it from now on. */
  takenOver(record: RecoveryRecord): Promise<void>;
  closed(record: RecoveryRecord): Promise<void>;
  acknowledged(records: readonly RecoveryRecord[]): Promise<void>;
  instanceSeen(watched: WatchedInstance, cluster: string): void;
  fenceIntended(failed: InstanceKey, cluster: string, successor: InstanceKey): Promise<void>;
  fenced(key: InstanceKey): Promise<void>;
  /** Steps of a recovery that were begun, in order. */
  journalled(uid: string): Promise<readonly string[]>;
  /** What was noted of it, in order. */
  notes(uid: string): Promise<readonly string[]>;
  /** The last plan noted for it. */
  planOf(uid: string): Promise<Extract<FailoverPlan, { kind: 'promote' }> | undefined>;
  audit(type: string, key: InstanceKey, cluster: string, message: string): void;
  recoveriesDisabled(disabled: boolean): void;
  promotionRule(key: InstanceKey, rule: PromotionRule): void;
  downtime(
    key: InstanceKey,
    downtime: { owner: string; reason: string; beginMs: number; endMs: number } | undefined,
  ): void;
  /** The number of the lock: `id`, or where that is 0 the backend's, which is 0 while it does not answer. */
  maintenanceBegun(key: InstanceKey, lock: MaintenanceLock, id: number): Promise<number>;
  maintenanceEnded(key: InstanceKey): Promise<void>;
  /** `undefined`: the cluster is called what its servers suggest. */
  aliasOverride(cluster: string, alias: string | undefined): void;
  /** A cluster is called after another server now; what was set by hand for it stays. */
  clusterRenamed(from: string, to: string): void;
  /** Which server takes the writes of a domain, or of a cluster that has none, for programs that read it there. */
  writerOf(name: string, key: InstanceKey): void;
  tagged(key: InstanceKey, name: string, value: string): void;
  /** `value` null: whatever it says. */
  untagged(keys: readonly InstanceKey[], name: string, value: string | null): void;
  /** What replicas are told in place of a host; empty: the host itself. */
  virtualName(hostname: string, virtual: string): void;
  /** These servers and no others are in the pool. */
  poolSubmitted(pool: string, keys: readonly InstanceKey[]): void;
  /** Markers are written in this cluster. */
  marked(cluster: string): void;
  /** Places in the binary logs of servers that are the same. */
  readonly equivalences: Equivalences;
  /** An access token of the group was taken up. */
  tokenTaken(token: TakenToken): void;
  /** One key-value pair for others to read. */
  published(name: string, value: string): void;
  /** The analysis code of a server, whenever it may have changed. */
  analysed(key: InstanceKey, code: string): void;
  /** One host name stands for another. */
  resolved(given: string, name: string): void;
  resolvedNamesForgotten(): Promise<void>;
  forgotten(key: InstanceKey): void;
  detected(detection: DetectionRecord): void;
  blocked(record: BlockedRecord): void;
  /** A call was made under a key, or its caller told of its end. */
  callKept(call: KnownCall): void;
  callForgotten(id: string): void;
  /** Lets go of what all nodes of a group keep and is old enough at `nowMs`. */
  expired(nowMs: number, retention: Retention): Promise<void>;
}

/** What the backend still knew at start. */
export interface Restored {
  readonly instances: readonly WatchedInstance[];
  readonly recoveries: readonly RecoveryRecord[];
  readonly detections: readonly DetectionRecord[];
  readonly openFences: readonly InstanceKey[];
  /** Behind recoveries that have ended. */
  readonly scriptsLeft: readonly ScriptsOf[];
  readonly recoveriesDisabled: boolean;
  readonly promotionRules: ReadonlyMap<string, PromotionRule>;
  readonly downtimes: readonly {
    readonly key: InstanceKey;
    readonly owner: string;
    readonly reason: string;
    readonly beginMs: number;
    readonly endMs: number;
  }[];
  readonly maintenances: readonly (MaintenanceLock & { readonly key: InstanceKey; readonly id: number })[];
  readonly calls: readonly KnownCall[];
  readonly pools: readonly PoolMember[];
  /** Public access tokens with the times of their issue, ms. */
  readonly tokens: ReadonlyMap<string, number>;
  /** By cluster name. */
  readonly aliasOverrides: ReadonlyMap<string, string>;
  readonly names: RememberedNames;
  /** Host names and what they were known as. */
  readonly resolvedNames: ReadonlyMap<string, string>;
  /** Canonical host names and what replicas are told in their place. */
  readonly virtualNames: ReadonlyMap<string, string>;
  /** Clusters with markers of our own, and when that was noted last, ms. */
  readonly markedClusters: ReadonlyMap<string, number>;
}

export type RunHooks = (
  list: HookList | 'detection' | 'preGraceful' | 'postGraceful',
  context: HookSubject,
  /** Asked before each script: it throws where this node may not act any more. */
  confirm: () => Promise<void>,
  /** Number of the first one to run; those before it were begun already. Default: 0. */
  from?: number,
) => Promise<boolean>;

/** What a hook is told about. */
export interface HookSubject {
  readonly uid: string;
  readonly code: string;
  readonly description: string;
  readonly command: string;
  readonly kind: RecoveryKind;
  readonly failed: InstanceKey;
  readonly snapshot: ClusterSnapshot;
  readonly record: RecoveryRecord | undefined;
  readonly successor: InstanceKey | undefined;
}
