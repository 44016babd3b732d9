// A sandbox topology and the daemon that watches it, until Ctrl-C. Data stays in .sandbox/ for the next start.

import { spawn } from 'node:child_process';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Flavour, findFlavours, Sandbox, TOPOLOGY_LOGIN } from './sandbox/sandbox.ts';

const ADDRESS = '127.0.0.1:3000';
const URL_BASE = `http://${ADDRESS}`;

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

async function answers<T>(path: string): Promise<T | undefined> {
  try {
    return (await (await fetch(`${URL_BASE}/api/${path}`)).json()) as T;
  } catch {
    return undefined;
  }
}

if ((await answers('lb-check')) !== undefined) fail(`something answers on ${URL_BASE} already: stop it first`);
const flavours = await findFlavours();
const wanted = process.env.ORCHESTRATOR_SANDBOX_SERVER as Flavour | undefined;
const flavour = wanted ?? flavours[0];
if (flavour === undefined || !flavours.includes(flavour))
  fail(`ORCHESTRATOR_SANDBOX_SERVER=${wanted ?? ''}: found ${flavours.join(', ') || 'no server'}`);

const home = resolve('.sandbox');
const directory = resolve(home, `servers-${flavour}`);
mkdirSync(directory, { recursive: true });
process.stdout.write(`starting one primary and three replicas (${flavour}) ...\n`);
const sandbox = await Sandbox.create({ flavour, servers: 4, directory });
const seed = sandbox.servers[0];
if (seed === undefined) fail('the sandbox has no server');

const configFile = resolve(home, 'orchestrator.conf.json');
const config = {
  ListenAddress: ADDRESS,
  BackendDB: 'sqlite',
  SQLite3DataFile: resolve(home, `orchestrator-${flavour}.sqlite3`),
  MySQLTopologyUser: TOPOLOGY_LOGIN.user,
  MySQLTopologyPassword: TOPOLOGY_LOGIN.password,
  ReplicationCredentialsQuery: "SELECT 'repl', 'repl_pw'",
  HostnameResolveMethod: 'none',
  MySQLHostnameResolveMethod: 'none',
  DiscoverySeeds: [`${seed.key.hostname}:${seed.key.port}`],
  RecoverMasterClusterFilters: ['*'],
  RecoverIntermediateMasterClusterFilters: ['*'],
  RecoveryPeriodBlockSeconds: 60,
};
writeFileSync(configFile, `${JSON.stringify(config, null, 2)}\n`);
const log = openSync(resolve(home, 'orchestrator.log'), 'a');
const daemon = spawn(process.execPath, ['dist/cmd/orchestrator.js', '-config', configFile, 'http'], {
  stdio: ['ignore', log, log],
});

let stopping = false;
async function stop(status: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  daemon.kill('SIGTERM');
  await sandbox.stop();
  process.exit(status);
}
process.on('SIGINT', () => void stop(0));
process.on('SIGTERM', () => void stop(0));
daemon.once('exit', (code) => {
  if (!stopping) {
    process.stderr.write(`the daemon ended (status ${code}): see .sandbox/orchestrator.log\n`);
    void stop(1);
  }
});

const end = Date.now() + 30_000;
let found: unknown[] = [];
while (found.length < sandbox.servers.length) {
  if (Date.now() > end) {
    process.stderr.write('the topology was not discovered within 30 s: see .sandbox/orchestrator.log\n');
    await stop(1);
  }
  await delay(50);
  found = (await answers<unknown[]>('all-instances')) ?? [];
}
const masters = (await answers<{ Key: { Hostname: string; Port: number }; ClusterName: string }[]>('masters')) ?? [];
const cluster = masters[0]?.ClusterName ?? `${seed.key.hostname}:${seed.key.port}`;
const tree = await answers<{ Details: string }>(`topology/${cluster}`);
const primary = sandbox.servers.find(({ key }) => key.port === masters[0]?.Key.Port) ?? seed;
process.stdout.write(`
${tree?.Details ?? ''}

API   ${URL_BASE}/api/        log  .sandbox/orchestrator.log

Try:  kill -9 ${primary.pid}                                  # the primary; then look again:
      curl -s ${URL_BASE}/api/topology/${sandbox.servers.find((server) => server !== primary)?.key.hostname}/${sandbox.servers.find((server) => server !== primary)?.key.port}
      curl -s ${URL_BASE}/api/v2/clusters/${cluster}/failover-plan
      curl -s ${URL_BASE}/api/audit-recovery

Ctrl-C stops all of it.
`);
