// Hosts on a bridge, none of which is the machine's own network: the test reaches them through sockets in the file system, which all
// namespaces share. Every host knows the hardware address of every other one beforehand; to cut a link, the sender is told one that
// nobody has. That is silent, works for each direction by itself and needs neither packet filter nor kernel module.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../daemon.ts';
import { AgentProcess, type Program } from './agent-process.ts';
import { Links } from './links.ts';
import type { Host, Network } from './network.ts';
import { type Endpoint, link } from './told.ts';

const PREFIX = 'orchestrator-test';
const NOBODY = '02:00:00:00:ff:ff';

function ip(args: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync('ip', args, { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
  return stdout;
}

/** Undefined: we can. Otherwise why not. */
export function canMakeNamespaces(): string | undefined {
  const name = `${PREFIX}-${process.pid}-trial`;
  try {
    ip(['netns', 'add', name]);
    try {
      ip(['-n', name, 'link', 'add', 'name', 'trial0', 'type', 'bridge']);
      ip(['-n', name, 'link', 'add', 'name', 'trial1', 'type', 'veth', 'peer', 'name', 'trial2']);
    } finally {
      ip(['netns', 'delete', name]);
    }
    return undefined;
  } catch (err) {
    return err instanceof Error ? err.message : String(err);
  }
}

/** Namespaces of processes that are gone: a killed test cannot take its own away. */
function sweep(): void {
  for (const line of ip(['netns', 'list']).split('\n')) {
    const [name = ''] = line.split(' ');
    const pid = Number(new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1]);
    if (!(pid > 0) || lives(pid)) continue;
    try {
      ip(['netns', 'delete', name]);
    } catch (err) {
      if (ip(['netns', 'list']).includes(name)) throw err; // else another test file took it away just now
    }
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const open = new Set<string>();
process.on('exit', () => {
  for (const name of open) spawnSync('ip', ['netns', 'delete', name]);
});

let networks = 0;

const addressOf = (number: number) => `10.231.0.${number}`;
const hardwareOf = (number: number) => `02:00:00:00:00:${number.toString(16).padStart(2, '0')}`;

export class NamespaceNetwork extends Links implements Network {
  readonly kind = 'namespaces';
  readonly cutsServers = true;
  readonly hosts: readonly NamespaceHost[];
  readonly #outside = new AgentProcess('outside');
  readonly #directory = mkdtempSync(join(tmpdir(), 'network-'));
  readonly #names: readonly string[];

  private constructor(count: number, name: string) {
    super();
    this.hosts = Array.from(
      { length: count },
      (_, at) => new NamespaceHost(at + 1, `${name}-h${at + 1}`, this.#outside, this.#directory),
    );
    this.#names = [`${name}-bridge`, ...this.hosts.map(({ namespace }) => namespace)];
  }

  static async open(count: number): Promise<NamespaceNetwork> {
    sweep();
    networks += 1;
    const name = `${PREFIX}-${process.pid}-${networks}`;
    const bridge = `${name}-bridge`;
    const all = Array.from({ length: count }, (_, at) => at + 1);
    const add = (namespace: string) => {
      ip(['netns', 'add', namespace]);
      open.add(namespace);
    };
    add(bridge);
    ip(['-n', bridge, '-batch', '-'], 'link add name br0 type bridge\nlink set br0 up\n');
    for (const number of all) {
      const host = `${name}-h${number}`;
      add(host);
      ip(
        ['-n', bridge, '-batch', '-'],
        `link add name h${number} type veth peer name eth0 netns ${host} address ${hardwareOf(number)}
link set h${number} master br0 up
`,
      );
      const neighbours = all.filter((other) => other !== number).map((other) => neighbour(other, hardwareOf(other)));
      ip(
        ['-n', host, '-batch', '-'],
        `address add ${addressOf(number)}/24 dev eth0\nlink set eth0 up\nlink set lo up\n${neighbours.join('')}`,
      );
    }
    return new NamespaceNetwork(count, name);
  }

  protected override async enforce(): Promise<void> {
    for (const host of this.hosts) {
      const neighbours = this.hosts
        .filter((other) => other !== host)
        .map(({ name, number }) =>
          neighbour(number, this.cuts.has(link(host.name, name)) ? NOBODY : hardwareOf(number)),
        );
      ip(['-n', host.namespace, '-batch', '-'], neighbours.join(''));
    }
    await Promise.all(this.hosts.map((host) => host.cut([...this.cuts])));
  }

  async close(): Promise<void> {
    await Promise.all([this.#outside.stop(), ...this.hosts.map((host) => host.stop())]);
    for (const name of this.#names) {
      ip(['netns', 'delete', name]);
      open.delete(name);
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

const neighbour = (number: number, hardware: string) =>
  `neigh replace ${addressOf(number)} lladdr ${hardware} nud permanent dev eth0\n`;

/** A host name of its own: daemons call themselves by it. */
const named = (name: string) => [
  'unshare',
  '--uts',
  'sh',
  '-c',
  `echo ${name} > /proc/sys/kernel/hostname; exec "$@"`,
  'sh',
];

class NamespaceHost implements Host {
  readonly number: number;
  readonly name: string;
  readonly namespace: string;
  readonly bind: string;
  readonly address: string;
  readonly #agent: AgentProcess;
  readonly #outside: AgentProcess;
  readonly #directory: string;
  readonly #doors = new Map<number, Promise<string>>();

  constructor(number: number, namespace: string, outside: AgentProcess, directory: string) {
    this.number = number;
    this.name = `h${number}`;
    this.namespace = namespace;
    this.address = addressOf(number);
    this.bind = this.address;
    this.#agent = new AgentProcess(this.name, ['ip', 'netns', 'exec', namespace, ...named(this.name)]);
    this.#outside = outside;
    this.#directory = directory;
  }

  run(file: string, args: readonly string[], log: string): Promise<Program> {
    return this.#agent.run(file, args, log);
  }

  runs(file: string, args: readonly string[]): Promise<void> {
    return this.#agent.runs(file, args);
  }

  door(port: number): Promise<string> {
    const open = this.#doors.get(port) ?? this.#openDoor(port);
    this.#doors.set(port, open);
    return open;
  }

  async #openDoor(port: number): Promise<string> {
    const path = join(this.#directory, `${this.name}-${port}`);
    await this.#agent.lead({ path }, { host: this.address, port }, 'test', this.name);
    const outside = await freePort();
    await this.#outside.lead({ host: '127.0.0.1', port: outside }, { path }, 'test', this.name);
    return `127.0.0.1:${outside}`;
  }

  /** `to` is a socket in the file system: nothing else outside can be reached. */
  async lead(name: string, port: number, to: Endpoint): Promise<void> {
    await this.#agent.lead({ host: '127.0.0.1', port }, to, this.name, name);
  }

  cut(links: readonly string[]): Promise<void> {
    return this.#agent.cut(links);
  }

  stop(): Promise<void> {
    return this.#agent.stop();
  }
}
