// What the HTTP API may ask for, answered by the orchestrator and its backend.

import { NO_PROBLEM } from '../analysis/analyse.ts';
import type { Backend } from '../backend/backend.ts';
import type { Services } from '../http/ports.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { connects } from '../mysql/reachable.ts';
import { matchesClusterFilter } from '../recovery/filters.ts';
import type { LiveConfig } from './live-config.ts';
import type { Orchestrator } from './orchestrator.ts';

/** Entries per page of a listing. */
const PAGE = 20;

export function servicesOn(orchestrator: Orchestrator, store: Backend, live: LiveConfig, metrics: Metrics): Services {
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
      const instance = await observer.probeNow(key, tasks.signal);
      observer.watch(instance.key); // not before: a slip of the pen would be probed for ever
      return instance;
    },
    watch: (key) => observer.watch(key),
    forget: (key) => orchestrator.forget(key),
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
    takeOver: (request) => recovery.takeover.run(request, tasks.signal),
    failoverPlan: (snapshot) => orchestrator.failoverPlan(snapshot),
    recoveries: () => recovery.book.list(),
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
    keyValue: (name) => store.names.get('value', name),
    keyValues: () => store.names.all('value'),
    nodes: (sinceMs) => store.nodes.seenSince(sinceMs),
    backendHealth: () => store.health(),
    acknowledge: (selects, by, comment) => recovery.acknowledge(selects, by, comment),
    recoveriesDisabled: () => orchestrator.recoveriesDisabled,
    setRecoveriesDisabled: (disabled) => {
      orchestrator.recoveriesDisabled = disabled;
    },
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
    };
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
