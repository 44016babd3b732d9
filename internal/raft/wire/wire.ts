/*
 * Messages between the nodes of a group, and nothing about what they mean. Sending never waits: what cannot be sent now is dropped, and Raft
 * sends it again when it still matters. Runs on the consensus thread and uses nothing of the thread pool.
 */

import { Resolver } from 'node:dns/promises';
import type { Clock } from '../../runtime/clock.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { type Address, formatAddress, parseAddress } from '../address.ts';
import type { RaftMessage } from '../core/messages.ts';
import type { AddressSpace } from './address-space.ts';
import { judge } from './admission.ts';
import { malformed } from './bytes.ts';
import { decodeMessage, encodeMessage } from './codec.ts';
import { type Credentials, refuseOpenPort } from './credentials.ts';
import { dial } from './dial.ts';
import { WireFault } from './fault.ts';
import type { Channel, Frame } from './framing.ts';
import type { Greeted, Household } from './greet.ts';
import type { Identity } from './hello.ts';
import { Inbound } from './inbound.ts';
import { Listener } from './listener.ts';
import { Peer, type PeerDeps, type PeerStatus } from './peer.ts';
import { readSystemFile, resolveHost } from './resolve.ts';
import type { WireSettings } from './settings.ts';

/** Channels whose payload is for others than the core. */
export type OpenChannel = Exclude<Channel, 'link' | 'handshake' | 'consensus' | 'snapshots'>;

export interface WireDeps {
  readonly bind: Address;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly settings: WireSettings;
  readonly credentials: Credentials;
  readonly allowed: AddressSpace;
  /** As it is now: a node that joins a group gets its ids while it runs. */
  identity(): Identity;
  veto(peer: Identity): string | undefined;
  /** Its sender is who it says, and it is meant for this node. */
  onMessage(message: RaftMessage, peer: Identity): void;
  onBytes(channel: OpenChannel, peer: Identity, payload: Uint8Array): void;
  /** In place of the system's name servers and files. */
  readonly resolve?: (host: string, signal: AbortSignal) => Promise<readonly string[]>;
}

export interface Destination {
  readonly id: string;
  /** `host:port`, as in the configuration. */
  readonly address: string;
}

/** Kinds that may be large, or come in long rows whose order is worth keeping. All others are urgent. */
const BULK: ReadonlySet<RaftMessage['kind']> = new Set(['append', 'snapshotChunk']);
/** Nodes that are no members and talk to us: candidates, and members that we do not know of yet. */
const MOST_GUESTS = 64;

export class Wire {
  readonly #deps: WireDeps;
  readonly #listener: Listener;
  readonly #inbound: Inbound;
  readonly #members = new Map<string, Peer>();
  /** Answers to them need a connection as well. They are forgotten when they have said nothing for a while. */
  readonly #guests = new Map<string, { readonly peer: Peer; stopTimer: () => void }>();
  /** By address: whoever is there, before it is known who that is. */
  readonly #sought = new Map<string, Peer>();
  readonly #peerDeps: PeerDeps;
  #credentials: Credentials;
  #misdirected = 0;
  #patient = false;
  #stopped = false;

