import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { pino } from 'pino';
import { SqliteStore } from '../backend/sqlite-store.ts';
import type { Config } from '../config/keys.ts';
import { HookRunner } from '../hooks/runner.ts';
import type { Services } from '../http/ports.ts';
import { HttpServer } from '../http/server.ts';
import { Metrics } from '../metrics/metrics.ts';
import { matchesClusterFilter } from '../recovery/filters.ts';
import { firstNo } from '../recovery/gates.ts';
import { systemClock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { type ClusterSnapshot, depthOf, primariesOf, replicasOf } from '../topology/cluster.ts';
import { keyText } from '../topology/instance-key.ts';
import { type HookSubject, Orchestrator, type Restored, type RunHooks, type Storage } from './orchestrator.ts';
import { settingsFrom } from './settings-from-config.ts';

export interface DaemonOptions {
  readonly config: Config;
  readonly warnings: readonly string[];
  readonly noop: boolean;
  readonly debug: boolean;
}

/** Runs until SIGINT or SIGTERM; resolves when everything was stopped. */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { config } = options;
  const log = makeLog(options);
  for (const warning of options.warnings) log.warn({ warning }, 'configuration');
  const clock = systemClock;
  const settings = settingsFrom(config, options.noop);
  const node = { hostname: hostname(), token: randomBytes(32).toString('hex') };
  if (!config.BackendDB.includes('sqlite')) {
    throw new OrchestratorError(
      'CONFIG_INVALID',
      `BackendDB "${config.BackendDB}": only sqlite is there so far; set BackendDB to sqlite and SQLite3DataFile to a file`,
    );
  }
  const store = SqliteStore.open({
    file: config.SQLite3DataFile,
    clock,
    log: log.child({ component: 'backend' }),
    flushMs: config.BackendFlushIntervalMilliseconds,
  });
  const metrics = new Metrics();
  const hooks = new HookRunner({
    shellCommand: config.ProcessesShellCommand,
    timeoutMs: config.HookTimeoutSeconds * 1000,
    clock,
    log: log.child({ component: 'hooks' }),
  });
  const orchestrator: Orchestrator = new Orchestrator({
    settings,
    storage: storageOn(store, node, (key, cluster) => {
      const snapshot = orchestrator.inventory.snapshot(cluster, clock.nowMs());
      const member = snapshot.members.find(({ instance }) => keyText(instance.key) === key);
      return member === undefined ? 0 : depthOf(snapshot, member.instance);
    }),
    restored: restore(store),
    runHooks: hooksOn(hooks, config, node.hostname, (uid, message) => store.note(uid, message)),
    clock,
    log,
    onProbed: ({ ok, durationMs }) => metrics.probed(ok, durationMs / 1000),
  });
  const server = new HttpServer({
    services: servicesOn(orchestrator, store, config, metrics),
    settings: {
      node,
      pollSeconds: config.InstancePollSeconds,
      reasonableLagSeconds: config.ReasonableReplicationLagSeconds,
      maintenanceLagSeconds: config.ReasonableMaintenanceReplicationLagSeconds,
      defaultPort: config.DefaultInstancePort,
      blockMs: settings.blockMs,
      readOnly: config.ReadOnly,
      urlPrefix: config.URLPrefix,
    },
    clock,
    log: log.child({ component: 'http' }),
  });
  const { host, port } = listenAddress(config.ListenAddress, log);
  await server.start(host, port);
  orchestrator.start();
  log.info(
    { address: `${host}:${port}`, backend: config.SQLite3DataFile, seeds: config.DiscoverySeeds },
    'orchestrator runs',
  );

  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  log.info({}, 'orchestrator stops');
  await server.stop();
  await orchestrator.stop();
  store.close();
}

function makeLog({ config, debug }: DaemonOptions) {
  return pino({
    level: debug || config.Debug ? 'debug' : 'info',
    redact: ['password', '*.password', 'login'],
    timestamp: pino.stdTimeFunctions.isoTime,
  });
}

/** Without a host in the configured address the daemon stays on loopback: there is no authentication in front of it yet. */
function listenAddress(configured: string, log: Log): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(configured);
  if (match === null)
    throw new OrchestratorError('CONFIG_INVALID', `ListenAddress "${configured}": expected host:port or :port`);
  const host = match[1] ?? match[2] ?? '';
  if (host === '')
    log.warn(
      { configured },
      'ListenAddress names no host: listening on 127.0.0.1 only; name one, or 0.0.0.0, to be reached from elsewhere',
    );
  return { host: host === '' ? '127.0.0.1' : host, port: Number(match[3]) };
}

function restore(store: SqliteStore): Restored {
  return {
    instances: store.loadInstances(),
    recoveries: store.loadRecoveries(200).map((record) => ({
      ...record,
      kind: record.kind === 'intermediatePrimary' ? 'intermediatePrimary' : 'primary',
      lost: record.lost.map(({ key }) => ({ key, reason: '', reachable: false })),
    })),
    openFences: store.loadFences(),
    recoveriesDisabled: store.loadRecoveriesDisabled(),
    promotionRules: store.loadPromotionRules(),
    downtimes: store.loadDowntimes(),
  };
}

