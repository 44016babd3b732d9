import { type ClusterSnapshot, depthOf, isCoPrimary } from '../../topology/cluster.ts';
import {
  type BinlogCoordinates,
  lagSeconds,
  replicating,
  type ThreadState,
  type WatchedInstance,
} from '../../topology/instance.ts';
import { compareKeys, type InstanceKey, keyText } from '../../topology/instance-key.ts';
import { wireReplicationTls } from './replication-tls.ts';

export const wireKey = (key: InstanceKey | undefined) => ({ Hostname: key?.hostname ?? '', Port: key?.port ?? 0 });
export const wireKeys = (keys: readonly InstanceKey[]) => [...keys].sort(compareKeys).map(wireKey);
export const wireCoordinates = (at: BinlogCoordinates | undefined, type: 0 | 1 = 0) => ({
  LogFile: at?.file ?? '',
  LogPos: at?.position ?? 0,
  Type: type,
});
/** The contract's time form; empty for "never". */
export const wireTime = (ms: number | undefined) =>
  ms === undefined || ms === 0 ? '' : new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
const nullInt = (value: number | undefined) => ({ Int64: value ?? 0, Valid: value !== undefined });
const THREADS: Record<ThreadState, number> = { none: -1, stopped: 0, running: 1, other: 2 };
const quoted = (text: string) => (text === '' ? '' : JSON.stringify(text));

export interface WireContext {
  readonly snapshot: ClusterSnapshot;
  readonly nowMs: number;
  readonly pollSeconds: number;
  readonly reasonableLagSeconds: number;
}

