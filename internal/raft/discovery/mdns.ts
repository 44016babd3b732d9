// Multicast on the own link (RFC 6762, 6763), for development and bare metal. Everything on the link may answer, so only addresses that
// cannot be routed elsewhere are taken.

import { createSocket, type Socket } from 'node:dgram';
import { BlockList, isIP, isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Bonjour, type Browser } from 'bonjour-service';
import type { Clock } from '../../runtime/clock.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import { type Address, formatAddress, parseAddress } from '../address.ts';
import { few } from './candidates.ts';
import { invalid } from './fields.ts';
import type { Finder, Found } from './finder.ts';

export interface MdnsFinderSettings {
  /** Without underscore. */
  readonly service: string;
  /** Name or IPv4 address of an interface; empty: the one of this node's own address. */
  readonly interface: string;
}

const PORT = 5353;
const GROUP = '224.0.0.251';
/** How long answers to one question are collected. Late ones are there at the next look-up. */
const COLLECT_MS = 500;
/** Whoever floods the link must not fill the memory. */
const MOST_SERVICES = 256;

export class MdnsFinder implements Finder {
  readonly #settings: MdnsFinderSettings;
  readonly #clock: Pick<Clock, 'sleep'>;
  readonly #self: Address;
  #open: { readonly bonjour: Bonjour; readonly browser: Browser; readonly socket: Socket } | undefined;

  /** @throws {OrchestratorError} `CONFIG_INVALID`: this node's address is not one of the link */
  constructor(settings: MdnsFinderSettings, self: Address, clock: Pick<Clock, 'sleep'>) {
    if (!isLocal(self.host))
      throw invalid(
        `RaftDiscovery of type mdns: RaftAdvertise is ${formatAddress(self)}, which is no private address (RFC 1918, link-local): set RaftAdvertise to one, or use another type`,
      );
    this.#settings = settings;
    this.#self = self;
    this.#clock = clock;
    this.#interface();
  }

  async find(signal: AbortSignal): Promise<Found> {
    const { browser } = await this.#opened();
    browser.expire();
    browser.update();
    await this.#clock.sleep(COLLECT_MS, signal);
    const texts = browser.services.slice(0, MOST_SERVICES).map((service) => String(service.txt?.address ?? ''));
    if (browser.services.length > MOST_SERVICES) this.#close();
    const read = texts.map((text) => localAddress(text) ?? text.slice(0, 100));
    const refused = read.filter((one) => typeof one === 'string');
    return {
      addresses: read.filter((one) => typeof one !== 'string'),
      problems: refused.length === 0 ? [] : [`answers that name no private address: ${few(refused)}`],
    };
  }

  /** Announced as long as the socket is open. */
  async register(): Promise<void> {
    await this.#opened();
  }

  async release(): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    await new Promise<void>((resolve) => open.bonjour.unpublishAll(() => resolve()));
    this.#close();
  }

  async #opened() {
    this.#open ??= await this.#start();
    return this.#open;
  }

  async #start() {
    const socket = await boundSocket(this.#interface());
    // it is bound already: where the port is taken, that is an error of ours and not one that ends the process
    const options = { port: PORT, socket, bind: false };
    const bonjour = new Bonjour(options, () => undefined);
    const name = formatAddress(this.#self).replaceAll(/[^a-z0-9]+/gi, '-');
    const { service: type } = this.#settings;
    const txt = { address: formatAddress(this.#self) };
    bonjour.publish({ name, type, protocol: 'tcp', port: this.#self.port, txt, probe: false });
    return { socket, bonjour, browser: bonjour.find({ type, protocol: 'tcp' }) };
  }

  #close(): void {
    this.#open?.browser.stop();
    this.#open?.bonjour.destroy();
    this.#open = undefined;
  }

  /** IPv4 address of the interface that is asked on. */
  #interface(): string {
    const wanted = this.#settings.interface === '' ? this.#self.host : this.#settings.interface;
    const ofHost = Object.entries(networkInterfaces()).flatMap(([name, all]) =>
      (all ?? []).map(({ address }) => ({ name, address })),
    );
    const found = ofHost.find(({ name, address }) => isIPv4(address) && (name === wanted || address === wanted));
    if (found !== undefined) return found.address;
    if (isIPv4(wanted) && wanted.startsWith('127.')) return wanted;
    throw invalid(
      `RaftDiscovery of type mdns: Interface is "${wanted}", and this host has no such interface with an IPv4 address: set it to one of ${few([...new Set(ofHost.map(({ name }) => name))])}`,
    );
  }
}

function boundSocket(address: string): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => {
      socket.close();
      reject(new OrchestratorError('UNAVAILABLE', `no multicast on ${address}`, { cause }));
    };
    socket.once('error', fail);
    socket.bind(PORT, () => {
      try {
        socket.setMulticastTTL(255);
        socket.setMulticastLoopback(true);
        socket.addMembership(GROUP, address);
        socket.setMulticastInterface(address);
      } catch (cause) {
        fail(cause);
        return;
      }
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

const LOCAL = new BlockList();
for (const [net, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['127.0.0.0', 8],
] as const)
  LOCAL.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['fe80::', 10],
  ['fc00::', 7],
] as const)
  LOCAL.addSubnet(net, bits, 'ipv6');

function isLocal(host: string): boolean {
  const plain = host.replace(/%.*$/, '');
  return isIP(plain) !== 0 && LOCAL.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6');
}

function localAddress(text: string): Address | undefined {
  try {
    const address = parseAddress(text, 'mdns', 0);
    return isLocal(address.host) ? address : undefined;
  } catch {
    return undefined;
  }
}
