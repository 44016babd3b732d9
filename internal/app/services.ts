// What the HTTP API may ask for, answered by the orchestrator and its backend.

import type { SqliteStore } from '../backend/sqlite-store.ts';
import type { Config } from '../config/keys.ts';
import type { Services } from '../http/ports.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { matchesClusterFilter } from '../recovery/filters.ts';
import { firstNo } from '../recovery/gates.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import { type ClusterSnapshot, isCoPrimary, primariesOf } from '../topology/cluster.ts';
import { keyText } from '../topology/instance-key.ts';
import type { Orchestrator } from './orchestrator.ts';

export function servicesOn(orchestrator: Orchestrator, store: SqliteStore, config: Config, metrics: Metrics): Services {
  const { observer, recovery, tasks } = orchestrator;
  return {
    snapshots: () => orchestrator.snapshots(),
    analyse: (snapshot) => orchestrator.analyse(snapshot),
    clusterFlags: (snapshot: ClusterSnapshot) => ({
      primary: matchesClusterFilter(config.RecoverMasterClusterFilters, snapshot),
      intermediate: matchesClusterFilter(config.RecoverIntermediateMasterClusterFilters, snapshot),
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
    failoverPlan: (snapshot) => {
      const [primary] = primariesOf(snapshot);
      if (primary === undefined) throw new OrchestratorError('NOT_FOUND', `cluster ${snapshot.name} has no primary`);
      const key = primary.instance.key;
      const kind = isCoPrimary(snapshot, primary.instance) ? 'coPrimary' : 'primary';
      const suppressedBy = snapshot.maintenance.has(keyText(key))
        ? 'maintenance'
        : snapshot.downtimes.has(keyText(key))
          ? 'downtime'
          : undefined;
      const gates = recovery.coordinator
        .gates({ code: 'DeadMaster', description: '', command: '', kind, key, snapshot, suppressedBy })
        .filter(
          ({ name }) =>
            !['detected', 'confirmed', 'fresh evidence', 'replicas had their say', 'grace over'].includes(name),
        ); // about a death that has not happened
      return { plan: recovery.coordinator.preview(snapshot, key, kind), gates, firstNo: firstNo(gates) ?? null };
    },
    recoveries: () => recovery.book.list(),
    steps: (uid) => store.steps(uid),
    audits: (page) => store.audits(page, 20),
    acknowledge: (selects, by, comment) => recovery.acknowledge(selects, by, comment),
    recoveriesDisabled: () => orchestrator.recoveriesDisabled,
    setRecoveriesDisabled: (disabled) => {
      orchestrator.recoveriesDisabled = disabled;
    },
    ready: () => orchestrator.inventory.all().length > 0 || config.DiscoverySeeds.length === 0,
    metrics: () =>
      metrics.text(() => ({ queue: observer.queueLength, instances: orchestrator.inventory.all().length })),
  };
}