function storageOn(
  store: SqliteStore,
  node: { hostname: string; token: string },
  depth: (key: string, cluster: string) => number,
): Storage {
  return {
    instanceSeen: (watched, cluster) =>
      store.instanceSeen(watched, cluster, depth(keyText(watched.instance.key), cluster)),
    opened: async (record) => store.recoveryOpened(record, node),
    closed: async (record) => store.recoveryClosed(record),
    acknowledged: async (records) => store.acknowledged(records),
    stepStarted: async (uid, number, text) => store.stepStarted(uid, number, text),
    stepEnded: async (uid, number, error) => store.stepEnded(uid, number, error),
    note: async (uid, message) => store.note(uid, message),
    promotionStarted: (uid) => store.promotionStarted(uid),
    fenceIntended: async (failed, cluster, successor) => store.fenceIntended(failed, cluster, successor),
    fenced: async (key) => store.fenced(key),
    audit: (type, key, cluster, message) => store.audit(type, key, cluster, message),
    recoveriesDisabled: (disabled) => store.recoveriesDisabled(disabled),
    promotionRule: (key, rule) => store.promotionRule(key, rule),
    downtime: (key, downtime) => store.downtime(key, downtime),
    forgotten: (key) => store.forgotten(key),
  };
}

function hooksOn(
  hooks: HookRunner,
  config: Config,
  host: string,
  note: (uid: string, message: string) => void,
): RunHooks {
  const lists = {
    detection: {
      name: 'OnFailureDetectionProcesses',
      commands: config.OnFailureDetectionProcesses,
      stopOnFailure: true,
    },
    preGraceful: {
      name: 'PreGracefulTakeoverProcesses',
      commands: config.PreGracefulTakeoverProcesses,
      stopOnFailure: true,
    },
    preFailover: { name: 'PreFailoverProcesses', commands: config.PreFailoverProcesses, stopOnFailure: true },
    postPrimary: {
      name: 'PostMasterFailoverProcesses',
      commands: config.PostMasterFailoverProcesses,
      stopOnFailure: false,
    },
    postIntermediate: {
      name: 'PostIntermediateMasterFailoverProcesses',
      commands: config.PostIntermediateMasterFailoverProcesses,
      stopOnFailure: false,
    },
    postFailover: { name: 'PostFailoverProcesses', commands: config.PostFailoverProcesses, stopOnFailure: false },
    postUnsuccessful: {
      name: 'PostUnsuccessfulFailoverProcesses',
      commands: config.PostUnsuccessfulFailoverProcesses,
      stopOnFailure: false,
    },
    postGraceful: {
      name: 'PostGracefulTakeoverProcesses',
      commands: config.PostGracefulTakeoverProcesses,
      stopOnFailure: false,
    },
  } as const;
  return async (list, subject) => {
    const chosen = lists[list];
    if (chosen.commands.length === 0) return true;
    return hooks.run(chosen, hookContext(subject, config, host, list.endsWith('Graceful')), (message) =>
      note(subject.uid, message),
    );
  };
}

function hookContext(subject: HookSubject, config: Config, host: string, graceful: boolean) {
  const { snapshot, failed, record, successor } = subject;
  return {
    failureType: subject.code,
    instanceType:
      subject.kind === 'primary'
        ? ('master' as const)
        : subject.kind === 'coPrimary'
          ? ('co-master' as const)
          : ('intermediate-master' as const),
    failureDescription: '',
    command: graceful ? 'graceful-master-takeover' : '',
    failed,
    cluster: snapshot.name,
    clusterAlias: snapshot.alias,
    clusterDomain: snapshot.domain || snapshot.name,
    replicas: replicasOf(snapshot, failed).map(({ instance }) => keyText(instance.key)),
    isDowntimed: snapshot.downtimes.has(keyText(failed)),
    autoPrimaryRecovery: matchesClusterFilter(config.RecoverMasterClusterFilters, snapshot),
    autoIntermediateRecovery: matchesClusterFilter(config.RecoverIntermediateMasterClusterFilters, snapshot),
    orchestratorHost: host,
    recoveryUid: subject.uid,
    isSuccessful: record?.successful ?? false,
    lostReplicas: record?.lost.map(({ key }) => keyText(key)) ?? [],
    successor: successor && { ...successor, alias: record?.successorAlias ?? '' },
  };
}

function servicesOn(orchestrator: Orchestrator, store: SqliteStore, config: Config, metrics: Metrics): Services {
  const { observer, book, tasks } = orchestrator;
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
    recover: (snapshot, key, options) => orchestrator.recoverNow(snapshot, key, options),
    takeOver: (request) => orchestrator.takeover.run(request, tasks.signal),
    failoverPlan: (snapshot) => {
      const [primary] = primariesOf(snapshot);
      if (primary === undefined) throw new OrchestratorError('NOT_FOUND', `cluster ${snapshot.name} has no primary`);
      const key = primary.instance.key;
      const suppressedBy = snapshot.maintenance.has(keyText(key))
        ? 'maintenance'
        : snapshot.downtimes.has(keyText(key))
          ? 'downtime'
          : undefined;
      const gates = orchestrator.coordinator
        .gates({ code: 'DeadMaster', kind: 'primary', key, snapshot, suppressedBy })
        .filter(({ name }) => !['detected', 'confirmed', 'fresh evidence', 'grace over'].includes(name)); // about a death that has not happened
      return { plan: orchestrator.coordinator.preview(snapshot, key), gates, firstNo: firstNo(gates) ?? null };
    },
    recoveries: () => book.list(),
    steps: (uid) => store.steps(uid),
    audits: (page) => store.audits(page, 20),
    acknowledge: (selects, by, comment) => book.acknowledge(selects, { by, comment, atMs: systemClock.nowMs() }),
    recoveriesDisabled: () => orchestrator.recoveriesDisabled,
    setRecoveriesDisabled: (disabled) => {
      orchestrator.recoveriesDisabled = disabled;
    },
    ready: () => orchestrator.inventory.all().length > 0 || config.DiscoverySeeds.length === 0,
    metrics: () =>
      metrics.text(() => ({ queue: observer.queueLength, instances: orchestrator.inventory.all().length })),
  };
}
