// Consul and etcd as processes on loopback, each with a data directory of its own. Where they come from: install-registries.sh.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from './ports.ts';
import { CACHE } from './program.ts';

export type RegistryKind = 'consul' | 'etcd';

const START_LIMIT_MS = 30_000;

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
  /** `127.0.0.1:port` of its HTTP API. */
  readonly address: string;
  readonly #directory = mkdtempSync(join(tmpdir(), 'registry-'));
  readonly #arguments: readonly string[];
  /** Answers once the server serves, whatever its clients have to present. */
  readonly #healthUrl: string;
  #child: ChildProcess | undefined;

  private constructor(kind: RegistryKind, ports: readonly number[], extra: readonly string[]) {
    this.kind = kind;
    this.address = `127.0.0.1:${ports[0]}`;
    this.#healthUrl =
      kind === 'consul' ? `http://${this.address}/v1/status/leader` : `http://127.0.0.1:${ports[2]}/health`;
    const known = kind === 'consul' ? consulArguments(ports, this.#directory) : etcdArguments(ports, this.#directory);
    this.#arguments = [...known, ...extra];
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
    try {
      const answer = await (await fetch(this.#healthUrl)).text();
      return this.kind === 'consul' ? answer.length > 2 : answer.includes('"true"');
    } catch {
      return false;
    }
  }
}

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
