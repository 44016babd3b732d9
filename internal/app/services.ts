// What the HTTP API may ask for, answered by the orchestrator and its backend.

import { NO_PROBLEM } from '../analysis/analyse.ts';
import type { Backend } from '../backend/backend.ts';
import type { GroupView } from '../http/group-view.ts';
import type { Election, RecoveryEntry, Services } from '../http/ports.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { connects } from '../mysql/reachable.ts';
import type { RecoveryRecord } from '../recovery/book.ts';
import { matchesClusterFilter } from '../recovery/filters.ts';
import { repeatedRecovery } from '../recovery/repeated.ts';
import type { Clock } from '../runtime/clock.ts';
import type { LiveConfig } from './live-config.ts';
import { nodeHealth, type Self } from './node-health.ts';
import type { Orchestrator } from './orchestrator.ts';

/** Entries per page of a listing. */
const PAGE = 20;

export interface ServiceParts {
  readonly orchestrator: Orchestrator;
  readonly store: Backend;
  readonly live: LiveConfig;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly self: Self;
  /** This node decides and acts, and does not only watch or answer. */
  readonly leads: () => boolean;
  /** The group that it belongs to, if any. */
  readonly group?: GroupView;
  /** Where its backend is that of other daemons, too. */
  readonly election?: Election | undefined;
}

export function servicesOn({
  orchestrator,
  store,
  live,
  metrics,
  clock,
  self,
  leads,
  group,
  election,
}: ServiceParts): Services {
  const { observer, recovery, maintenance, tasks } = orchestrator;
  return {
    snapshots: () => orchestrator.snapshots(),
    analyse: (snapshot) => orchestrator.analyse(snapshot),
    clusterFlags: (cluster) => ({
      primary: matchesClusterFilter(live.config.RecoverMasterClusterFilters, cluster),
      intermediate: matchesClusterFilter(live.config.RecoverIntermediateMasterClusterFilters, cluster),
    }),
    canonical: (key) => observer.canonical(key),
    resolve: async (key) => {
      const resolved = await orchestrator.resolve(key);
      await connects(resolved, live.config.MySQLConnectTimeoutSeconds * 1000);
      return resolved;
    },
    resolvedNames: () => orchestrator.hostnames.entries(),
    forgetResolvedNames: () => orchestrator.forgetResolvedNames(),
    discover: async (key) => {
      const instance = await observer.probeNow(await orchestrator.resolve(key), tasks.signal);
      await orchestrator.watch(instance.key); // not before: a slip of the pen would be probed for ever
      return instance;
    },
    watch: (key) => orchestrator.watch(key),
    forget: (key) => orchestrator.forget(key),
    forgetCluster: (snapshot) => orchestrator.forgetCluster(snapshot),
    beginDowntime: (key, owner, reason, durationMs) => orchestrator.beginDowntime(key, owner, reason, durationMs),
    endDowntime: (key) => orchestrator.endDowntime(key),
    setPromotionRule: (key, rule) => orchestrator.setPromotionRule(key, rule),
    candidates: async () => {
      const expiryMs = live.config.CandidateInstanceExpireMinutes * 60_000;
      return (await store.words.candidates()).map((one) => ({
        ...one,
        expiresMs: one.rule === 'must_not' ? undefined : one.suggestedMs + expiryMs,
      }));
    },
    analysisChanges: () => store.analyses.changes(),
    recover: (snapshot, key, options) => recovery.recoverNow(snapshot, key, options),
    repeatedRecovery: (cluster, failed) => {
      const busy = () => recovery.coordinator.isBusy(cluster);
      return repeatedRecovery(failed, { busy, records: () => recovery.book.list(), clock }, tasks.signal);
    },
    takeOver: (request) => recovery.takeover.run(request, recovery.office),
    failoverPlan: (snapshot) => orchestrator.failoverPlan(snapshot),
    recoveries: () => Promise.all(recovery.book.list().map(entryOf)),
    steps: (uid) => store.journal.steps(uid),
    audits: (page, only) => store.audits.page(page, PAGE, only),
    detections: (page, alias) =>
      store.detections.list({ limit: PAGE, offset: page * PAGE }, alias === undefined ? undefined : { alias }),
    detection: async (id) => (await store.detections.list({ limit: 1 }, { id }))[0],
    blockedRecoveries: (cluster) => store.detections.blocks(cluster),
    beginMaintenance: (key, owner, reason, durationMs) => maintenance.begin(key, owner, reason, durationMs),
    endMaintenance: (key) => maintenance.end(key),
    endMaintenanceById: (id) => maintenance.endById(id),
    maintenances: () => maintenance.list(),
    setAliasOverride: (cluster, alias) => orchestrator.setAliasOverride(cluster, alias),
    tags: (key) => store.names.tags(key),
    ...{ group, election },
    leads,
    health: () => nodeHealth(store, self, leads(), clock.nowMs()),
    acknowledge: (selects, by, comment) => recovery.acknowledge(selects, by, comment),
    recoveriesDisabled: () => orchestrator.recoveriesDisabled,
    setRecoveriesDisabled: (disabled) => orchestrator.setRecoveriesDisabled(disabled),
    reload: (file) => live.reload(file),
    readiness: () => [discovered(), backend()],
    metrics: () => metrics.text(now),
  };

  function now() {
    const codes = orchestrator
      .snapshots()
      .flatMap((snapshot) => orchestrator.analyse(snapshot))
      .map(({ code }) => code);
    return {
      queue: observer.queueLength,
      instances: orchestrator.inventory.all().length,
      problems: codes.filter((code) => code !== NO_PROBLEM),
      waitingWrites: store.health().waiting,
      lostWrites: store.health().lost,
      leads: leads(),
      group: group?.now(),
    };
  }

  /** Recoveries are known without a backend, only their numbers are not. */
  async function entryOf(record: RecoveryRecord): Promise<RecoveryEntry> {
    const stored = await store.recoveries.identity(record).catch(() => undefined);
    return { id: 0, detectionId: 0, node: self, ...stored, record };
  }

  function backend() {
    const { ok, message, waiting } = store.health();
    const detail = ok ? 'takes what it is given' : `${message ?? 'takes nothing'}; ${waiting} changes wait in memory`;
    return { name: 'backend', ok, detail };
  }

  function discovered() {
    const servers = orchestrator.inventory.all();
    const seen = servers.filter(({ valid }) => valid).length;
    if (servers.length === 0 && live.config.DiscoverySeeds.length > 0)
      return { name: 'discovery', ok: false, detail: 'no seed was read yet' };
    return { name: 'discovery', ok: true, detail: `${servers.length} servers known, ${seen} answer` };
  }
}
