// What the HTTP API may ask for, answered by the orchestrator and its backend.

import type { SqliteStore } from '../backend/sqlite-store.ts';
import type { Services } from '../http/ports.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { matchesClusterFilter } from '../recovery/filters.ts';
import type { ClusterSnapshot } from '../topology/cluster.ts';
import type { LiveConfig } from './live-config.ts';
import type { Orchestrator } from './orchestrator.ts';

export function servicesOn(
  orchestrator: Orchestrator,
  store: SqliteStore,
  live: LiveConfig,
  metrics: Metrics,
): Services {
  const { observer, recovery, tasks } = orchestrator;
  return {
    snapshots: () => orchestrator.snapshots(),
    analyse: (snapshot) => orchestrator.analyse(snapshot),
    clusterFlags: (snapshot: ClusterSnapshot) => ({
      primary: matchesClusterFilter(live.config.RecoverMasterClusterFilters, snapshot),
      intermediate: matchesClusterFilter(live.config.RecoverIntermediateMasterClusterFilters, snapshot),
    }),
    discover: async (key) => {
      observer.watch(key);
      return observer.probeNow(key, tasks.signal);
    },
    watch: (key) => observer.watch(key),
    forget: (key) => orchestrator.forget(key),
    beginDowntime: (key, owner, reason, durationMs) => orchestrator.beginDowntime(key, owner, reason, durationMs),
    endDowntime: (key) => orchestrator.endDowntime(key),
    setPromotionRule: (key, rule) => orchestrator.setPromotionRule(key, rule),
    recover: (snapshot, key, options) => recovery.recoverNow(snapshot, key, options),
    takeOver: (request) => recovery.takeover.run(request, tasks.signal),
    failoverPlan: (snapshot) => orchestrator.failoverPlan(snapshot),
    recoveries: () => recovery.book.list(),
    steps: (uid) => store.steps(uid),
    audits: (page) => store.audits(page, 20),
    acknowledge: (selects, by, comment) => recovery.acknowledge(selects, by, comment),
    recoveriesDisabled: () => orchestrator.recoveriesDisabled,
    setRecoveriesDisabled: (disabled) => {
      orchestrator.recoveriesDisabled = disabled;
    },
    reload: (file) => live.reload(file),
    ready: () => orchestrator.inventory.all().length > 0 || live.config.DiscoverySeeds.length === 0,
    metrics: () =>
      metrics.text(() => ({ queue: observer.queueLength, instances: orchestrator.inventory.all().length })),
  };
}
