import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import { type Address, formatAddress } from '../address.ts';
import type { WireFault } from './fault.ts';
import type { Channel } from './framing.ts';
import type { Greeted } from './greet.ts';
import type { Identity, Lane as LaneName } from './hello.ts';
import { Lane } from './lane.ts';
import type { Farewell } from './link.ts';
import { laneSettings, SWIFT_MESSAGE_BYTES, type WireSettings } from './settings.ts';

export interface PeerDeps {
  readonly clock: Pick<Clock, 'monotonicMs' | 'after' | 'every'>;
  readonly log: Log;
  readonly random: () => number;
  readonly settings: WireSettings;
  /** Id of the group that this node belongs to now; empty: of none. */
  group(): string;
  /** The group does without this member; undefined: whoever it is, it is looked for. */
  patient(member: string | undefined): boolean;
  dial(
    address: Address,
    purpose: { readonly lane: LaneName; readonly wanted: string | undefined },
    signal: AbortSignal,
  ): Promise<Greeted>;
}

/** For status and metrics. */
export interface PeerStatus {
  /** Undefined where only the address is known, and nobody was met there yet. */
  readonly member: string | undefined;
  readonly address: string;
  /** Whether messages of either kind reach it now. */
  readonly swift: boolean;
  readonly bulk: boolean;
  readonly dropped: number;
  /** Why there is no connection, where there is none. */
  readonly problem: string | undefined;
  /** As the peer said it when it was last reached. */
  readonly identity: Identity | undefined;
}

/** One other node: a connection for what is small and urgent, and one for the rest. */
export class Peer {
  readonly #wanted: string | undefined;
  readonly #deps: PeerDeps;
  readonly #lanes: Readonly<Record<LaneName, Lane>>;
  /** Of the configuration. */
  #address: Address;
  /** What the peer itself said last; tried in turn with the other where they differ, since configurations lag behind (C-21). */
  #told: Address | undefined;
  #identity: Identity | undefined;
  /** Which group it was told at most that this node belongs to. */
  #toldGroup = '';
  #problem: string | undefined;

  /** @param wanted the member; undefined for whoever is at that address */
  constructor(wanted: string | undefined, address: Address, deps: PeerDeps) {
    this.#wanted = wanted;
    this.#address = address;
    this.#deps = deps;
    this.#lanes = { swift: this.#lane('swift'), bulk: this.#lane('bulk') };
  }

  get status(): PeerStatus {
    const { swift, bulk } = this.#lanes;
    return {
      member: this.#wanted ?? this.#identity?.member,
      address: formatAddress(this.#address),
      swift: swift.state === 'up',
      bulk: bulk.state === 'up',
      dropped: swift.dropped + bulk.dropped,
      problem: this.#problem,
      identity: this.#identity,
    };
  }

  start(): void {
    this.#each((lane) => lane.start());
  }

  /** Where it is dialled. */
  isAt(address: string): boolean {
    return (
      formatAddress(this.#address) === address || (this.#told !== undefined && formatAddress(this.#told) === address)
    );
  }

  stop(reason: Farewell): void {
    this.#each((lane) => lane.stop(reason));
  }

  renew(reason: Farewell): void {
    this.#each((lane) => lane.renew(reason));
  }

  /** A connection to the old place is left as soon as the new one differs from it. */
  moveTo(address: Address): void {
    if (formatAddress(address) === formatAddress(this.#address)) return;
    this.#address = address;
    this.#told = undefined;
    this.renew('renewed');
  }

  /** A connection on which this node has said that it belongs to no group is made anew: what is sent on it counts as a stranger's. */
  introduce(): void {
    if (this.#toldGroup !== this.#deps.group()) this.renew('renewed');
  }

  /** It has just connected to us, and says where it is. */
  heardOf(told: Address | undefined): void {
    this.#told = told;
    this.#each((lane) => lane.wake());
  }

  hurry(): void {
    this.#each((lane) => lane.hurry());
  }

  send(channel: Channel, payload: Uint8Array, urgent: boolean): boolean {
    const lane = urgent && payload.length <= SWIFT_MESSAGE_BYTES ? 'swift' : 'bulk';
    return this.#lanes[lane].send(channel, payload);
  }

  #each(act: (lane: Lane) => void): void {
    for (const lane of Object.values(this.#lanes)) act(lane);
  }

  #lane(name: LaneName): Lane {
    const { clock, random, settings, patient, group, dial } = this.#deps;
    return new Lane({
      clock,
      random,
      settings: { ...settings, ...laneSettings(settings, name) },
      address: (attempt) => (attempt % 2 === 0 ? (this.#told ?? this.#address) : this.#address),
      dial: (address, signal) => {
        this.#toldGroup = group();
        return dial(address, { lane: name, wanted: this.#wanted }, signal);
      },
      patient: () => patient(this.#wanted),
      onUp: ({ established }) => this.#onUp(name, established.peer),
      onDown: (fault) => this.#onDown(name, fault),
    });
  }

  #onUp(name: LaneName, identity: Identity): void {
    this.#identity = identity;
    this.#problem = undefined;
    if (name === 'swift') this.#deps.log.info(this.#fields(), 'connected to a node of the group');
  }

  /** Told once for each reason. A swift lane that fell silent takes the bulk lane along, which would wait for TCP to notice. */
  #onDown(name: LaneName, fault: WireFault): void {
    if (name === 'swift' && fault.kind === 'silent' && this.#lanes.bulk.state === 'up')
      this.#lanes.bulk.renew('renewed');
    if (this.#problem === fault.message) return;
    this.#problem = fault.message;
    const level = fault.kind === 'stopped' || fault.kind === 'replaced' ? 'info' : 'warn';
    this.#deps.log[level](
      { ...this.#fields(), lane: name, reason: fault.message },
      'no connection to a node of the group',
    );
  }

  #fields() {
    return {
      member: this.#wanted ?? this.#identity?.member,
      node: this.#identity?.node,
      address: formatAddress(this.#address),
    };
  }
}
