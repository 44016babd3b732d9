// What the HTTP API may ask for, answered by the orchestrator and its backend.

import { NO_PROBLEM } from '../analysis/analyse.ts';
import type { Backend } from '../backend/backend.ts';
import type { GroupView } from '../http/group-view.ts';
import type { Election, RecoveryEntry, Services } from '../http/ports.ts';
import type { EventSource } from '../http/v2/events/happenings.ts';
import type { Counters } from '../metrics/counters.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Recent } from '../metrics/recent.ts';
import { connects } from '../mysql/reachable.ts';
import type { RecoveryRecord } from '../recovery/book.ts';
import { matchesClusterFilter } from '../recovery/filters.ts';
import { repeatedRecovery } from '../recovery/repeated.ts';
import type { Clock } from '../runtime/clock.ts';
import { InstanceTags } from './instance-tags.ts';
import type { LiveConfig } from './live-config.ts';
import { nodeHealth, type Self } from './node-health.ts';
import { type NodeOffice, ofUnknownOutcome, untilLost } from './office.ts';
import type { Orchestrator } from './orchestrator.ts';
import { processVariables } from './process-variables.ts';
import type { Publishing } from './publishing.ts';
import { tokenLimits } from './token-limits.ts';

/** Entries per page of a listing. */
const PAGE = 20;

export interface ServiceParts {
  readonly orchestrator: Orchestrator;
  readonly store: Backend;
  readonly live: LiveConfig;
  readonly metrics: Metrics;
  readonly recent: Recent;
  readonly events: EventSource;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly publishing: Publishing;
  readonly self: Self;
  /** This node decides and acts, and does not only watch or answer. */
  readonly leads: () => boolean;
  /** The group that it belongs to, if any. */
  readonly group?: GroupView;
  /** Where its backend is that of other daemons, too. */
  readonly election?: Election | undefined;
  /** Of another node that leads there. */
  readonly leaderUrl: () => string | undefined;
}

