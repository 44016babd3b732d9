import type { RaftMessage } from '../../internal/raft/core/messages.ts';
import { AddressSpace } from '../../internal/raft/wire/address-space.ts';
import type { Credentials } from '../../internal/raft/wire/credentials.ts';
import type { Identity } from '../../internal/raft/wire/hello.ts';
import { type WireSettings, wireSettings } from '../../internal/raft/wire/settings.ts';
import { type OpenChannel, Wire } from '../../internal/raft/wire/wire.ts';
import { systemClock } from '../../internal/runtime/clock.ts';
import type { Log } from '../../internal/runtime/log.ts';
import { anIdentity } from './raft-identity.ts';

export const OPEN: Credentials = { mode: 'none', anywhere: false };
const ELECTION_TIMEOUT_MS = 300;
const MAX_MESSAGE_BYTES = 2 ** 20;

export interface NodeOptions {
  readonly identity?: Partial<Identity>;
  readonly credentials?: Credentials;
  readonly settings?: Partial<WireSettings>;
  readonly allowed?: readonly string[];
  readonly host?: string;
  readonly port?: number;
  veto?(peer: Identity): string | undefined;
  resolve?(host: string): Promise<readonly string[]>;
}

/** A node's wire on loopback, with what arrived at it. */
export class WireNode {
  readonly wire: Wire;
  readonly messages: RaftMessage[] = [];
  readonly bytes: { readonly channel: OpenChannel; readonly from: string; readonly payload: Uint8Array }[] = [];
  /** Which group the senders of its messages belong to, as they said. */
  readonly groups: string[] = [];
  /** `text: reason` of each line of its log. */
  readonly told: string[] = [];
  identity: Identity;
  port = 0;

  private constructor(
    name: string,
    { credentials = OPEN, settings, allowed = [], veto, resolve, ...rest }: NodeOptions,
  ) {
    this.identity = anIdentity(name, rest.identity);
    const note = (fields: { reason?: string }, text: string) => this.told.push(`${text}: ${fields.reason ?? ''}`);
    const log: Log = { error: note, warn: note, info: note, debug: note };
    this.wire = new Wire({
      bind: { host: rest.host ?? '127.0.0.1', port: rest.port ?? 0 },
      clock: systemClock,
      log,
      random: () => 0.5,
      settings: { ...wireSettings(ELECTION_TIMEOUT_MS, MAX_MESSAGE_BYTES), ...settings },
      credentials,
      allowed: new AddressSpace(allowed),
      identity: () => this.identity,
      veto: (peer) => veto?.(peer),
      onMessage: (message, peer) => {
        this.messages.push(message);
        this.groups.push(peer.clusterId);
      },
      onBytes: (channel, peer, payload) => this.bytes.push({ channel, from: peer.node, payload }),
      ...(resolve === undefined ? {} : { resolve }),
    });
  }

  static async start(name: string, options: NodeOptions = {}): Promise<WireNode> {
    const node = new WireNode(name, options);
    node.port = await node.wire.start();
    node.identity = { ...node.identity, address: `127.0.0.1:${node.port}` };
    return node;
  }

  get member(): string {
    return this.identity.member;
  }

  knows(...others: readonly WireNode[]): void {
    this.wire.configure([this, ...others].map(({ member, identity }) => ({ id: member, address: identity.address })));
  }

  /** Where a peer is known by another address than its own. */
  knowsAt(other: WireNode, address: string): void {
    this.wire.configure([{ id: other.member, address }]);
  }

  /** Both lanes to the other are up. */
  reaches(other: WireNode): boolean {
    return this.wire.status().peers.some(({ member, swift, bulk }) => member === other.member && swift && bulk);
  }

  heartbeat(to: WireNode, round: number): boolean {
    const envelope = { from: this.member, to: to.member, term: 1 };
    return this.wire.send({ kind: 'heartbeat', ...envelope, round, commit: 0, closedTransfers: 0 });
  }

  /** An append with one command of this size. */
  append(to: WireNode, bytes: number): boolean {
    const envelope = { from: this.member, to: to.member, term: 1 };
    const entries = [{ kind: 'command' as const, index: 1, term: 1, stampMs: 0, data: new Uint8Array(bytes) }];
    return this.wire.send({ kind: 'append', ...envelope, prevIndex: 0, prevTerm: 0, commit: 0, entries });
  }
}
