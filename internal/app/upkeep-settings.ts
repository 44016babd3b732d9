import type { Current } from './live-config.ts';
import type { UpkeepSettings } from './upkeep.ts';

/** Contract: two looks at the clusters, a second apart. */
const LEAST_BLOCKED_MS = 2_000;

/** As they are now: a reload changes them. */
export function upkeepSettings({ config, settings }: Current): UpkeepSettings {
  return {
    pollMs: config.InstancePollSeconds * 1000,
    lostDowntimeMs: settings.lostDowntimeMs,
    blockedMs: Math.max(LEAST_BLOCKED_MS, 3 * settings.observer.intervalMs),
    recordTopologiesMs: config.SnapshotTopologiesIntervalHours * 3_600_000,
    retention: {
      auditMs: config.AuditPurgeDays * 86_400_000,
      unseenMs: config.UnseenInstanceForgetHours * 3_600_000,
      candidateMs: config.CandidateInstanceExpireMinutes * 60_000,
      ...(config.TopologyHistoryPurgeDays === 0 ? {} : { topologyMs: config.TopologyHistoryPurgeDays * 86_400_000 }),
      poolMs: settings.pools.lifeMs,
      resolvedMs: 2 * settings.hostnames.expiryMs,
      recoveryBlockMs: settings.book.blockMs,
      detectionMs: settings.detector.periodMs,
    },
  };
}