export function servicesOn({
  orchestrator,
  store,
  live,
  metrics,
  recent,
  events,
  counters,
  clock,
  publishing,
  self,
  leads,
  group,
  election,
  leaderUrl,
}: ServiceParts): Services {
  const { observer, recovery, maintenance, tasks } = orchestrator;
  const instanceTags = new InstanceTags({
    agreement: orchestrator.agreement,
    stored: (key) => store.names.tags(key),
  });
  return {
    snapshots: () => orchestrator.snapshots(),
    analyse: (snapshot) => orchestrator.analyse(snapshot),
    clusterFlags: (cluster) => ({
      primary: matchesClusterFilter(live.config.RecoverMasterClusterFilters, cluster),
      intermediate: matchesClusterFilter(live.config.RecoverIntermediateMasterClusterFilters, cluster),
    }),
    canonical: (key) => observer.canonical(key),
    introduce: (hostnames) => orchestrator.introduce(hostnames),
    resolve: async (key) => {
      const resolved = await orchestrator.resolve(key);
      await connects(resolved, live.config.MySQLConnectTimeoutSeconds * 1000);
      return resolved;
    },
    resolvedNames: () => orchestrator.hostnames.entries(),
    forgetResolvedNames: () => orchestrator.forgetResolvedNames(),
    discover: async (key) => {
      const instance = await observer.probeNow(await orchestrator.resolve(key), tasks.signal);
      await orchestrator.requests.watch(instance.key); // not before: a slip of the pen would be probed for ever
      return instance;
    },
    watch: (key) => orchestrator.requests.watch(key),
    forget: (key) => orchestrator.requests.forget(key),
    forgetCluster: (snapshot) => orchestrator.requests.forgetCluster(snapshot),
    beginDowntime: async (key, owner, reason, durationMs) => {
      orchestrator.mustBeMeant(key);
      await orchestrator.requests.beginDowntime(key, owner, reason, durationMs);
    },
    endDowntime: (key) => orchestrator.requests.endDowntime(key),
    setPromotionRule: (key, rule) => orchestrator.requests.setPromotionRule(key, rule),
    candidates: async () => {
      const expiryMs = live.config.CandidateInstanceExpireMinutes * 60_000;
      return (await store.words.candidates()).map((one) => ({
        ...one,
        expiresMs: one.rule === 'must_not' ? undefined : one.suggestedMs + expiryMs,
      }));
    },
    analysisChanges: () => store.analyses.changes(),
    recover: (snapshot, key, options) => recovering(() => recovery.recoverNow(snapshot, key, options)),
    repeatedRecovery: (cluster, failed) => {
      const busy = () => recovery.coordinator.isBusy(cluster);
      return repeatedRecovery(failed, { busy, records: () => recovery.book.list(), clock }, tasks.signal);
    },
    takeOver: (request) => recovering((office) => recovery.takeover.run(request, office)),
    equivalents: (place) => store.positions.equivalents(place),
    lastMarker: (key) => orchestrator.operations.lookUps.lastMarker(key, recovery.office.signal),
    locateErrant: (key) => orchestrator.operations.locateErrant(key, recovery.office.signal),
    rehearse: (operation, request) => orchestrator.operations.rehearse(operation, request, tasks.signal),
    operate: async (request) => {
      const { office } = recovery;
      return untilLost(
        office,
        () => true,
        () => orchestrator.operations.run(request, office.signal),
      );
    },
    failoverPlan: (snapshot) => orchestrator.failoverPlan(snapshot),
    recoveries: () => Promise.all(recovery.book.list().map(entryOf)),
    steps: (uid) => store.journal.steps(uid),
    audits: (page, only) => store.audits.page(page, PAGE, only),
    auditsBefore: (id, limit, only) => store.audits.before(id, limit, only),
    detectionsBefore: (before, limit) => store.detections.list({ limit }, { before }),
    detections: (page, alias) =>
      store.detections.list({ limit: PAGE, offset: page * PAGE }, alias === undefined ? undefined : { alias }),
    detection: async (id) => (await store.detections.list({ limit: 1 }, { id }))[0],
    blockedRecoveries: (cluster) => store.detections.blocks(cluster),
    beginMaintenance: async (key, owner, reason, durationMs) => {
      orchestrator.mustBeMeant(key);
      return maintenance.begin(key, owner, reason, durationMs);
    },
    endMaintenance: (key) => maintenance.end(key),
    endMaintenanceById: (id) => maintenance.endById(id),
    maintenances: () => maintenance.list(),
    setAliasOverride: (cluster, alias) => orchestrator.requests.setAliasOverride(cluster, alias),
    tags: (key) => store.names.tags(key),
    tag: (key, tag) => instanceTags.tag(key, tag),
    untag: (...asked) => instanceTags.untag(...asked),
    recordTopologies: () => store.topologyHistory.record(orchestrator.snapshots()),
    pools: () => orchestrator.pools.list(clock.nowMs()),
    submitPool: (pool, list) => orchestrator.pools.submit(pool, list),
    registerVirtualName: (key, hostname) => orchestrator.requests.registerVirtualName(key, hostname),
    submitPrimaries: (cluster) => publishing.submit(cluster),
    publishedPairs: () => publishing.kept(),
    ...{ group, election, leaderUrl },
    calls: orchestrator.calls,
    leads,
    health: () => nodeHealth(store, self, leads(), clock.nowMs()),
    acknowledge: (selects, by, comment) => recovery.acknowledge(selects, by, comment),
    recoveriesDisabled: () => orchestrator.recoveriesDisabled,
    setRecoveriesDisabled: (disabled) => orchestrator.requests.setRecoveriesDisabled(disabled),
    reload: (file) => live.reload(file),
    readiness: () => [discovered(), backend()],
    tokens: {
      redeem: (publicToken) =>
        group === undefined
          ? store.tokens.redeem(publicToken, tokenLimits(live.config))
          : orchestrator.tokens.redeem(publicToken),
      isValid: async (publicToken, secret) =>
        orchestrator.tokens.holds(publicToken, secret) ||
        store.tokens.isValid(publicToken, secret, tokenLimits(live.config)).catch(() => false), // looking goes on
    },
    recent,
    events,
    process: processVariables,
    counters: () => counters.all(gauges()),
    metrics: () => metrics.text(now),
  };

  /** A claim that may have been agreed on is taken up by whoever leads. */
  async function recovering<T>(work: (office: NodeOffice) => Promise<T>): Promise<T> {
    const { office, book } = recovery;
    const before = new Set(book.list().map(({ uid }) => uid));
    const isClaimed = () => book.list().some(({ uid }) => !before.has(uid));
    return untilLost(
      office,
      (cause) => isClaimed() || ofUnknownOutcome(cause),
      () => work(office),
    );
  }

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
      stores: publishing.figures(),
    };
  }

  function gauges() {
    const { failing, others } = observer.load();
    const state = group?.now();
    const inTouch = state?.waiting === undefined && state?.leader !== undefined;
    return {
      'discoveries.dead_instances': orchestrator.inventory.all().filter(({ valid }) => !valid).length,
      'discoveries.dead_instances_queue_length': failing.queued,
      'discoveries.queue_length': others.queued,
      'discoveries.recent_count': recent.discoveries(live.config.InstancePollSeconds).length,
      'elect.is_elected': Number(leads()),
      'health.is_healthy': Number(store.health().ok),
      'raft.is_healthy': Number(inTouch),
      'raft.is_leader': Number(group?.mayAct ?? false),
      'recover.pending': recovery.book.list().filter(({ endedMs }) => endedMs === undefined).length,
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
