import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { pino } from 'pino';
import { SqliteStore } from '../backend/sqlite-store.ts';
import type { Config } from '../config/keys.ts';
import { HookRunner } from '../hooks/runner.ts';
import { HttpServer } from '../http/server.ts';
import { Metrics } from '../metrics/metrics.ts';
import { systemClock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { depthOf } from '../topology/cluster.ts';
import { keyText } from '../topology/instance-key.ts';
import { hooksOn } from './hooks.ts';
import { Orchestrator } from './orchestrator.ts';
import { servicesOn } from './services.ts';
import { settingsFrom } from './settings-from-config.ts';
import { restore, storageOn } from './storage.ts';

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
