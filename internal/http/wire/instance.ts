import { type ClusterSnapshot, depthOf, isCoPrimary, memberOf } from '../../topology/cluster.ts';
import {
  type Instance,
  isBinlogServer,
  lagSeconds,
  replicating,
  sourceKey,
  type ThreadState,
  type WatchedInstance,
} from '../../topology/instance.ts';
import { isDetachedHost, keyText } from '../../topology/instance-key.ts';
import { wireReplicationTls } from './replication-tls.ts';
import { wireCoordinates, wireError, wireInt, wireKey, wireKeys, wireTime } from './values.ts';

const THREADS: Readonly<Record<ThreadState, number>> = { none: -1, stopped: 0, running: 1, other: 2 };

export interface WireContext {
  readonly snapshot: ClusterSnapshot;
  readonly nowMs: number;
  readonly pollSeconds: number;
  readonly reasonableLagSeconds: number;
}

/**
 * What of an `Instance` depends on more than the last read of the server: on those above it, on what was decided about it, on the time.
 * The rest stays as it is until the server is read again.
 */
export function wireMoving(watched: WatchedInstance, context: WireContext) {
  const { instance } = watched;
  const { snapshot, nowMs, pollSeconds } = context;
  const downtime = snapshot.downtimes.get(keyText(instance.key));
  const ageSeconds = (nowMs - watched.lastCheckedMs) / 1000;
  return {
    AncestryUUID: ancestry(snapshot, instance),
    ClusterName: snapshot.name,
    ReplicationDepth: depthOf(snapshot, instance),
    IsCoMaster: isCoPrimary(snapshot, instance),
    IsUpToDate: ageSeconds <= pollSeconds,
    IsRecentlyChecked: ageSeconds <= 5 * pollSeconds,
    SecondsSinceLastSeen: wireInt(
      watched.lastSeenMs === 0 ? undefined : Math.max(0, Math.floor((nowMs - watched.lastSeenMs) / 1000)),
    ),
    IsDowntimed: downtime !== undefined,
    DowntimeReason: downtime?.reason ?? '',
    DowntimeOwner: downtime?.owner ?? '',
    DowntimeEndTimestamp: wireTime(downtime?.endMs),
    ElapsedDowntime: downtime === undefined ? 0 : Math.max(0, Math.floor((nowMs - downtime.beginMs) / 1000)) * 1e9,
    Problems: problemsOf(watched, context),
  };
}

export type WireMoving = ReturnType<typeof wireMoving>;

