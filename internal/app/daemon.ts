import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { SoleUse } from '../backend/sole-use.ts';
import type { Config } from '../config/keys.ts';
import type { LoadedConfig } from '../config/load.ts';
import { authenticationWarning } from '../http/authentication.ts';
import { HttpServer } from '../http/server.ts';
import { Counters } from '../metrics/counters.ts';
import { Metrics } from '../metrics/metrics.ts';
import { Recent } from '../metrics/recent.ts';
import { systemClock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { ProcessSignals } from '../runtime/process-signals.ts';
import { VERSION } from '../runtime/version.ts';
import { assemble } from './assemble.ts';
import { AuditTrail, NO_SERVER } from './audit-trail.ts';
import { daemonLog } from './daemon-log.ts';
import { FullName } from './full-name.ts';
import { GroupApi } from './group/group-api.ts';
import { GroupParts } from './group/group-parts.ts';
import { ImportGate } from './group/imported.ts';
import { lookoutFor } from './group/lookout.ts';
import { Membership } from './group/membership.ts';
import { credentialsOf, membershipLimits } from './group/node-options.ts';
import { withOwnPast } from './group/own-past.ts';
import { StateKeeping } from './group/state-keeping.ts';
import { Happenings } from './happenings.ts';
import { httpSettings } from './http-settings.ts';
import { listen } from './listening.ts';
import { LiveConfig } from './live-config.ts';
import type { Orchestrator } from './orchestrator.ts';
import { orderlyStop } from './orderly-stop.ts';
import { backendLabel, loginFrom, openBackend, openSeat, usesSqlite } from './own-backend.ts';
import { passPhraseFor } from './pass-phrase.ts';
import { Presence, takeLead } from './presence.ts';
import { publishingOn } from './publishing-on.ts';
import { sampleQueues } from './queue-samples.ts';
import { recentSettings } from './recent-settings.ts';
import { servicesOn } from './services.ts';
import type { GivenFlags } from './settings-from-config.ts';
import { SharedMode } from './shared/shared-mode.ts';
import { sharedUrl } from './shared/shared-url.ts';
import { restore } from './storage.ts';
import { type Syslog, syslogFor } from './syslog.ts';
import { Upkeep } from './upkeep.ts';
import { upkeepSettings } from './upkeep-settings.ts';

export interface DaemonOptions extends GivenFlags {
  readonly config: Config;
  readonly warnings: readonly string[];
  /** Reads the files of `config` again, and `extra` on top of them. @throws {OrchestratorError} `CONFIG_INVALID` */
  readonly load: (extra?: string) => LoadedConfig;
  /** False: discovery, detection and recovery alone, without an API. */
  readonly http: boolean;
  /** False: the API alone, on what the backend holds. No server is read or recovered by itself. */
  readonly discovery: boolean;
  /** The backend was copied from another node of a group, and is to be that of this one. */
  readonly adoptBackend: boolean;
  /** Lead although another process seems to. */
  readonly grabElection: boolean;
  readonly logLevel: 'error' | 'info' | 'debug';
  readonly logStacks: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signals: ProcessSignals;
}

const QUEUE_SAMPLE_MS = 1_000;

type Work = () => void | Promise<void>;
/** What ends a daemon that nobody told to end. */
type Fatal = (err: unknown) => void;

/**
 * Runs until SIGINT or SIGTERM; resolves when everything was stopped. SIGHUP reads the configuration again.
 *
 * @throws what kept it from starting, or from going on: the codes of `NODE_ENDS` among others
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const syslog = syslogFor(options.config, (reason) => log.warn({ reason }, 'the local syslog takes no lines'));
  const copy = syslog && options.config.EnableSyslog ? { copy: (json: string) => syslog.copy(json) } : {};
  const log = daemonLog({ level: options.logLevel, stacks: options.logStacks, env: options.env, ...copy });
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
      syslog,
      (end) => endings.unshift(end),
      (err) => fatal(err),
    );
    const signal = await Promise.race([options.signals.stopped, failed]);
    log.info({ signal }, 'orchestrator stops');
    await drain();
  } finally {
    for (const end of endings) await undo(end, log);
    await syslog?.close();
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
async function start(
  options: DaemonOptions,
  log: Logger,
  syslog: Syslog | undefined,
  atEnd: (end: Work) => void,
  fatal: Fatal,
): Promise<Work> {
  const { config, signals, discovery } = options;
  const passPhrase = options.http ? await passPhraseFor(config, options.env, signals.stopped) : undefined;
  const clock = systemClock;
  const node = { hostname: hostname(), token: randomBytes(32).toString('hex') };
  const self = {
    startedMs: clock.nowMs(),
    version: VERSION,
    ...(options.http ? { command: 'http', mode: 'HttpMode' } : { command: 'continuous', mode: 'CLIMode' }),
    backend: backendLabel(config),
  };
  const soleUse = discovery && usesSqlite(config) ? SoleUse.take(config.SQLite3DataFile) : undefined;
  atEnd(() => soleUse?.release());
  let inForce: Pick<LiveConfig, 'config'> = { config };
  const login = () => loginFrom(inForce.config);
  const counters = new Counters();
  const recent = new Recent(
    recentSettings(() => inForce),
    clock,
  );
  const store = await openBackend(
    config,
    {
      node,
      clock,
      log: log.child({ component: 'backend' }),
      onWrite: (write) => {
        counters.add('instance.write', write.ok ? write.instances : 0);
        recent.wrote(write);
      },
    },
    login,
  );
  atEnd(() => store.close());
  const metrics = new Metrics();
  const isShared = discovery && !usesSqlite(config) && !config.RaftEnabled;
  if (discovery && !isShared) await takeLead(store.nodes, clock, options.grabElection);
  const group =
    config.RaftEnabled && discovery
      ? new GroupParts(
          store,
          {
            ...{ directory: config.RaftDataDir, node: node.hostname },
            electionTimeoutMs: config.RaftElectionTimeoutMilliseconds,
          },
          {
            ...{ clock, log: log.child({ component: 'raft' }) },
            onDecided: (outcome, ms) => metrics.proposed(outcome, ms),
          },
        )
      : undefined;
  const raft = group && (await withOwnPast(group, config, options.adoptBackend, log));
  const live = new LiveConfig({
    ...options,
    onReloaded: (message) => {
      trail.add('reload-configuration', NO_SERVER, '', message);
      orchestrator.refresh();
      if (membership !== undefined) membership.renew(credentialsOf(live.config));
    },
    log: log.child({ component: 'config' }),
  });
  const publishing = await publishingOn({
    ...{ world: () => orchestrator, current: () => live, store, clock, log: log.child({ component: 'kv' }) },
  });
  atEnd(() => publishing.stop());
  const toldSinceMs = () => clock.nowMs() - live.settings.detector.periodMs;
  inForce = live;
  const trail = new AuditTrail({
    audits: {
      add: (...entry) => {
        counters.add('audit.write');
        return store.audits.add(...entry);
      },
    },
    config: () => live.config,
    clock,
    log,
    toSyslog: syslog && config.AuditToSyslog ? (text) => syslog.write('info', text) : undefined,
  });
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
        url: options.http ? sharedUrl(config, node.hostname) : undefined,
        log: log.child({ component: 'election' }),
        ...{ store, clock },
      })
    : undefined;
  const restored = await restore(store, toldSinceMs());
  const happenings = new Happenings(restored, clock);
  const orchestrator: Orchestrator = assemble({
    current: live,
    store,
    trail,
    restored,
    happenings,
    hostname: node.hostname,
    clock,
    log,
    hooksLog: log.child({ component: 'hooks' }),
    onProbed: ({ key, ok, durationMs }) => {
      counters.add('discoveries.attempt');
      counters.add(ok ? 'instance.read_topology' : 'discoveries.fail');
      metrics.probed(ok, durationMs / 1000);
      recent.discovered(key, ok, durationMs);
    },
    watcher: {
      recovered: (record) => {
        const { kind, successful, startedMs, endedMs = startedMs } = record;
        publishing.recovered(record);
        counters.recovered(kind, successful);
        metrics.recovered(kind, successful ? 'success' : 'failure', (endedMs - startedMs) / 1000);
      },
      stepped: (phase, ok, durationMs) => metrics.stepped(phase, ok ? 'success' : 'failure', durationMs / 1000),
    },
    passive: !discovery,
    addressesOf: (host) => publishing.addressesOf(host),
    published: () => publishing.settled(),
    draining: () => api?.draining ?? false,
    ...{ group, shared },
  });
  const recovering = () => orchestrator.recovery.book.list().some(({ endedMs }) => endedMs === undefined);
  const sound = () => keeping?.sound !== false;
  const machine = group?.machine(
    () => orchestrator.inventory.all().map(({ instance }) => instance.key),
    async (servers) => {
      orchestrator.reload(await restore(store, toldSinceMs()), servers);
      happenings.replaced();
    },
  );
  const membership: Membership | undefined =
    group &&
    raft &&
    machine &&
    new Membership({
      options: raft,
      lookout: await lookoutFor(config, raft, clock, log.child({ component: 'raft' })),
      ...membershipLimits(config),
      machine,
      mayLead: new ImportGate(config.RaftDataDir, log.child({ component: 'raft' })).opens,
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
      onBytes: (channel, peer, payload) => {
        if (keeping?.hear(channel, peer.member, payload) !== true) api?.hear(channel, peer, payload);
      },
      sound,
      yields: () => api?.yields ?? false,
      onReaped: ({ member, voter, silentMs, limitMs }) => {
        const key = voter ? 'RaftReapVoterAfterSeconds' : 'RaftReapNonVoterAfterSeconds';
        const reason = `not heard for ${Math.round(silentMs / 1000)} s, ${key} is ${limitMs / 1000}`;
        trail.add(
          'raft-reap',
          NO_SERVER,
          '',
          `${voter ? 'voter' : 'non-voter'} ${member} removed from the group: ${reason}`,
        );
      },
      backend: store,
      clock,
      log: log.child({ component: 'raft' }),
      onFatal: fatal,
    });
  const keeping: StateKeeping | undefined =
    group &&
    machine &&
    new StateKeeping({
      node: () => membership?.node,
      wordOf: (id) => api?.wordOf(id),
      digests: group.digests,
      agreed: store.agreed,
      directory: config.RaftDataDir,
      maxMessageBytes: config.RaftMaxMessageBytes,
      audit: (message) => trail.add('repair-state', NO_SERVER, '', message),
      log: log.child({ component: 'raft' }),
      ...{ machine, clock },
    });
  const api: GroupApi | undefined =
    membership &&
    keeping &&
    new GroupApi({
      get config() {
        return live.config;
      },
      state: keeping,
      ...{ membership, sound, recovering, clock, log: log.child({ component: 'raft' }) },
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
  const settings = httpSettings(live, node, new FullName(node.hostname, log), passPhrase);
  const doubt = authenticationWarning(settings.authentication);
  if (doubt !== undefined) log.warn({ doubt }, 'authentication');
  const server = new HttpServer({
    services: servicesOn({
      ...{ orchestrator, store, live, metrics, recent, counters, clock, publishing, events: happenings.events },
      self: { ...node, ...self, firstSeenMs: self.startedMs },
      leads: () => discovery && orchestrator.agreement.mayAct,
      election: shared?.office,
      leaderUrl: () => shared?.leaderUrl,
      ...(api === undefined ? {} : { group: api.view }),
    }),
    settings,
    clock,
    log: log.child({ component: 'http' }),
  });
  const address = options.http ? await listen(server, config, log) : undefined;
  atEnd(() => server.stop());
  presence.start();
  const stopSampling = clock.every(QUEUE_SAMPLE_MS, () => sampleQueues(orchestrator.observer, recent, live.config));
  atEnd(stopSampling);
  if (discovery && !signals.stopping) {
    if (isShared) orchestrator.observer.pause(); // until this node leads
    orchestrator.start();
    if (!isShared) upkeep.start();
    publishing.start();
    await shared?.start(options.grabElection);
    atEnd(() => shared?.stop());
    membership?.start();
    atEnd(() => membership?.stop());
    api?.start();
    atEnd(() => api?.stop());
    if (api !== undefined) atEnd(happenings.watch(api.view));
    keeping?.start();
    atEnd(() => keeping?.stop());
  } else if (!discovery) log.warn({}, 'started with -discovery=false: nothing is discovered, detected or recovered');
  log.info({ address, backend: self.backend, seeds: config.DiscoverySeeds }, 'orchestrator runs');
  signals.onReload(() => {
    try {
      live.reload();
    } catch {
      // told in the log; the daemon goes on with what it has
    }
  });
  return () => api && orderlyStop({ group: api, config: live.config, ...{ server, signals, clock, log } });
}
