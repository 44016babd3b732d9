import type { Analysis } from '../analysis/analyse.ts';
import type { CallOutcome } from '../command/calls.ts';
import type { BackendWrite, DiscoverySample, QueueName, QueueSample } from '../metrics/recent.ts';
import type { Rehearsed, RehearsedName } from '../operations/rehearsal.ts';
import type { OperationOutcome, OperationRequest } from '../operations/requests.ts';
import type { RecoveryRecord } from '../recovery/book.ts';
import type { BlockedRecord, DetectionRecord } from '../recovery/detections.ts';
import type { Gate } from '../recovery/gates.ts';
import type { FailoverPlan } from '../recovery/plan.ts';
import type { LogPlace } from '../topology/binlog-position.ts';
import type { ClusterSnapshot } from '../topology/cluster.ts';
import type { Instance } from '../topology/instance.ts';
import type { InstanceKey } from '../topology/instance-key.ts';
import type { PoolMember } from '../topology/pools.ts';
import type { PromotionRule } from '../topology/promotion-rule.ts';
import type { Marker } from '../topology/pseudo-gtid-search.ts';
import type { ReplicationRuleOptions } from '../topology/replication-rules.ts';
import type { Tag } from '../topology/tag-expression.ts';
import type { AuthenticationSettings } from './authentication.ts';
import type { GroupView } from './group-view.ts';
import type { ListenerTls } from './listener-tls.ts';
import type { RelayTls } from './relay/relay.ts';
import type { EventSource } from './v2/events/happenings.ts';

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

export type { BackendWrite, DiscoverySample, QueueName, QueueSample };

/** What happened in the last seconds, the oldest first. */
export interface RecentView {
  discoveries(seconds: number): readonly DiscoverySample[];
  /** One a second. */
  queue(name: QueueName, seconds: number): readonly QueueSample[];
  writes(seconds: number): readonly BackendWrite[];
}

