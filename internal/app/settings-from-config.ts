import type { Config } from '../config/keys.ts';
import type { Settings } from './settings.ts';

/** The one place where configuration keys turn into plain values. */
export function settingsFrom(config: Config, noop: boolean): Settings {
  const drainLimitMs = config.PromotionDrainTimeoutMilliseconds;
  return {
    login: { user: config.MySQLTopologyUser, password: config.MySQLTopologyPassword },
    replicationCredentialsQuery: config.ReplicationCredentialsQuery,
    seeds: config.DiscoverySeeds,
    defaultPort: config.DefaultInstancePort,
    observer: {
      intervalMs: Math.min(config.ProbeIntervalMilliseconds, config.InstancePollSeconds * 1000),
      probeTimeoutMs: config.ProbeReadTimeoutMilliseconds,
      suspectTimeoutMs: config.SuspectProbeTimeoutMilliseconds,
      hotIntervalMs: config.SuspectProbeIntervalMilliseconds,
      hotWindowMs: config.SuspectWindowMilliseconds,
      maxConcurrency: config.DiscoveryMaxConcurrency,
      maxDeadConcurrency: config.DeadInstanceDiscoveryMaxConcurrency || 20,
      deadIntervalFactor: config.DeadInstancePollSecondsMultiplyFactor,
      deadIntervalMaxMs: config.DeadInstancePollSecondsMax * 1000,
      forgetAfterMs: config.UnseenInstanceForgetHours * 3_600_000,
    },
    ignore: {
      any: config.DiscoveryIgnoreHostnameFilters,
      replicas: config.DiscoveryIgnoreReplicaHostnameFilters,
      sources: config.DiscoveryIgnoreMasterHostnameFilters,
    },
    runner: {
      probeTimeoutMs: config.ProbeReadTimeoutMilliseconds,
      stepTimeoutMs: config.RecoveryStepTimeoutMilliseconds,
      promoteOnDrainTimeout: config.PromoteOnDrainTimeout,
      attachLimitMs: config.AttachWatchTimeoutMilliseconds,
      attachPollMs: config.AttachWatchIntervalMilliseconds,
    },
    fence: { attemptMs: config.FenceAttemptTimeoutMilliseconds, retryMs: config.FenceRetryMilliseconds },
    recovery: {
      primaryFilters: config.RecoverMasterClusterFilters,
      intermediateFilters: config.RecoverIntermediateMasterClusterFilters,
      graceMs: config.PrimaryDownGraceMilliseconds,
      retryMs: config.FailedRecoveryRetryMilliseconds,
      noop,
      maintenanceLagSeconds: config.ReasonableMaintenanceReplicationLagSeconds,
      fenceReplacedPrimary: config.FenceReplacedPrimary,
      maxRounds: config.RecoveryMaxRounds,
      plan: {
        mustPromoteOtherCoPrimary: config.CoMasterRecoveryMustPromoteOtherCoMaster,
        preventCrossDataCenter: config.PreventCrossDataCenterMasterFailover,
        preventCrossRegion: config.PreventCrossRegionMasterFailover,
        lowerVersionAllowed: config.LowerReplicaVersionAllowed,
        verifyFilters: config.VerifyReplicationFilters,
        reasonableMaintenanceLagSeconds: config.ReasonableMaintenanceReplicationLagSeconds,
        maxLagSeconds: config.FailMasterPromotionOnLagMinutes * 60,
        drainLimitMs,
        failIfNotApplied: config.FailMasterPromotionIfSQLThreadNotUpToDate,
        applyPromotion: config.ApplyMySQLPromotionAfterMasterFailover,
        detachLost: config.DetachLostReplicasAfterMasterFailover || config.DetachLostSlavesAfterMasterFailover,
      },
    },
    lockedSemiSyncMs: (config.ReasonableLockedSemiSyncMasterSeconds || config.ReasonableReplicationLagSeconds) * 1000,
    analysis: {
      reasonableLagSeconds: config.ReasonableReplicationLagSeconds,
      enforceExactSemiSync: config.EnforceExactSemiSyncReplicas,
      recoverNonWriteablePrimary: config.RecoverNonWriteableMaster,
    },
    blockMs: config.RecoveryPeriodBlockSeconds * 1000,
    lostDowntimeMs: 365 * 86_400_000,
    detection: {
      periodMs: config.FailureDetectionPeriodBlockMinutes * 60_000,
      holdMs: config.DetectionHoldMilliseconds,
    },
    reconnectThrottleMs: config.ReconnectReplicasThrottleSeconds * 1000,
    promotionIgnore: config.PromotionIgnoreHostnameFilters,
  };
}
