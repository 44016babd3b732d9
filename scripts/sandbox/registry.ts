// Consul, etcd and ZooKeeper as processes on loopback, each with a data directory of its own. Where they come from: install-registries.sh.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from './ports.ts';
import { CACHE } from './program.ts';

export type RegistryKind = 'consul' | 'etcd' | 'zookeeper';

const START_LIMIT_MS = 30_000;
/** One that is asked while it begins to listen may never answer: it is asked again. */
const ASK_LIMIT_MS = 1_000;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Undefined: it was not fetched. */
export function registryProgram(kind: RegistryKind): string | undefined {
  const file = join(CACHE, kind, 'root/usr/bin', kind);
  return existsSync(file) ? file : undefined;
}

/** One server. Its data outlive a restart. */
export class Registry {
  readonly kind: RegistryKind;
  /** `127.0.0.1:port` where clients find it; with Consul and etcd its HTTP API. */
  readonly address: string;
  readonly #directory = mkdtempSync(join(tmpdir(), 'registry-'));
  readonly #arguments: readonly string[];
  /** Whether the server serves, whatever its clients have to present; throws while nobody listens. */
  readonly #serves: () => Promise<boolean>;
  #child: ChildProcess | undefined;

  private constructor(kind: RegistryKind, ports: readonly number[], extra: readonly string[]) {
    this.kind = kind;
    this.address = `127.0.0.1:${ports[0]}`;
    const { words, serves } = KINDS[kind];
    this.#serves = () => serves(ports);
    this.#arguments = [...words(ports, this.#directory), ...extra];
  }

  /** @throws {Error} it was not fetched, or does not answer within 30 s */
  static async start(kind: RegistryKind, extra: readonly string[] = []): Promise<Registry> {
    const registry = new Registry(kind, await freePorts(6), extra);
    await registry.start();
    return registry;
  }

  async start(): Promise<void> {
    const file = registryProgram(this.kind);
    if (file === undefined) throw new Error(`no ${this.kind} on this machine: scripts/sandbox/install-registries.sh`);
    const child = spawn(file, this.#arguments, { stdio: 'ignore' });
    this.#child = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    const end = Date.now() + START_LIMIT_MS;
    while (!(await this.#answers())) {
      if (child.exitCode !== null) throw new Error(`${this.kind} at ${this.address} ended with ${child.exitCode}`);
      if (Date.now() > end) throw new Error(`${this.kind} at ${this.address} does not answer`);
      await delay(20);
    }
  }

  /** Its data stay until `remove`. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Elected and serving, not merely listening. */
  async #answers(): Promise<boolean> {
    return this.#serves().catch(() => false);
  }
}

interface Kind {
  readonly words: (ports: readonly number[], directory: string) => readonly string[];
  readonly serves: (ports: readonly number[]) => Promise<boolean>;
}

const textAt = async (url: string) => (await fetch(url, { signal: AbortSignal.timeout(ASK_LIMIT_MS) })).text();

const KINDS: Readonly<Record<RegistryKind, Kind>> = {
  consul: {
    words: consulArguments,
    serves: async ([http]) => (await textAt(`http://127.0.0.1:${http}/v1/status/leader`)).length > 2,
  },
  etcd: {
    words: etcdArguments,
    serves: async ([, , metrics]) => (await textAt(`http://127.0.0.1:${metrics}/health`)).includes('"true"'),
  },
  zookeeper: { words: zooKeeperArguments, serves: async ([clients]) => (await isWell(clients ?? 0)) === 'imok' },
};

function consulArguments(ports: readonly number[], directory: string): readonly string[] {
  const [http, dns, server, lan, wan] = ports;
  return [
    ...['agent', '-server', '-bootstrap-expect=1', '-data-dir', directory, '-bind=127.0.0.1', '-client=127.0.0.1'],
    ...[`-http-port=${http}`, `-dns-port=${dns}`, '-grpc-port=-1', `-server-port=${server}`],
    ...[`-serf-lan-port=${lan}`, `-serf-wan-port=${wan}`, '-log-level=err', '-disable-host-node-id'],
    ...['-hcl', 'performance { raft_multiplier = 1 } limits { http_max_conns_per_client = 200 }'],
  ];
}

function etcdArguments(ports: readonly number[], directory: string): readonly string[] {
  const [clients, peers, metrics] = ports;
  const [client, peer] = [`http://127.0.0.1:${clients}`, `http://127.0.0.1:${peers}`];
  return [
    ...['--data-dir', directory, '--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`],
    ...['--listen-metrics-urls', `http://127.0.0.1:${metrics}`, '--log-level', 'error'],
  ];
}

/** Its settings are a file; its heap is as small as it may be. */
function zooKeeperArguments([port]: readonly number[], directory: string): readonly string[] {
  const settings = join(directory, 'zoo.cfg');
  const lines = [
    ...['tickTime=500', `dataDir=${join(directory, 'data')}`, `clientPort=${port}`, 'clientPortAddress=127.0.0.1'],
    ...['admin.enableServer=false', '4lw.commands.whitelist=ruok', 'maxClientCnxns=200'],
  ];
  writeFileSync(settings, lines.map((line) => `${line}\n`).join(''));
  const jars = join(CACHE, 'zookeeper/root/usr/share/java');
  const names = ['zookeeper', 'zookeeper-jute', 'slf4j-api', 'slf4j-nop', 'metrics-core', 'snappy-java', 'netty-all'];
  return [
    ...['-Xms32m', '-Xmx64m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dzookeeper.jmx.log4j.disable=true'],
    '-Dzookeeper.forceSync=no', // no session waits for the disk, and a killed process loses nothing
    ...['-cp', names.map((name) => join(jars, `${name}.jar`)).join(':')],
    ...['org.apache.zookeeper.server.quorum.QuorumPeerMain', settings],
  ];
}

async function isWell(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(ASK_LIMIT_MS, () => socket.destroy(new Error('it is silent')));
  try {
    await once(socket, 'connect');
    socket.write('ruok');
    let answer = '';
    for await (const piece of socket) answer += piece;
    return answer;
  } finally {
    socket.destroy();
  }
}
