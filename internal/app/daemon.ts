import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { SoleUse } from '../backend/sole-use.ts';
import type { Config } from '../config/keys.ts';
import type { LoadedConfig } from '../config/load.ts';
import { authenticationWarning } from '../http/authentication.ts';
import { HttpServer } from '../http/server.ts';
import { Metrics } from '../metrics/metrics.ts';
import { beginAnew } from '../raft/rescue/begin-anew.ts';
import { systemClock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { ProcessSignals } from '../runtime/process-signals.ts';
import { VERSION } from '../runtime/version.ts';
import { assemble } from './assemble.ts';
import { AuditTrail, NO_SERVER } from './audit-trail.ts';
import { daemonLog } from './daemon-log.ts';
import { GroupApi } from './group/group-api.ts';
import { GroupParts } from './group/group-parts.ts';
import { lookoutFor } from './group/lookout.ts';
import { Membership } from './group/membership.ts';
import { credentialsOf, nodeOptions } from './group/node-options.ts';
import { httpSettings } from './http-settings.ts';
import { LiveConfig } from './live-config.ts';
import type { Orchestrator } from './orchestrator.ts';
import { orderlyStop } from './orderly-stop.ts';
import { backendLabel, loginFrom, openBackend, openSeat, usesSqlite } from './own-backend.ts';
import { Presence, takeLead } from './presence.ts';
import { servicesOn } from './services.ts';
import { SharedMode } from './shared/shared-mode.ts';
import { restore } from './storage.ts';
import { Upkeep } from './upkeep.ts';
import { upkeepSettings } from './upkeep-settings.ts';

export interface DaemonOptions {
  readonly config: Config;
  readonly warnings: readonly string[];
  /** Reads the files of `config` again, and `extra` on top of them. @throws {OrchestratorError} `CONFIG_INVALID` */
  readonly load: (extra?: string) => LoadedConfig;
  readonly noop: boolean;
  /** False: the API alone, on what the backend holds. No server is read or recovered by itself. */
  readonly discovery: boolean;
  /** Lead although another process seems to. */
  readonly grabElection: boolean;
  readonly logLevel: 'error' | 'info' | 'debug';
  readonly logStacks: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signals: ProcessSignals;
}

type Work = () => void | Promise<void>;
/** What ends a daemon that nobody told to end. */
type Fatal = (err: unknown) => void;

/**
 * Runs until SIGINT or SIGTERM; resolves when everything was stopped. SIGHUP reads the configuration again.
 *
 * @throws what kept it from starting, or from going on: the codes of `NODE_ENDS` among others
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const log = daemonLog({ level: options.logLevel, stacks: options.logStacks, env: options.env });
  for (const warning of options.warnings) log.warn({ warning }, 'configuration');
  const endings: Work[] = [];
  try {
    let fatal: Fatal = () => {};
    const failed = new Promise<never>((_, reject) => {
      fatal = reject;
    });
    failed.catch(() => undefined); // told below, if anybody waits for it by then
    const drain = await start(
      options,
      log,
      (end) => endings.unshift(end),
      (err) => fatal(err),
    );
    const signal = await Promise.race([options.signals.stopped, failed]);
    log.info({ signal }, 'orchestrator stops');
    await drain();
  } finally {
    for (const end of endings) await undo(end, log);
  }
}

/** One that fails does not keep the others from being done. */
async function undo(end: Work, log: Log): Promise<void> {
  try {
    await end();
  } catch (err) {
    log.error({ err }, 'while stopping');
  }
}

/**
 * @param atEnd takes what has to be undone, the newest first, also when the start fails half-way
 * @returns what a node does before that, where others depend on it
 */
async function start(options: DaemonOptions, log: Logger, atEnd: (end: Work) => void, fatal: Fatal): Promise<Work> {
  const { config, signals, discovery } = options;
  const clock = systemClock;
  const node = { hostname: hostname(), token: randomBytes(32).toString('hex') };
  const self = {
    startedMs: clock.nowMs(),
    version: VERSION,
    command: 'http',
    mode: 'HttpMode',
    backend: backendLabel(config),
  };
  const soleUse = discovery && usesSqlite(config) ? SoleUse.take(config.SQLite3DataFile) : undefined;
  atEnd(() => soleUse?.release());
  let inForce: Pick<LiveConfig, 'config'> = { config };
  const login = () => loginFrom(inForce.config);
  const store = await openBackend(
    config,
    { node, clock, log: log.child({ component: 'backend' }), flushMs: config.BackendFlushIntervalMilliseconds },
    login,
  );
  atEnd(() => store.close());
  const isShared = discovery && !usesSqlite(config) && !config.RaftEnabled;
  if (discovery && !isShared) await takeLead(store.nodes, clock, options.grabElection);
  const group =
    config.RaftEnabled && discovery
      ? new GroupParts(store, config.RaftDataDir, node.hostname, log.child({ component: 'raft' }))
      : undefined;
  const left = group && beginAnew(config.RaftDataDir);
  if (left !== undefined) log.info({ left }, 'this node had left its group: it joins anew');
  const raft = group && (await nodeOptions(config, await group.applied()));
  const metrics = new Metrics();
  const live = new LiveConfig({
    ...options,
    onReloaded: (message) => {
      trail.add('reload-configuration', NO_SERVER, '', message);
      orchestrator.refresh();
      if (membership !== undefined) membership.renew(credentialsOf(live.config));
    },
    log: log.child({ component: 'config' }),
  });
  const toldSinceMs = () => clock.nowMs() - live.settings.detector.periodMs;
  inForce = live;
  const trail = new AuditTrail({ audits: store.audits, config: () => live.config, clock, log });
  atEnd(() => {
    trail.add('shutdown', NO_SERVER, '', '');
    return trail.settled();
  });
  const shared = isShared
    ? new SharedMode({
        seat: await openSeat(config, node, clock, login),
        restore: () => restore(store, toldSinceMs()),
        orchestrator: () => orchestrator,
        upkeep: () => upkeep,
        node: node.hostname,
        log: log.child({ component: 'election' }),
        ...{ store, clock },
      })
    : undefined;
  const orchestrator: Orchestrator = assemble({
    current: live,
    store,
    trail,
    restored: await restore(store, toldSinceMs()),
    hostname: node.hostname,
    clock,
    log,
    hooksLog: log.child({ component: 'hooks' }),
    onProbed: ({ ok, durationMs }) => metrics.probed(ok, durationMs / 1000),
    watcher: {
      recovered: ({ kind, successful, startedMs, endedMs = startedMs }) =>
        metrics.recovered(kind, successful ? 'success' : 'failure', (endedMs - startedMs) / 1000),
      stepped: (phase, ok, durationMs) => metrics.stepped(phase, ok ? 'success' : 'failure', durationMs / 1000),
    },
    passive: !discovery,
    ...{ group, shared },
  });
  const recovering = () => orchestrator.recovery.book.list().some(({ endedMs }) => endedMs === undefined);
  const membership =
    group &&
    raft &&
    new Membership({
      options: raft,
      lookout: await lookoutFor(config, raft, clock, log.child({ component: 'raft' })),
      proposalTimeoutMs: config.RaftProposalTimeoutMilliseconds,
      endAfterMs: config.RaftExitOnBackendFailureSeconds * 1000,
      machine: group.machine(
        () => orchestrator.inventory.all().map(({ instance }) => instance.key),
        async (servers) => orchestrator.reload(await restore(store, toldSinceMs()), servers),
      ),
      agreement: group.agreement,
      peers: group.peers,
      leaves: () => live.config.RaftLeaveOnShutdown,
      recovering,
      holder: {
        takeOffice: () => {
          orchestrator.takeOffice();
          api?.tookOffice();
        },
        leaveOffice: () => orchestrator.leaveOffice(),
        opinions: orchestrator.opinions,
      },
      onBytes: (channel, peer, payload) => api?.hear(channel, peer, payload),
      sound: () => group.digests.differsSince === undefined,
      backend: store,
      clock,
      log: log.child({ component: 'raft' }),
      onFatal: fatal,
    });
  const api =
    membership &&
    new GroupApi({
      ...{ config, membership, recovering, clock, log: log.child({ component: 'raft' }) },
      agreement: orchestrator.agreement,
      backendWorks: () => store.health().ok,
    });
  const presence = new Presence({ nodes: store.nodes, node: self, clock, leads: discovery && !isShared });
  atEnd(() => presence.stop());
  const upkeep = new Upkeep({
    orchestrator,
    backend: store,
    inGroup: group !== undefined,
    get settings() {
      return upkeepSettings(live);
    },
    clock,
    log: log.child({ component: 'upkeep' }),
  });
  atEnd(() => upkeep.stop());
  atEnd(() => orchestrator.stop());
  const settings = httpSettings(live, node);
  const doubt = authenticationWarning(settings.authentication);
  if (doubt !== undefined) log.warn({ doubt }, 'authentication');
  const server = new HttpServer({
    services: servicesOn({
      ...{ orchestrator, store, live, metrics, clock },
      self: { ...node, ...self, firstSeenMs: self.startedMs },
      leads: () => discovery && orchestrator.agreement.mayAct,
      election: shared?.office,
      ...(api === undefined ? {} : { group: api.view }),
    }),
    settings,
    clock,
    log: log.child({ component: 'http' }),
  });
  const { host, port } = listenAddress(config.ListenAddress, log);
  await server.start(host, port);
  atEnd(() => server.stop());
  presence.start();
  if (discovery && !signals.stopping) {
    if (isShared) orchestrator.observer.pause(); // until this node leads
    orchestrator.start();
    if (!isShared) upkeep.start();
    await shared?.start(options.grabElection);
    atEnd(() => shared?.stop());
    membership?.start();
    atEnd(() => membership?.stop());
    api?.start();
    atEnd(() => api?.stop());
  } else if (!discovery) log.warn({}, 'started with -discovery=false: nothing is discovered, detected or recovered');
  log.info({ address: `${host}:${port}`, backend: self.backend, seeds: config.DiscoverySeeds }, 'orchestrator runs');
  signals.onReload(() => {
    try {
      live.reload();
    } catch {
      // told in the log; the daemon goes on with what it has
    }
  });
  return () => api && orderlyStop({ group: api, config: live.config, ...{ server, signals, clock, log } });
}

/** Without a host in the configured address the daemon stays on loopback. */
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
