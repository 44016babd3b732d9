import type { PlanOptions } from '../../internal/recovery/plan.ts';
import type { ClusterSnapshot } from '../../internal/topology/cluster.ts';
import type { Instance } from '../../internal/topology/instance.ts';
import type { InstanceKey } from '../../internal/topology/instance-key.ts';

export const PLAN_OPTIONS: PlanOptions = {
  preventCrossDataCenter: false,
  preventCrossRegion: false,
  lowerVersionAllowed: false,
  verifyFilters: false,
  reasonableMaintenanceLagSeconds: 20,
  maxLagSeconds: 0,
  drainLimitMs: 1000,
  failIfNotApplied: false,
  applyPromotion: true,
  detachLost: true,
  matches: false,
  mustPromoteOtherCoPrimary: true,
  isBanned: () => false,
  semiSync: 'off',
  postponeLagSeconds: 0,
  detachPromoted: false,
  acknowledgeLimitMs: 100,
};

/** The silent ones did not answer when they were read last. */
export function aSnapshot(
  members: readonly Instance[],
  silent: readonly InstanceKey[],
  name = 'primary:3306',
): ClusterSnapshot {
  return {
    name,
    alias: name,
    domain: '',
    takenAtMs: 0,
    members: members.map((instance) => ({
      instance,
      lastCheckedMs: 0,
      lastAttemptedMs: 0,
      lastSeenMs: 0,
      valid: !silent.includes(instance.key),
      partialSuccess: true,
      errantGtid: '',
      lastError: '',
    })),
    downtimes: new Map(),
    maintenance: new Set(),
  };
}
