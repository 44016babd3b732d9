import { randomInt } from 'node:crypto';
import { AgentProcess, type Program } from './agent-process.ts';
import { Links } from './links.ts';
import type { Host, Network } from './network.ts';

/**
 * Hosts that are two addresses of loopback each: programs listen on one, the others dial the other one, where a relay listens that finds
 * out who calls. What is outside is reached directly, so links to it cannot be cut.
 */
export class LoopbackNetwork extends Links implements Network {
  readonly kind = 'loopback';
  readonly cutsServers = false;
  readonly hosts: readonly LoopbackHost[];

  private constructor(count: number) {
    super();
    const net = `127.${randomInt(1, 255)}.${randomInt(1, 255)}`;
    this.hosts = Array.from({ length: count }, (_, at) => new LoopbackHost(at + 1, net));
  }

  static async open(count: number, ports: readonly number[]): Promise<LoopbackNetwork> {
    const network = new LoopbackNetwork(count);
    await Promise.all(network.hosts.map((host) => host.listen(ports)));
    return network;
  }

  protected override async enforce(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.cut([...this.cuts])));
  }

  async close(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.stop()));
  }
}

class LoopbackHost implements Host {
  readonly name: string;
  readonly bind: string;
  readonly address: string;
  readonly #agent: AgentProcess;

  constructor(number: number, net: string) {
    this.name = `h${number}`;
    this.bind = `${net}.${100 + number}`;
    this.address = `${net}.${number}`;
    this.#agent = new AgentProcess(this.name);
  }

  async listen(ports: readonly number[]): Promise<void> {
    const { address, bind, name } = this;
    for (const port of ports) await this.#agent.lead({ host: address, port }, { host: bind, port }, undefined, name);
  }

  run(file: string, args: readonly string[], log: string): Promise<Program> {
    return this.#agent.run(file, args, log);
  }

  runs(file: string, args: readonly string[]): Promise<void> {
    return this.#agent.runs(file, args);
  }

  async door(port: number): Promise<string> {
    return `${this.bind}:${port}`;
  }

  async lead(): Promise<void> {
    // it is there already
  }

  cut(links: readonly string[]): Promise<void> {
    return this.#agent.cut(links);
  }

  stop(): Promise<void> {
    return this.#agent.stop();
  }
}
