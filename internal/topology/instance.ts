import type { InstanceKey } from './instance-key.ts';
import type { PromotionRule } from './promotion-rule.ts';

export type ServerFamily = 'mysql' | 'mariadb';
/** `none`: no such thread; `other`: `Connecting` and the like, which is not running. */
export type ThreadState = 'none' | 'stopped' | 'running' | 'other';

/** A place in a binary log or relay log. `file` is empty where the server has none. */
export interface BinlogCoordinates {
  readonly file: string;
  readonly position: number;
}

/** GTID position of a MySQL server: sets as text, exactly as the server prints them without line feeds. */
export interface MysqlGtidState {
  readonly kind: 'mysql';
  readonly mode: string;
  readonly executed: string;
  readonly purged: string;
}

/** GTID position of a MariaDB server, each a comma list of `domain-server-sequence`. */
export interface MariadbGtidState {
  readonly kind: 'mariadb';
  readonly slavePos: string;
  readonly currentPos: string;
  readonly binlogPos: string;
  /** Last sequence per (domain, server) ever written: what the server holds. */
  readonly binlogState: string;
  readonly strictMode: boolean;
  readonly domainId: number;
}

export type GtidState = MysqlGtidState | MariadbGtidState;

/** How one replication connection is secured. Files are paths on the replica; empty: not set. */
export interface ReplicationTls {
  readonly caFile: string;
  readonly caPath: string;
  readonly cert: string;
  readonly cipher: string;
  readonly crlFile: string;
  readonly crlPath: string;
  readonly key: string;
  /** Undefined: the server does not say. */
  readonly verifyServerCert: boolean | undefined;
  readonly version: string;
  /** TLS 1.3 */
  readonly ciphersuites: string;
  readonly publicKeyPath: string;
  readonly getPublicKey: boolean | undefined;
}

export const NO_REPLICATION_TLS: ReplicationTls = {
  caFile: '',
  caPath: '',
  cert: '',
  cipher: '',
  crlFile: '',
  crlPath: '',
  key: '',
  verifyServerCert: undefined,
  version: '',
  ciphersuites: '',
  publicKeyPath: '',
  getPublicKey: undefined,
};

/** One replication connection (channel) as the replica reports it. */
export interface ReplicationStatus {
  readonly channel: string;
  readonly source: InstanceKey;
  readonly sourceUuid: string;
  readonly user: string;
  readonly receiver: ThreadState;
  readonly applier: ThreadState;
  readonly read: BinlogCoordinates;
  readonly executed: BinlogCoordinates;
  readonly relay: BinlogCoordinates;
  readonly receiverErrno: number;
  readonly receiverError: string;
  readonly applierErrno: number;
  readonly applierError: string;
  /** `none`: file and position. */
  readonly gtid: 'none' | 'mysql' | 'mariadb';
  /** MariaDB's word: `No`, `Slave_Pos`, `Current_Pos`; empty on MySQL. */
  readonly mariadbGtidMode: string;
  /** Received so far: `Retrieved_Gtid_Set` (MySQL) or `Gtid_IO_Pos` (MariaDB). */
  readonly received: string;
  readonly lagSeconds: number | undefined;
  readonly delaySeconds: number;
  readonly hasFilters: boolean;
  readonly tlsAllowed: boolean;
  readonly tls: ReplicationTls;
  /** Seconds between heartbeats; a re-point resets it on the server, so it is sent again. */
  readonly heartbeatSeconds: number | undefined;
}

export interface SemiSync {
  readonly available: boolean;
  readonly sourceEnabled: boolean;
  readonly sourceActive: boolean;
  readonly sourceTimeoutMs: number;
  readonly waitForReplicaCount: number;
  readonly sourceClients: number;
  readonly replicaEnabled: boolean;
  readonly replicaActive: boolean;
  /** Plugins named source/replica (MySQL 8.0.26) instead of master/slave. */
  readonly sourcePluginNew: boolean;
  readonly replicaPluginNew: boolean;
}

/** Membership in a single-primary replication group (MySQL), as the member itself sees it. */
export interface GroupMembership {
  readonly name: string;
  /** `ONLINE`, `RECOVERING`, `ERROR`, `UNREACHABLE` */
  readonly state: string;
  /** `PRIMARY`, `SECONDARY` */
  readonly role: string;
  /** All members it knows, itself included. */
  readonly members: readonly InstanceKey[];
  readonly primary: InstanceKey | undefined;
}