export interface Readiness {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** `open`: it was begun by whoever is gone by now. */
export type CallStart =
  | { readonly kind: 'begun'; readonly attempt: string }
  | { readonly kind: 'open'; readonly request: string }
  | { readonly kind: 'ended'; readonly request: string; readonly outcome: CallOutcome };

/** Of calls that are made once, for ten minutes. */
export interface CallMemory {
  /**
   * To be asked before a call is made; `begun`: by this caller, who says how it ended.
   *
   * @param id of key and caller
   * @param request what is asked for
   * @throws {OrchestratorError} `NOT_LEADER`, `UNAVAILABLE`, `OUTCOME_UNKNOWN`: it must not be made
   */
  begin(id: string, request: string): Promise<CallStart>;
  /**
   * @param outcome undefined: nothing was done
   * @throws {OrchestratorError} the same: whoever asks again is not told of it
   */
  end(id: string, attempt: string, outcome: CallOutcome | undefined): Promise<void>;
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
  /** Has the names looked up that nobody has used before, within a bounded time, so that `canonical` knows what they stand for. */
  introduce(hostnames: readonly string[]): Promise<void>;
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
  /** @throws {OrchestratorError} `CONFLICT`, `NOT_FOUND`: nothing was changed; `OPERATION_FAILED` with what became of the servers */
  operate(request: OperationRequest): Promise<OperationOutcome>;
  /** Places in the binary logs of other servers that are known to be the same as this one. */
  equivalents(place: LogPlace): Promise<readonly LogPlace[]>;
  /** What a move would do; servers are read, and nothing is changed. @throws {OrchestratorError} `CONFLICT`: it would be refused */
  rehearse(operation: RehearsedName, request: OperationRequest): Promise<Rehearsed>;
  /** The newest Pseudo-GTID entry in the logs of a server. */
  lastMarker(key: InstanceKey): Promise<Marker>;
  /** Binary logs that hold errant transactions of a replica. */
  locateErrant(key: InstanceKey): Promise<readonly string[]>;
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
  /** Newest first, those with a smaller number. */
  auditsBefore(id: number, limit: number, only?: InstanceKey): Promise<readonly AuditEntry[]>;
  /** Newest first, those with a smaller number. */
  detectionsBefore(id: number, limit: number): Promise<readonly DetectionEntry[]>;
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
  /** `name` or `name=value`. @throws {OrchestratorError} `BAD_REQUEST` */
  tag(key: InstanceKey, tag: string): Promise<void>;
  /** From one server, or from all that have exactly this value, or `anyValue` where none is given; those that had it. @throws {OrchestratorError} `BAD_REQUEST` */
  untag(tag: string, key?: InstanceKey, anyValue?: boolean): Promise<readonly InstanceKey[]>;
  /** Takes a picture of all topologies. @throws {OrchestratorError} `BACKEND_FAILED` */
  recordTopologies(): Promise<void>;
  /** Servers in pools, by pool, then by server. */
  pools(): readonly PoolMember[];
  /** Puts the servers of a comma list into the pool, and takes all others out of it. @throws {OrchestratorError} `BAD_REQUEST` */
  submitPool(pool: string, list: string): Promise<void>;
  /** What replicas are told in place of this host; empty: the host itself again. */
  registerVirtualName(key: InstanceKey, hostname: string): Promise<void>;
  /**
   * Has every key-value store hold the primary of one cluster, or of all; the pairs.
   *
   * @throws {OrchestratorError} `NOT_LEADER`; `UNAVAILABLE`: a store does not take them
   */
  submitPrimaries(cluster?: ClusterSnapshot): Promise<readonly { readonly key: string; readonly value: string }[]>;
  /** The pairs about primaries that every node keeps, by key: what stores outside are to hold. */
  publishedPairs(): Promise<readonly { readonly key: string; readonly value: string }[]>;
  /** The group that this node belongs to, or waits to; undefined where `RaftEnabled` is not set. */
  readonly group: GroupView | undefined;
  /** Known to every node that may be asked again. */
  readonly calls: CallMemory;
  /** Of the leader among daemons that share a backend; undefined where this one shares it with nobody, or belongs to a group. */
  readonly election: Election | undefined;
  /** Of the API of another daemon that leads on the same backend; undefined: none does, or it is not known where. */
  leaderUrl(): string | undefined;
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
  /** Of `AuthenticationMethod: token`. */
  readonly tokens: {
    /** The secret one, once; undefined: there is nothing to have for it. */
    redeem(publicToken: string): Promise<string | undefined>;
    isValid(publicToken: string, secret: string): Promise<boolean>;
  };
  readonly recent: RecentView;
  /** What happened on this node lately, and what happens. */
  readonly events: EventSource;
  /** Of this process, for `/debug/vars`: memory in bytes, and the like. */
  process(): Readonly<Record<string, unknown>>;
  /** By the names that dashboards of the established product know. */
  counters(): Readonly<Record<string, number>>;
  metrics(): Promise<{ readonly type: string; readonly text: string }>;
}

export interface HttpSettings {
  readonly node: { readonly hostname: string; readonly token: string };
  readonly pollSeconds: number;
  readonly reasonableLagSeconds: number;
  readonly maintenanceLagSeconds: number;
  readonly replicationRules: Omit<ReplicationRuleOptions, 'snapshot'>;
  readonly defaultPort: number;
  readonly blockMs: number;
  readonly readOnly: boolean;
  readonly urlPrefix: string;
  /** `/api/status`, or a path that is served as it stands, without the prefix. */
  readonly statusEndpoint: string;
  /** Undefined: plain HTTP. */
  readonly tls: ListenerTls | undefined;
  /** Clients must show a certificate of one of these organisational units; undefined: none is asked for. */
  readonly certificateUnits: readonly string[] | undefined;
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
  /** Of the instances that are written behind, as configured. */
  readonly writeBuffer: { readonly size: number; readonly flushMs: number };
  /** Those that there are. */
  readonly queues: readonly QueueName[];
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
