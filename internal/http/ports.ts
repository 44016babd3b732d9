import type { Analysis } from '../analysis/analyse.ts';
import type { RecoveryRecord } from '../recovery/book.ts';
import type { BlockedRecord, DetectionRecord } from '../recovery/detections.ts';
import type { Gate } from '../recovery/gates.ts';
import type { FailoverPlan } from '../recovery/plan.ts';
import type { ClusterSnapshot } from '../topology/cluster.ts';
import type { Instance } from '../topology/instance.ts';
import type { InstanceKey } from '../topology/instance-key.ts';
import type { PromotionRule } from '../topology/promotion-rule.ts';
import type { Tag } from '../topology/tag-expression.ts';
import type { AuthenticationSettings } from './authentication.ts';
import type { GroupView } from './group-view.ts';
import type { ListenerTls } from './listener-tls.ts';
import type { RelayTls } from './relay/relay.ts';

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

export interface DetectionEntry extends DetectionRecord {
  readonly id: number;
  readonly active: boolean;
  readonly node: { readonly hostname: string; readonly token: string };
  /** The newest recovery that came of it; 0: none. */
  readonly recoveryId: number;
}

export interface RecoveryEntry {
  /** The number that people name it by, also after a restart; 0: the backend did not take it yet. */
  readonly id: number;
  /** The detection that it came of; 0: none is known. */
  readonly detectionId: number;
  /** The process that ran it. */
  readonly node: { readonly hostname: string; readonly token: string };
  readonly record: RecoveryRecord;
}

export interface BlockedEntry extends Omit<BlockedRecord, 'alias'> {
  readonly blockingId: number;
}

/** A lock that keeps automation away from one server. Times are wall-clock milliseconds. */
export interface MaintenanceEntry {
  /** For `end-maintenance/:maintenanceKey`; 0: the backend did not answer. */
  readonly id: number;
  readonly key: InstanceKey;
  readonly owner: string;
  readonly reason: string;
  readonly beginMs: number;
  readonly endMs: number;
}

/** A promotion rule as it was registered. Times are wall-clock milliseconds. */
export interface CandidateEntry {
  readonly key: InstanceKey;
  readonly rule: PromotionRule;
  readonly suggestedMs: number;
  /** Undefined: it stays until it is replaced. */
  readonly expiresMs: number | undefined;
}

/** The analysis code of a server became this one. */
export interface AnalysisChange {
  readonly key: InstanceKey;
  readonly code: string;
  readonly atMs: number;
}

export interface ResolvedNameEntry {
  readonly given: string;
  readonly resolved: string;
  readonly expiresMs: number;
}

export interface NodeEntry {
  readonly hostname: string;
  readonly token: string;
  readonly lastSeenMs: number;
  readonly firstSeenMs: number;
  readonly version: string;
  readonly mode: string;
  readonly backend: string;
}

/** What this node knows of itself and of the others on its backend. */
export interface NodeHealth {
  /** Why the backend does not take what it is given, or cannot be read; undefined: all is well. */
  readonly failure: string | undefined;
  readonly self: NodeEntry;
  /** The one that watches and recovers; undefined: none was heard of. */
  readonly active: NodeEntry | undefined;
  /** Daemons that work on this backend, itself included. */
  readonly nodes: readonly NodeEntry[];
}

export interface Election {
  /** This node leads from now on, whoever did until now. */
  grab(): Promise<void>;
  /** Whoever leads steps down, and the others may take the lead first. */
  reelect(): Promise<void>;
}

