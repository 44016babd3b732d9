import type { Config } from '../config/keys.ts';
import type { HostnameSettings } from '../discovery/hostname-resolver.ts';
import type { ObserverSettings } from '../discovery/observer.ts';
import type { DetectionSettings } from '../mysql/detection.ts';
import type { TlsSettings } from '../mysql/tls.ts';
import type { VirtualNames } from '../mysql/told-addresses.ts';
import { matchesServer } from '../recovery/filters.ts';
import type { PlanOptions } from '../recovery/plan.ts';
import type { InstanceKey } from '../topology/instance-key.ts';
import { clientPems } from './pem.ts';
import type { Settings } from './settings.ts';
import { tokenLimits, tokenSecrets } from './token-limits.ts';

/** Of one operation, where the configuration sets no limit. */
const OPERATION_SECONDS = 600;

/** What the command line says besides the configuration. */
export interface GivenFlags {
  readonly noop: boolean;
  readonly virtualNames?: VirtualNames;
}

/** The one place where configuration keys turn into plain values. */
export function settingsFrom(config: Config, { noop, virtualNames = 'verified' }: GivenFlags): Settings {
  const probeTimeoutMs = atMost(config.ProbeReadTimeoutMilliseconds, config.MySQLDiscoveryReadTimeoutSeconds);
  const stepMaxMs = config.RecoveryStepMaxSeconds * 1000;
  const stepTimeoutMs = Math.min(
    atMost(config.RecoveryStepTimeoutMilliseconds, config.MySQLTopologyReadTimeoutSeconds),
    stepMaxMs,
  );
  const intervalMs = Math.min(config.ProbeIntervalMilliseconds, config.InstancePollSeconds * 1000);
  const catchUpMs = config.ReasonableMaintenanceReplicationLagSeconds * 1000;
  return {
    servers: {
      login: { user: config.MySQLTopologyUser, password: config.MySQLTopologyPassword },
      replicationCredentialsQuery: config.ReplicationCredentialsQuery,
      virtualNames,
      sweepTimeoutMs: config.FenceAttemptTimeoutMilliseconds,
      rareIntervalMs: config.InstancePollSeconds * 1000,
      eventsChunk: config.BinlogEventsChunkSize,
      refusedRetryMs: config.RefusedStatementRetrySeconds * 1000,
      detection: detection(config),
      tls: topologyTls(config),
      asksForProxy: !config.SkipMaxScaleCheck,
      replicas: {
        registeredFirst: config.DiscoverByShowSlaveHosts,
        ignoredUsers: config.DiscoveryIgnoreReplicationUsernameFilters,
        logIgnored: config.EnableDiscoveryFiltersLogs,
      },
    },
    groupName: config.RaftClusterName,
    seeds: config.DiscoverySeeds,
    defaultPort: config.DefaultInstancePort,
    freshForMs: Math.max(
      3 * (intervalMs + probeTimeoutMs),
      (config.InstancePollSeconds + config.ReasonableInstanceCheckSeconds) * 1000,
    ),
    clusterNameToAlias: config.ClusterNameToAlias,
    observer: {
      intervalMs,
      probeTimeoutMs,
      suspectTimeoutMs: config.SuspectProbeTimeoutMilliseconds,
      hotIntervalMs: config.SuspectProbeIntervalMilliseconds,
      hotWindowMs: config.SuspectWindowMilliseconds,
      maxConcurrency: config.DiscoveryMaxConcurrency,
      maxDeadConcurrency: config.DeadInstanceDiscoveryMaxConcurrency || 20,
      deadIntervalFactor: config.DeadInstancePollSecondsMultiplyFactor,
      deadIntervalMaxMs: config.DeadInstancePollSecondsMax * 1000,
      forgetAfterMs: config.UnseenInstanceForgetHours * 3_600_000,
      forgottenMs: 3 * config.InstancePollSeconds * 1000,
      nameExpiryMs: config.ExpiryHostnameResolvesMinutes * 60_000,
      ownName: ownName(config.MySQLHostnameResolveMethod),
      logFailing: config.DeadInstanceDiscoveryLogsEnabled,
    },
    hostnames: {
      method: resolveMethod(config.HostnameResolveMethod),
      rejectPattern: config.RejectHostnameResolvePattern,
      expiryMs: config.ExpiryHostnameResolvesMinutes * 60_000,
    },
    ignore: {
      any: config.DiscoveryIgnoreHostnameFilters,
      replicas: config.DiscoveryIgnoreReplicaHostnameFilters,
      sources: config.DiscoveryIgnoreMasterHostnameFilters,
    },
    runner: {
      probeTimeoutMs,
      stepTimeoutMs,
      stepMaxMs,
      promoteOnDrainTimeout: config.PromoteOnDrainTimeout && !config.DelayMasterPromotionIfSQLThreadNotUpToDate,
      attachLimitMs: config.AttachWatchTimeoutMilliseconds,
      attachPollMs: config.AttachWatchIntervalMilliseconds,
    },
    fence: { attemptMs: config.FenceAttemptTimeoutMilliseconds, retryMs: config.FenceRetryMilliseconds },
    book: { blockMs: config.RecoveryPeriodBlockSeconds * 1000 },
    detector: { periodMs: config.FailureDetectionPeriodBlockMinutes * 60_000 },
    coordinator: {
      primaryFilters: config.RecoverMasterClusterFilters,
      intermediateFilters: config.RecoverIntermediateMasterClusterFilters,
      graceMs: config.PrimaryDownGraceMilliseconds,
      holdMs: {
        intermediatePrimary: config.DetectionHoldMilliseconds, // of one that answers
        surplusSemiSync: config.DetectionHoldMilliseconds,
        readOnlyPrimary: config.ReadOnlyPrimaryHoldSeconds * 1000,
      },
      retryMs: config.FailedRecoveryRetryMilliseconds,
      confirmFailures: config.ConfirmingProbeFailures,
      reconnectSettleMs: config.ReconnectSettleMilliseconds,
      noop,
      confirmations: config.RecoveryConfirmationNodes,
      vetoMs: intervalMs,
      attempt: {
        fenceReplacedPrimary: config.FenceReplacedPrimary,
        maxRounds: config.RecoveryMaxRounds,
        catchUpMs,
        plan: planOptions(config),
      },
    },
    sentinel: {
      confirmFailures: config.ConfirmingProbeFailures,
      reconnectThrottleMs: config.ReconnectReplicasThrottleSeconds * 1000,
      stepTimeoutMs,
      detectionHoldMs: config.DetectionHoldMilliseconds,
    },
    takeover: {
      probeTimeoutMs,
      stepTimeoutMs,
      reasonableLagSeconds: config.ReasonableMaintenanceReplicationLagSeconds,
    },
    operations: {
      operationTimeoutMs:
        (config.MySQLTopologyReadTimeoutSeconds > 0 ? config.MySQLTopologyReadTimeoutSeconds : OPERATION_SECONDS) *
        1000,
      stepTimeoutMs,
      probeTimeoutMs,
      startLimitMs: config.AttachWatchTimeoutMilliseconds,
      startPollMs: config.AttachWatchIntervalMilliseconds,
      parallelMoves: config.MaxConcurrentReplicaOperations,
      lowerVersionAllowed: config.LowerReplicaVersionAllowed,
      verifyFilters: config.VerifyReplicationFilters,
      reasonableMaintenanceLagSeconds: config.ReasonableMaintenanceReplicationLagSeconds,
      useSuperReadOnly: config.UseSuperReadOnly,
      semiSync: config.EnforceExactSemiSyncReplicas ? 'exact' : config.RecoverLockedSemiSyncMaster ? 'enough' : 'each',
      isBanned: (key) => isBanned(config, key),
      pseudoGtid: {
        marker: {
          pattern: config.PseudoGTIDPattern,
          fixedSubstring: config.PseudoGTIDPatternIsFixedSubstring,
          monotonicHint: config.PseudoGTIDMonotonicHint,
        },
        skipContaining: config.SkipBinlogEventsContaining,
      },
    },
    writesMarkers: config.AutoPseudoGTID,
    opinions: { timeoutMs: config.RecoveryOpinionTimeoutMilliseconds },
    analysisIgnore: config.RecoveryIgnoreHostnameFilters,
    analysis: {
      reasonableLagSeconds: config.ReasonableReplicationLagSeconds,
      enforceExactSemiSync: config.EnforceExactSemiSyncReplicas,
      recoverNonWriteablePrimary: config.RecoverNonWriteableMaster,
    },
    lockedSemiSyncMs: (config.ReasonableLockedSemiSyncMasterSeconds || config.ReasonableReplicationLagSeconds) * 1000,
    kvPrefix: config.KVClusterMasterPrefix,
    lostDowntimeMs: 365 * 86_400_000,
    tokens: { ...tokenLimits(config), secrets: () => tokenSecrets(config) },
    pools: {
      defaultPort: config.DefaultInstancePort,
      fuzzy: config.SupportFuzzyPoolHostnames,
      lifeMs: config.InstancePoolExpiryMinutes * 60_000,
    },
  };
}