/** One server as the contract's `Instance`, every field present. */
export function wireInstance(watched: WatchedInstance, context: WireContext) {
  const { instance } = watched;
  const { snapshot, nowMs, pollSeconds } = context;
  const { replication, semiSync, gtid } = instance;
  const downtime = snapshot.downtimes.get(keyText(instance.key));
  const ageSeconds = (nowMs - watched.lastCheckedMs) / 1000;
  const replicas = wireKeys(instance.replicaKeys);
  const lag = nullInt(lagSeconds(instance));
  return {
    Key: wireKey(instance.key),
    InstanceAlias: instance.instanceAlias,
    Uptime: instance.uptimeSeconds,
    ServerID: instance.serverId,
    ServerUUID: instance.serverUuid,
    Version: instance.version,
    VersionComment: instance.versionComment,
    FlavorName:
      instance.family === 'mariadb' ? 'MariaDB' : instance.versionComment.includes('Percona') ? 'Percona' : 'MySQL',
    ReadOnly: instance.readOnly,
    Binlog_format: instance.binlogFormat,
    BinlogRowImage: instance.binlogRowImage,
    LogBinEnabled: instance.binlogEnabled,
    LogSlaveUpdatesEnabled: instance.logReplicaUpdates,
    LogReplicationUpdatesEnabled: instance.logReplicaUpdates,
    SelfBinlogCoordinates: wireCoordinates(instance.ownCoordinates),
    MasterKey: wireKey(replication?.source),
    MasterUUID: replication === undefined ? '' : replication.sourceUuid || (instance.family === 'mariadb' ? 'No' : ''),
    AncestryUUID: instance.serverUuid,
    IsDetachedMaster: replication?.source.hostname.startsWith('//') ?? false,
    Slave_SQL_Running: replication?.applier === 'running',
    ReplicationSQLThreadRuning: replication?.applier === 'running',
    Slave_IO_Running: replication?.receiver === 'running',
    ReplicationIOThreadRuning: replication?.receiver === 'running',
    ReplicationSQLThreadState: THREADS[replication?.applier ?? 'none'],
    ReplicationIOThreadState: THREADS[replication?.receiver ?? 'none'],
    HasReplicationFilters: replication?.hasFilters ?? false,
    GTIDMode: gtid.kind === 'mysql' ? gtid.mode : '',
    SupportsOracleGTID: gtid.kind === 'mysql' && gtid.mode !== '' && gtid.mode !== 'OFF',
    UsingOracleGTID: replication?.gtid === 'mysql',
    UsingMariaDBGTID: replication?.gtid === 'mariadb',
    UsingPseudoGTID: false,
    ReadBinlogCoordinates: wireCoordinates(replication?.read),
    ExecBinlogCoordinates: wireCoordinates(replication?.executed),
    IsDetached: false,
    RelaylogCoordinates: wireCoordinates(replication?.relay, 1),
    LastSQLError: quoted(replication?.applierError ?? ''),
    LastIOError: quoted(replication?.receiverError ?? ''),
    SecondsBehindMaster: nullInt(replication?.lagSeconds),
    SQLDelay: replication?.delaySeconds ?? 0,
    ExecutedGtidSet: gtid.kind === 'mysql' ? gtid.executed : '',
    GtidPurged: gtid.kind === 'mysql' ? gtid.purged : '',
    GtidErrant: '',
    SlaveLagSeconds: lag,
    ReplicationLagSeconds: lag,
    SlaveHosts: replicas,
    Replicas: replicas,
    ClusterName: snapshot.name,
    SuggestedClusterAlias: instance.suggestedClusterAlias,
    DataCenter: instance.dataCenter,
    Region: instance.region,
    PhysicalEnvironment: instance.physicalEnvironment,
    ReplicationDepth: depthOf(snapshot, instance),
    IsCoMaster: isCoPrimary(snapshot, instance),
    HasReplicationCredentials: instance.hasReplicationCredentials,
    ReplicationCredentialsAvailable: instance.hasReplicationCredentials && instance.family === 'mysql',
    SemiSyncAvailable: semiSync.available,
    SemiSyncPriority: instance.semiSyncPriority,
    SemiSyncMasterPluginNewVersion: semiSync.sourcePluginNew,
    SemiSyncReplicaPluginNewVersion: semiSync.replicaPluginNew,
    SemiSyncMasterEnabled: semiSync.sourceEnabled,
    SemiSyncReplicaEnabled: semiSync.replicaEnabled,
    SemiSyncMasterTimeout: semiSync.sourceTimeoutMs,
    SemiSyncMasterWaitForReplicaCount: semiSync.waitForReplicaCount,
    SemiSyncMasterStatus: semiSync.sourceActive,
    SemiSyncMasterClients: semiSync.sourceClients,
    SemiSyncReplicaStatus: semiSync.replicaActive,
    LastSeenTimestamp: wireTime(watched.lastSeenMs),
    IsLastCheckValid: watched.valid,
    IsUpToDate: ageSeconds <= pollSeconds,
    IsRecentlyChecked: ageSeconds <= 5 * pollSeconds,
    SecondsSinceLastSeen: nullInt(
      watched.lastSeenMs === 0 ? undefined : Math.max(0, Math.floor((nowMs - watched.lastSeenMs) / 1000)),
    ),
    CountMySQLSnapshots: 0,
    IsCandidate: instance.promotionRule === 'must' || instance.promotionRule === 'prefer',
    PromotionRule: instance.promotionRule,
    IsDowntimed: downtime !== undefined,
    DowntimeReason: downtime?.reason ?? '',
    DowntimeOwner: '',
    DowntimeEndTimestamp: wireTime(downtime?.endMs),
    ElapsedDowntime: 0,
    UnresolvedHostname: '',
    AllowTLS: replication?.tlsAllowed ?? false,
    ...wireReplicationTls(replication?.tls),
    Problems: problems(watched, context, ageSeconds),
    LastDiscoveryLatency: 0,
    ReplicationGroupName: '',
    ReplicationGroupIsSinglePrimary: false,
    ReplicationGroupMemberState: '',
    ReplicationGroupMemberRole: '',
    ReplicationGroupMembers: [],
    ReplicationGroupPrimaryInstanceKey: wireKey(undefined),
    QSP: {},
  };
}

/** At most one of the four, the first that applies. */
function problems(watched: WatchedInstance, context: WireContext, ageSeconds: number): readonly string[] {
  const { instance } = watched;
  if (!watched.valid) return ['last_check_invalid'];
  if (ageSeconds > 5 * context.pollSeconds) return ['not_recently_checked'];
  if (instance.replication !== undefined && !replicating(instance)) return ['not_replicating'];
  const lag = lagSeconds(instance);
  const delay = instance.replication?.delaySeconds ?? 0;
  return lag !== undefined && Math.abs(lag - delay) > context.reasonableLagSeconds ? ['replication_lag'] : [];
}