  constructor(deps: WireDeps) {
    const { clock, log, random, settings, allowed } = deps;
    this.#deps = deps;
    this.#credentials = deps.credentials;
    const household: Household = {
      identity: deps.identity,
      credentials: () => this.#credentials,
      veto: deps.veto,
    };
    const greeting = { household, clock, allowed, handshakeTimeoutMs: settings.handshakeTimeoutMs };
    const resolve = deps.resolve ?? resolveBySystem;
    const dialling = { ...greeting, connectTimeoutMs: settings.connectTimeoutMs, resolve };
    this.#peerDeps = {
      ...{ clock, log, random, settings },
      patient: (member) => this.#patient && member !== undefined && this.#inbound.count(member) === 0,
      group: () => deps.identity().clusterId,
      dial: (address, purpose, signal) => dial(address, purpose, dialling, signal),
    };
    this.#listener = new Listener({
      ...greeting,
      log,
      maxUnauthenticated: settings.maxUnauthenticated,
      onGreeted: (greeted) => this.#onGreeted(greeted),
    });
    this.#inbound = new Inbound({
      ...{ clock, log, settings },
      onFrame: (peer, frame) => this.#onFrame(peer, frame),
    });
  }

  /**
   * Opens the port. Connections to others begin with `configure`.
   *
   * @returns the port, for where 0 was asked for
   * @throws {OrchestratorError} `CONFIG_INVALID` where the port cannot be opened, or would be open to everybody
   */
  async start(): Promise<number> {
    const { bind, clock, settings, resolve = resolveBySystem } = this.#deps;
    const [ip] = await resolve(bind.host, clock.timeoutSignal(settings.connectTimeoutMs));
    if (ip === undefined)
      throw new OrchestratorError(
        'CONFIG_INVALID',
        `RaftBind ${formatAddress(bind)}: this host has no address of that name: correct the name, or name the address itself`,
      );
    refuseOpenPort(this.#credentials, bind, ip);
    return this.#listener.open(bind, ip);
  }

  /**
   * Who is dialled from now on: everybody named here but this node. Known ones keep their connections, moved ones are dialled anew. A former
   * member that still talks to us can be answered while it does.
   */
  configure(members: readonly Destination[]): void {
    if (this.#stopped) return;
    const self = this.#deps.identity().member;
    const wanted = new Map(members.filter(({ id }) => id !== self).map(({ id, address }) => [id, address]));
    for (const [id, peer] of this.#members) {
      if (wanted.has(id)) continue;
      this.#members.delete(id);
      if (this.#inbound.count(id) > 0) this.#keepGuest(id, peer);
      else peer.stop('stopped');
    }
    for (const [id, text] of wanted) {
      const address = parseAddress(text, `address of member ${id}`, 0);
      const guest = this.#formerGuest(id);
      guest?.introduce();
      const known = this.#members.get(id) ?? guest;
      if (known === undefined) this.#members.set(id, this.#newPeer(id, address));
      else {
        this.#members.set(id, known);
        known.moveTo(address);
      }
    }
  }

  /** Who is dialled besides the members, whoever it turns out to be: for nodes that are no group yet. Not to name this node's own address. */
  seek(addresses: readonly Address[]): void {
    if (this.#stopped) return;
    const wanted = new Map(addresses.map((address) => [formatAddress(address), address]));
    for (const [text, peer] of this.#sought) {
      if (wanted.has(text)) continue;
      this.#sought.delete(text);
      peer.stop('stopped');
    }
    for (const [text, address] of wanted)
      if (!this.#sought.has(text)) this.#sought.set(text, this.#newPeer(undefined, address));
  }

  /**
   * Whether members that are gone for long, and do not call either, are dialled less and less often (F-42). For a leader: whoever is back
   * calls it, having none. Whoever has no leader must not wait, since the others may do so as well.
   */
  be(mood: 'patient' | 'eager'): void {
    const before = this.#patient;
    this.#patient = mood === 'patient';
    if (before && !this.#patient) for (const peer of this.#members.values()) peer.hurry();
  }

  /** Sends it now or drops it, and says which. */
  send(message: RaftMessage): boolean {
    const peer = this.#peerOf(message.to);
    if (peer === undefined) return false;
    const channel = message.kind === 'snapshotChunk' ? 'snapshots' : 'consensus';
    return peer.send(channel, encodeMessage(message), !BULK.has(message.kind));
  }

  /** The same for what is not the core's. Opinions are urgent. */
  sendBytes(to: string, channel: OpenChannel, payload: Uint8Array): boolean {
    return this.#peerOf(to)?.send(channel, payload, channel === 'opinions') ?? false;
  }

  /** The same to whoever is at this address, `host:port`: somebody sought, a member, or one that has called lately. */
  sendTo(address: string, channel: OpenChannel, payload: Uint8Array): boolean {
    return this.#peerAt(address)?.send(channel, payload, channel === 'opinions') ?? false;
  }

  /**
   * Brings exchanged certificates or secrets into force: all connections are made anew with them.
   *
   * @returns false where nothing differs
   * @throws {OrchestratorError} `CONFIG_INVALID` for another way of recognising nodes, which needs a restart
   */
  renew(credentials: Credentials): boolean {
    if (credentials.mode !== this.#credentials.mode)
      throw new OrchestratorError(
        'CONFIG_INVALID',
        'nodes recognise each other by certificates or by a shared secret: going from one to the other needs a restart',
      );
    if (fingerprint(credentials) === fingerprint(this.#credentials)) return false;
    this.#credentials = credentials;
    this.#listener.renew(credentials);
    this.#inbound.close('credentials');
    for (const peer of this.#peers()) peer.renew('credentials');
    return true;
  }

  status(): { readonly peers: readonly PeerStatus[]; readonly refused: number; readonly misdirected: number } {
    const peers = [...this.#members.values()].map((peer) => peer.status);
    return { peers, refused: this.#listener.refused, misdirected: this.#misdirected };
  }

  /** Who is at this address, as far as anybody is dialled there. */
  at(address: string): PeerStatus | undefined {
    return this.#peerAt(address)?.status;
  }

  /** Whether this very incarnation was reached, at this address where one is named. */
  reaches(member: string, address?: string): boolean {
    const fits = (peer: Peer) => address === undefined || peer.isAt(address);
    return this.#peers().some((peer) => peer.status.member === member && peer.status.swift && fits(peer));
  }

  /** When a node was heard last, on the monotonic clock; undefined while it has no connection to us. */
  heardMs(member: string): number | undefined {
    return this.#inbound.heardMs(member);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const peer of this.#peers()) peer.stop('stopped');
    for (const { stopTimer } of this.#guests.values()) stopTimer();
    this.#members.clear();
    this.#sought.clear();
    this.#guests.clear();
    this.#inbound.close('stopped');
    await this.#listener.close();
  }

  #peers(): readonly Peer[] {
    return [...this.#members.values(), ...this.#sought.values(), ...[...this.#guests.values()].map(({ peer }) => peer)];
  }

  #peerAt(address: string): Peer | undefined {
    return this.#sought.get(address) ?? this.#peers().find((each) => each.isAt(address));
  }

  #peerOf(member: string): Peer | undefined {
    return this.#members.get(member) ?? this.#guests.get(member)?.peer ?? this.#metWhere(member);
  }

  /** Somebody sought who turned out to be this member. */
  #metWhere(member: string): Peer | undefined {
    return [...this.#sought.values()].find(({ status }) => status.member === member);
  }

  #newPeer(member: string | undefined, address: Address): Peer {
    const peer = new Peer(member, address, this.#peerDeps);
    peer.start();
    return peer;
  }

  #formerGuest(member: string): Peer | undefined {
    const guest = this.#guests.get(member);
    guest?.stopTimer();
    this.#guests.delete(member);
    return guest?.peer;
  }

  #onGreeted(greeted: Greeted): void {
    if (this.#stopped) {
      greeted.socket.destroy();
      return;
    }
    const { peer } = greeted.established;
    this.#inbound.add(greeted);
    const told = this.#addressOf(peer);
    const known = this.#members.get(peer.member) ?? this.#guests.get(peer.member)?.peer;
    known?.heardOf(told);
    if (told !== undefined) this.#sought.get(formatAddress(told))?.heardOf(told);
    this.#hearGuest(peer);
  }

  /** Nothing for members. Everybody else can be answered for a while, at the address that it told. */
  #hearGuest(identity: Identity): void {
    if (this.#members.has(identity.member)) return;
    const known = this.#guests.get(identity.member);
    known?.stopTimer();
    const told = this.#addressOf(identity);
    if (known === undefined && told !== undefined && this.#sought.has(formatAddress(told))) return;
    if (known !== undefined) this.#keepGuest(identity.member, known.peer);
    else if (told !== undefined && this.#guests.size < MOST_GUESTS)
      this.#keepGuest(identity.member, this.#newPeer(identity.member, told));
  }

  #keepGuest(member: string, peer: Peer): void {
    const { clock, settings } = this.#deps;
    const stopTimer = clock.after(settings.guestMs, () => {
      this.#guests.delete(member);
      peer.stop('stopped');
    });
    this.#guests.set(member, { peer, stopTimer });
  }

  #addressOf({ node, address }: Identity): Address | undefined {
    try {
      return parseAddress(address, `address of node ${node}`, 0);
    } catch {
      return undefined;
    }
  }

  #onFrame(peer: Identity, { channel, payload }: Frame): void {
    if (channel === 'handshake') throw malformed('a second handshake');
    if (channel === 'link') return;
    // this node may have joined a group since the connection was made, by which the other one counts as a stranger
    const estranged = judge(this.#deps.identity(), peer, undefined);
    if (estranged !== undefined) throw new WireFault('refused', `we refused: ${estranged.reason}`);
    this.#hearGuest(peer);
    if (channel !== 'consensus' && channel !== 'snapshots') {
      this.#deps.onBytes(channel, peer, new Uint8Array(payload));
      return;
    }
    const message = decodeMessage(payload);
    if (message.from !== peer.member)
      throw new WireFault('forged', `a message in the name of ${message.from.slice(0, 100)}`);
    if (message.to === this.#deps.identity().member) this.#deps.onMessage(message, peer);
    else this.#misdirected += 1;
  }
}

function resolveBySystem(host: string, signal: AbortSignal): Promise<readonly string[]> {
  return resolveHost(
    host,
    { nameServers: () => new Resolver({ timeout: 1000, tries: 2 }), readFile: readSystemFile },
    signal,
  );
}

function fingerprint(credentials: Credentials): string {
  const pattern = credentials.mode === 'tls' ? credentials.namePattern?.source : '';
  return JSON.stringify([credentials, pattern]);
}