/** 0 or less: no limit. */
function atMost(ms: number, limitSeconds: number): number {
  return limitSeconds > 0 ? Math.min(ms, limitSeconds * 1000) : ms;
}

function ownName(method: string): ObserverSettings['ownName'] {
  const text = method.toLowerCase().replace(/^@@/, '');
  if (text === 'report_host') return 'reportHost';
  return text === 'hostname' || text === 'default' ? 'hostname' : 'none';
}

function resolveMethod(method: string): HostnameSettings['method'] {
  const text = method.toLowerCase();
  return text === 'none' || text === 'cname' || text === 'ip' ? text : 'default';
}

function detection(config: Config): DetectionSettings {
  return {
    queries: {
      lag: config.ReplicationLagQuery || config.SlaveLagQuery,
      clusterAlias: config.DetectClusterAliasQuery,
      // who writes the markers knows where they are
      pseudoGtid: config.PseudoGTIDPattern === '' || config.AutoPseudoGTID ? '' : config.DetectPseudoGTIDQuery,
      clusterDomain: config.DetectClusterDomainQuery,
      instanceAlias: config.DetectInstanceAliasQuery,
      promotionRule: config.DetectPromotionRuleQuery,
      dataCenter: config.DetectDataCenterQuery,
      region: config.DetectRegionQuery,
      physicalEnvironment: config.DetectPhysicalEnvironmentQuery,
      semiSyncPriority: config.DetectSemiSyncEnforcedQuery,
    },
    patterns: {
      dataCenter: config.DataCenterPattern,
      region: config.RegionPattern,
      physicalEnvironment: config.PhysicalEnvironmentPattern,
    },
  };
}