/** One server as the contract's `Instance`, every field present. */
export function wireInstance(watched: WatchedInstance, context: WireContext) {
  const { instance } = watched;
  const { replication, semiSync, gtid, group } = instance;
  const moving = wireMoving(watched, context);
  const replicas = wireKeys(instance.replicaKeys);
  const lag = wireInt(lagSeconds(instance));
  return {
    Key: wireKey(instance.key),
    InstanceAlias: instance.instanceAlias,
    Uptime: instance.uptimeSeconds,
    ServerID: instance.serverId,
    ServerUUID: instance.serverUuid,
    Version: instance.version,
    VersionComment: instance.versionComment,
    FlavorName: flavor(instance),
    ReadOnly: instance.readOnly,
    Binlog_format: instance.binlogFormat,
    BinlogRowImage: instance.binlogRowImage,
    LogBinEnabled: instance.binlogEnabled,
    LogSlaveUpdatesEnabled: instance.logReplicaUpdates,
    LogReplicationUpdatesEnabled: instance.logReplicaUpdates,
    SelfBinlogCoordinates: wireCoordinates(instance.ownCoordinates),
    MasterKey: wireKey(replication?.source),
    MasterUUID: replication === undefined ? '' : replication.sourceUuid || (instance.family === 'mariadb' ? 'No' : ''),
    AncestryUUID: moving.AncestryUUID,
    IsDetachedMaster: isDetachedHost(replication?.source.hostname ?? ''),
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
    UsingPseudoGTID: instance.usesPseudoGtid,
    ReadBinlogCoordinates: wireCoordinates(replication?.read),
    ExecBinlogCoordinates: wireCoordinates(replication?.executed),
    IsDetached: replication?.executed.file.startsWith('//') ?? false,
    RelaylogCoordinates: wireCoordinates(replication?.relay, 1),
    LastSQLError: wireError(replication?.applierError ?? ''),
    LastIOError: wireError(replication?.receiverError ?? ''),
    SecondsBehindMaster: wireInt(replication?.lagSeconds),
    SQLDelay: replication?.delaySeconds ?? 0,
    ExecutedGtidSet: gtid.kind === 'mysql' ? gtid.executed : '',
    GtidPurged: gtid.kind === 'mysql' ? gtid.purged : '',
    GtidErrant: watched.errantGtid,
    SlaveLagSeconds: lag,
    ReplicationLagSeconds: lag,
    SlaveHosts: replicas,
    Replicas: replicas,
    ClusterName: moving.ClusterName,
    SuggestedClusterAlias: instance.suggestedClusterAlias,
    DataCenter: instance.dataCenter,
    Region: instance.region,
    PhysicalEnvironment: instance.physicalEnvironment,
    ReplicationDepth: moving.ReplicationDepth,
    IsCoMaster: moving.IsCoMaster,
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
    IsUpToDate: moving.IsUpToDate,
    IsRecentlyChecked: moving.IsRecentlyChecked,
    SecondsSinceLastSeen: moving.SecondsSinceLastSeen,
    CountMySQLSnapshots: 0,
    IsCandidate: instance.promotionRule === 'must' || instance.promotionRule === 'prefer',
    PromotionRule: instance.promotionRule,
    IsDowntimed: moving.IsDowntimed,
    DowntimeReason: moving.DowntimeReason,
    DowntimeOwner: moving.DowntimeOwner,
    DowntimeEndTimestamp: moving.DowntimeEndTimestamp,
    ElapsedDowntime: moving.ElapsedDowntime,
    UnresolvedHostname: '',
    AllowTLS: replication?.tlsAllowed ?? false,
    ...wireReplicationTls(replication?.tls),
    Problems: moving.Problems,
    LastDiscoveryLatency: Math.round((watched.readTookMs ?? 0) * 1e6),
    ReplicationGroupName: group?.name ?? '',
    ReplicationGroupIsSinglePrimary: group !== undefined,
    ReplicationGroupMemberState: group?.state ?? '',
    ReplicationGroupMemberRole: group?.role ?? '',
    ReplicationGroupMembers: wireKeys(group?.members ?? []),
    ReplicationGroupPrimaryInstanceKey: wireKey(group?.primary),
    QSP: {},
  };
}

export type InstanceProblem =
  | 'last_check_invalid'
  | 'not_recently_checked'
  | 'not_replicating'
  | 'replication_lag'
  | 'errant_gtid'
  | 'group_replication_member_not_online';

/** At most one of the first four, in this order; then what else is wrong. */
export function problemsOf(watched: WatchedInstance, context: WireContext): readonly InstanceProblem[] {
  const { instance, errantGtid } = watched;
  const problems = [
    replicationProblem(watched, context),
    errantGtid === '' ? undefined : 'errant_gtid',
    instance.group === undefined || instance.group.state === 'ONLINE'
      ? undefined
      : 'group_replication_member_not_online',
  ] as const;
  return problems.filter((problem) => problem !== undefined);
}

function replicationProblem(
  { instance, valid, lastCheckedMs }: WatchedInstance,
  { nowMs, pollSeconds, reasonableLagSeconds }: WireContext,
): InstanceProblem | undefined {
  if (!valid) return 'last_check_invalid';
  if (nowMs - lastCheckedMs > 5 * pollSeconds * 1000) return 'not_recently_checked';
  if (instance.replication !== undefined && !replicating(instance)) return 'not_replicating';
  const lag = lagSeconds(instance);
  const delay = instance.replication?.delaySeconds ?? 0;
  return lag !== undefined && Math.abs(lag - delay) > reasonableLagSeconds ? 'replication_lag' : undefined;
}

function flavor(instance: Instance): string {
  if (isBinlogServer(instance)) return 'MaxScale';
  if (instance.family === 'mariadb') return 'MariaDB';
  return instance.versionComment.includes('Percona') ? 'Percona' : 'MySQL';
}

/** UUIDs of everyone above, the topmost first, then its own and its group's name. */
function ancestry(snapshot: ClusterSnapshot, instance: Instance): string {
  const chain: Instance[] = [];
  for (let current: Instance | undefined = instance; current !== undefined && !chain.includes(current); ) {
    chain.unshift(current);
    const source = sourceKey(current);
    current = source && memberOf(snapshot, source)?.instance;
  }
  return [...chain.map(({ serverUuid }) => serverUuid), instance.group?.name ?? '']
    .filter((one) => one !== '')
    .join(',');
}
