// A sandbox topology and the daemon that watches it, until Ctrl-C. Data stays in .sandbox/ for the next start. The environment
// chooses: ORCHESTRATOR_SANDBOX_SERVER (mariadb or mysql), _PORT (of the daemon), _DIRECTORY (of the data).

import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fetch } from 'undici';
import { claim, endLeftBehind, release } from './sandbox/claim.ts';
import { isFree } from './sandbox/ports.ts';
import { findFlavours, REPLICATION_LOGIN, Sandbox, type SandboxServer, TOPOLOGY_LOGIN } from './sandbox/sandbox.ts';

const DISCOVERY_LIMIT_MS = 30_000;
/** Replicas connect within this time; later the tree is shown as it is. */
const REPLICATION_LIMIT_MS = 10_000;
const STOP_LIMIT_MS = 5_000;

interface WireInstance {
  readonly Key: { readonly Hostname: string; readonly Port: number };
  readonly ClusterName: string;
  readonly IsLastCheckValid: boolean;
  readonly MasterKey: { readonly Port: number };
  readonly Slave_IO_Running: boolean;
  readonly Slave_SQL_Running: boolean;
}

const environment = process.env;
const home = resolve(environment.ORCHESTRATOR_SANDBOX_DIRECTORY ?? '.sandbox');
const address = `127.0.0.1:${environment.ORCHESTRATOR_SANDBOX_PORT ?? 3000}`;
const configFile = resolve(home, 'orchestrator.conf.json');
const logFile = resolve(home, 'orchestrator.log');
const pidFile = resolve(home, 'orchestrator.pid');

let sandbox: Sandbox | undefined;
let daemon: ChildProcess | undefined;
let stopping: Promise<void> | undefined;

/** First the daemon, so that it does not take the end of its servers for a failure; then the servers. */
function stop(status: number): Promise<void> {
  stopping ??= (async () => {
    await endDaemon();
    await sandbox?.stop('SIGTERM');
    release(home);
    process.exit(status);
  })();
  return stopping;
}

async function endDaemon(): Promise<void> {
  const child = daemon;
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once('exit', done));
  const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  child.kill('SIGTERM');
  await ended;
  clearTimeout(limit);
}

async function fail(message: string): Promise<never> {
  process.stderr.write(`${message}\n`);
  await stop(1);
  return process.exit(1);
}

async function startServers(): Promise<Sandbox> {
  const flavours = await findFlavours();
  const wanted = environment.ORCHESTRATOR_SANDBOX_SERVER;
  const flavour = flavours.find((one) => wanted === undefined || one === wanted);
  if (flavour === undefined)
    return fail(`no ${wanted ?? 'MariaDB or MySQL'} server here; found: ${flavours.join(', ') || 'none'}`);
  process.stdout.write(`starting one primary and three replicas (${flavour}) ...\n`);
  const made = await Sandbox.create({ flavour, servers: 4, directory: resolve(home, `servers-${flavour}`) });
  const backend = resolve(home, `orchestrator-${flavour}.sqlite3`);
  if (!made.kept) for (const suffix of ['', '-wal', '-shm']) rmSync(`${backend}${suffix}`, { force: true });
  const config = {
    ListenAddress: address,
    BackendDB: 'sqlite',
    SQLite3DataFile: backend,
    MySQLTopologyUser: TOPOLOGY_LOGIN.user,
    MySQLTopologyPassword: TOPOLOGY_LOGIN.password,
    ReplicationCredentialsQuery: `SELECT '${REPLICATION_LOGIN.user}', '${REPLICATION_LOGIN.password}'`,
    HostnameResolveMethod: 'none',
    MySQLHostnameResolveMethod: 'none',
    DiscoverySeeds: made.servers.map(nameOf),
    RecoverMasterClusterFilters: ['*'],
    RecoverIntermediateMasterClusterFilters: ['*'],
    RecoveryPeriodBlockSeconds: 60,
  };
  writeFileSync(configFile, `${JSON.stringify(config, null, 2)}\n`);
  return made;
}

const nameOf = ({ key }: { readonly key: { readonly hostname: string; readonly port: number } }) =>
  `${key.hostname}:${key.port}`;

function startDaemon(): ChildProcess {
  const log = openSync(logFile, 'a');
  // A process group of its own, so that Ctrl-C at a terminal reaches this process alone.
  const child = spawn(process.execPath, ['dist/cmd/orchestrator.js', '-config', configFile, 'http'], {
    stdio: ['ignore', log, log],
    detached: true,
  });
  writeFileSync(pidFile, String(child.pid));
  child.once('exit', (code, signal) => {
    if (stopping === undefined) void fail(`the daemon ended (${signal ?? `status ${code}`}): see ${logFile}`);
  });
  return child;
}

async function ask<T>(path: string): Promise<T | undefined> {
  try {
    return (await (await fetch(`http://${address}/api/${path}`)).json()) as T;
  } catch {
    return undefined; // not up yet
  }
}

/** The cluster that most of the servers belong to; one that a failover left behind is a cluster of its own. */
async function discovered(servers: number): Promise<string> {
  const startedMs = Date.now();
  for (;;) {
    const found = (await ask<WireInstance[]>('all-instances')) ?? [];
    const elapsedMs = Date.now() - startedMs;
    const read = found.length === servers && found.every(({ IsLastCheckValid }) => IsLastCheckValid);
    if (read && (found.every(replicates) || elapsedMs > REPLICATION_LIMIT_MS)) {
      const sizes = new Map<string, number>();
      for (const { ClusterName } of found) sizes.set(ClusterName, (sizes.get(ClusterName) ?? 0) + 1);
      return [...sizes].sort(([, a], [, b]) => b - a)[0]?.[0] ?? '';
    }
    if (elapsedMs > DISCOVERY_LIMIT_MS)
      return fail(`the topology was not discovered within ${DISCOVERY_LIMIT_MS / 1000} s: see ${logFile}`);
    await delay(50);
  }
}

const replicates = (one: WireInstance) => one.MasterKey.Port === 0 || (one.Slave_IO_Running && one.Slave_SQL_Running);

async function describe(servers: readonly SandboxServer[], cluster: string): Promise<string> {
  const api = `http://${address}/api`;
  const masters = (await ask<WireInstance[]>('masters')) ?? [];
  const tree = await ask<{ Details: string }>(`topology/${cluster}`);
  const leader = masters.find(({ ClusterName }) => ClusterName === cluster)?.Key;
  const primary = servers.find(({ key }) => key.port === leader?.Port);
  const another = servers.find((server) => server !== primary);
  return `
${tree?.Details ?? ''}

API   ${api}/
log   ${logFile}

Try:  kill -9 ${primary?.pid}                                  # the primary; then look again:
      curl -s ${api}/topology/${another?.key.hostname}/${another?.key.port}
      curl -s ${api}/v2/clusters/${cluster}/failover-plan
      curl -s ${api}/audit-recovery

Ctrl-C stops all of it.
`;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));
try {
  await claim(home);
  await endLeftBehind(pidFile, configFile);
  if (!(await isFree(Number(address.split(':')[1]))))
    await fail(`${address} is taken by another program: stop it, or set ORCHESTRATOR_SANDBOX_PORT`);
  sandbox = await startServers();
  daemon = startDaemon();
  const cluster = await discovered(sandbox.servers.length);
  process.stdout.write(await describe(sandbox.servers, cluster));
} catch (err) {
  if (stopping === undefined) await fail(err instanceof Error ? err.message : String(err));
}