/**
 * What a right is needed for. `replicate`: to stop, start and re-point replication; `promote`: to make a server writable and
 * have it forget its source; `fence`: to end the sessions of clients.
 */
export type RightPurpose = 'replicate' | 'promote' | 'fence';

/** A right that our account lacks on a server. */
export interface MissingRight {
  readonly right: string;
  readonly purpose: RightPurpose;
}

/** What one good probe learned of a server. Immutable; the next probe makes a new one. */
export interface Instance {
  readonly key: InstanceKey;
  /** What the server calls itself: `@@hostname` and `@@report_host`. */
  readonly hostname: string;
  readonly reportHost: string;
  readonly family: ServerFamily;
  readonly version: string;
  readonly versionComment: string;
  readonly serverId: number;
  /** Empty on MariaDB. */
  readonly serverUuid: string;
  readonly readOnly: boolean;
  readonly superReadOnly: boolean;
  readonly uptimeSeconds: number;
  readonly binlogEnabled: boolean;
  readonly logReplicaUpdates: boolean;
  readonly binlogFormat: string;
  readonly binlogRowImage: string;
  readonly ownCoordinates: BinlogCoordinates;
  readonly gtid: GtidState;
  /** The default channel, or the first by name. Undefined: not a replica. */
  readonly replication: ReplicationStatus | undefined;
  readonly otherChannels: readonly ReplicationStatus[];
  readonly replicaKeys: readonly InstanceKey[];
  readonly group: GroupMembership | undefined;
  readonly semiSync: SemiSync;
  readonly dataCenter: string;
  readonly region: string;
  readonly physicalEnvironment: string;
  readonly instanceAlias: string;
  readonly suggestedClusterAlias: string;
  readonly clusterDomain: string;
  readonly promotionRule: PromotionRule;
  /** What `DetectPromotionRuleQuery` answered; it renews the registered rule. */
  readonly detectedPromotionRule: PromotionRule | undefined;
  readonly semiSyncPriority: number;
  /** By `ReplicationLagQuery`, which overrides the server's own lag; null: it answered that nobody knows. */
  readonly measuredLagSeconds: number | null | undefined;
  /** Markers are written into the logs of its cluster, by which positions of two servers can be matched. */
  readonly usesPseudoGtid: boolean;
  readonly hasReplicationCredentials: boolean;
  /** Empty also where the server does not say what our account may do. */
  readonly missingRights: readonly MissingRight[];
}

/** An instance together with how we know it. Times are wall-clock milliseconds. */
export interface WatchedInstance {
  readonly instance: Instance;
  readonly lastCheckedMs: number;
  /** When the last read of it ended, or, where that failed, began. */
  readonly lastAttemptedMs: number;
  readonly lastSeenMs: number;
  /** How long the last good read took, milliseconds; undefined: not read yet. */
  readonly readTookMs?: number;
  /** The newest finished probe succeeded and is fresh enough to act on. */
  readonly valid: boolean;
  readonly partialSuccess: boolean;
  readonly lastError: string;
  /** Transactions that did not come from above, as text of the server's GTID family; empty: none. */
  readonly errantGtid: string;
}

/** Such a server is shown, and never changed: which of its sources a change would be about is not ours to guess. */
export function hasSeveralSources({ otherChannels }: Instance): boolean {
  return otherChannels.length > 0;
}

/** Source the server is configured to follow, detached and blank ones excluded. */
export function sourceKey(instance: Instance): InstanceKey | undefined {
  const source = instance.replication?.source;
  if (source === undefined || source.port === 0) return undefined;
  if (source.hostname === '' || source.hostname === '_' || source.hostname.startsWith('//')) return undefined;
  return source;
}

/** A server that only relays binary logs and holds no data. */
export function isBinlogServer({ version, versionComment }: Instance): boolean {
  return namesBinlogServer(`${version} ${versionComment}`);
}

/** MaxScale is the only one known. */
export function namesBinlogServer(version: string): boolean {
  return /maxscale/i.test(version);
}

export function replicating(instance: Instance): boolean {
  return instance.replication?.receiver === 'running' && instance.replication.applier === 'running';
}

export function lagSeconds(instance: Instance): number | undefined {
  const { measuredLagSeconds, replication } = instance;
  return measuredLagSeconds === undefined ? replication?.lagSeconds : (measuredLagSeconds ?? undefined);
}