function topologyTls(config: Config): TlsSettings {
  return {
    when: config.MySQLTopologyUseMutualTLS ? 'always' : config.MySQLTopologyUseMixedTLS ? 'asked' : 'never',
    options: Object.freeze({
      ...clientPems(config, {
        ca: 'MySQLTopologySSLCAFile',
        cert: 'MySQLTopologySSLCertFile',
        key: 'MySQLTopologySSLPrivateKeyFile',
      }),
      rejectUnauthorized: !config.MySQLTopologySSLSkipVerify,
      minVersion: 'TLSv1.2',
    }),
    cacheMs: config.TLSCacheTTLFactor * config.InstancePollSeconds * 1000,
  };
}

function planOptions(config: Config): PlanOptions {
  return {
    mustPromoteOtherCoPrimary: config.CoMasterRecoveryMustPromoteOtherCoMaster,
    preventCrossDataCenter: config.PreventCrossDataCenterMasterFailover,
    preventCrossRegion: config.PreventCrossRegionMasterFailover,
    lowerVersionAllowed: config.LowerReplicaVersionAllowed,
    verifyFilters: config.VerifyReplicationFilters,
    reasonableMaintenanceLagSeconds: config.ReasonableMaintenanceReplicationLagSeconds,
    maxLagSeconds: config.FailMasterPromotionOnLagMinutes * 60,
    drainLimitMs: config.PromotionDrainTimeoutMilliseconds,
    failIfNotApplied: config.FailMasterPromotionIfSQLThreadNotUpToDate,
    applyPromotion: config.ApplyMySQLPromotionAfterMasterFailover,
    detachLost: config.DetachLostReplicasAfterMasterFailover || config.DetachLostSlavesAfterMasterFailover,
    matches: config.PseudoGTIDPattern !== '',
    isBanned: (key) => isBanned(config, key),
    postponeLagSeconds: config.PostponeReplicaRecoveryOnLagMinutes * 60,
    detachPromoted: config.MasterFailoverDetachReplicaMasterHost,
    semiSync: config.EnforceExactSemiSyncReplicas ? 'exact' : config.RecoverLockedSemiSyncMaster ? 'enough' : 'off',
    acknowledgeLimitMs: config.AttachWatchTimeoutMilliseconds,
  };
}

function isBanned(config: Config, key: InstanceKey): boolean {
  return config.PromotionIgnoreHostnameFilters.some((filter) => matchesServer(filter, key));
}