export interface Readiness {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** Everything the routes ask of the rest of the house. */
export interface Services {
  snapshots(): readonly ClusterSnapshot[];
  analyse(snapshot: ClusterSnapshot): readonly Analysis[];
  clusterFlags(cluster: Pick<ClusterSnapshot, 'name' | 'alias'>): {
    readonly primary: boolean;
    readonly intermediate: boolean;
  };
  /** The key under which a server at this address is filed; itself, where nothing else is known of it. */
  canonical(key: InstanceKey): InstanceKey;
  /**
   * Looks the host up, and connects to it.
   *
   * @throws {OrchestratorError} `CONNECT_FAILED`, `CONNECT_TIMEOUT`
   */
  resolve(key: InstanceKey): Promise<InstanceKey>;
  resolvedNames(): readonly ResolvedNameEntry[];
  /** In memory and in the backend. */
  forgetResolvedNames(): Promise<void>;
  discover(key: InstanceKey): Promise<Instance>;
  watch(key: InstanceKey): Promise<void>;
  /** False: it was not known. */
  forget(key: InstanceKey): Promise<boolean>;
  forgetCluster(snapshot: ClusterSnapshot): Promise<void>;
  beginDowntime(key: InstanceKey, owner: string, reason: string, durationMs: number): Promise<void>;
  endDowntime(key: InstanceKey): Promise<boolean>;
  setPromotionRule(key: InstanceKey, rule: PromotionRule): Promise<void>;
  /** By server. */
  candidates(): Promise<readonly CandidateEntry[]>;
  /** Oldest first. */
  analysisChanges(): Promise<readonly AnalysisChange[]>;
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
  /**
   * Waits until nothing is done about the cluster. The recovery of this server that ended meanwhile, or that succeeded a
   * moment ago: the answer to a call that was repeated.
   */
  repeatedRecovery(cluster: string, failed: InstanceKey): Promise<RecoveryRecord | undefined>;
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
  /** Newest first. */
  recoveries(): Promise<readonly RecoveryEntry[]>;
  steps(uid: string): Promise<readonly RecoveryStepEntry[]>;
  /** Newest first, twenty to a page; of one server, or of all. */
  audits(page: number, only?: InstanceKey): Promise<readonly AuditEntry[]>;
  /** Newest first, twenty to a page, pages from 0; of clusters with this alias, or of all. */
  detections(page: number, alias?: string): Promise<readonly DetectionEntry[]>;
  detection(id: number): Promise<DetectionEntry | undefined>;
  /** Recoveries held back, newest first; of the cluster of this name, or of all. */
  blockedRecoveries(cluster?: string): Promise<readonly BlockedEntry[]>;
  /** @throws {OrchestratorError} `CONFLICT`: the server is locked already */
  beginMaintenance(key: InstanceKey, owner: string, reason: string, durationMs: number): Promise<MaintenanceEntry>;
  /** False: there was no lock. */
  endMaintenance(key: InstanceKey): Promise<boolean>;
  endMaintenanceById(id: number): Promise<boolean>;
  maintenances(): readonly MaintenanceEntry[];
  /** `undefined`: back to what the servers suggest. */
  setAliasOverride(cluster: string, alias: string | undefined): Promise<void>;
  /** Of one server, or of all. */
  tags(key?: InstanceKey): Promise<readonly Tag[]>;
  /** The group that this node belongs to, or waits to; undefined where `RaftEnabled` is not set. */
  readonly group: GroupView | undefined;
  /** Of the leader among daemons that share a backend; undefined where this one shares it with nobody, or belongs to a group. */
  readonly election: Election | undefined;
  /** Whether this node is the one that watches and recovers. */
  leads(): boolean;
  health(): Promise<NodeHealth>;
  acknowledge(
    selects: (record: RecoveryRecord) => boolean,
    by: string,
    comment: string,
  ): Promise<readonly RecoveryRecord[]>;
  recoveriesDisabled(): boolean;
  setRecoveriesDisabled(disabled: boolean): Promise<void>;
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
  /** What this node needs before it can be relied on, each with what there is to say of it. */
  readiness(): readonly Readiness[];
  metrics(): Promise<{ readonly type: string; readonly text: string }>;
}

export interface HttpSettings {
  readonly node: { readonly hostname: string; readonly token: string };
  readonly pollSeconds: number;
  readonly reasonableLagSeconds: number;
  readonly maintenanceLagSeconds: number;
  readonly defaultPort: number;
  readonly blockMs: number;
  readonly readOnly: boolean;
  readonly urlPrefix: string;
  /** `/api/status`, or a path that is served as it stands, without the prefix. */
  readonly statusEndpoint: string;
  /** Undefined: plain HTTP. */
  readonly tls: ListenerTls | undefined;
  /** The status endpoint asks for the certificate of the client too, where the others do. */
  readonly statusNeedsCertificate: boolean;
  /** Put in front of the message of every envelope. */
  readonly messagePrefix: string;
  readonly authentication: AuthenticationSettings;
  readonly filters: {
    readonly primary: readonly string[];
    readonly intermediate: readonly string[];
    /** Expressions on `host:port`. */
    readonly recoveryIgnore: readonly string[];
    readonly problemIgnore: readonly string[];
    readonly controlIgnore: readonly string[];
  };
  readonly raft: RaftHttpSettings;
}

/** Of no effect outside of a group. */
export interface RaftHttpSettings {
  /** Port of a node that is named without one; 0: none. */
  readonly defaultPort: number;
  /** How old the last contact with a leader may be for reads to be answered without it. */
  readonly staleReadMs: number;
  /** Entries of the log that a node may lack and still be of use. */
  readonly readyMaxLag: number;
  /** How long a relayed call may take to begin its answer. */
  readonly relayAnswerMs: number;
  readonly tls: RelayTls;
}
