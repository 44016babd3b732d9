// What a node has to do with the others besides the core: who is a member and where, who may become one, who should lead.

import type { Log } from '../../runtime/log.ts';
import { type Address, formatAddress } from '../address.ts';
import type { RaftCore } from '../core/core.ts';
import type { Answer } from '../core/effects.ts';
import type { Input } from '../core/inputs.ts';
import type { Configuration, MemberId } from '../core/types.ts';
import { DEFAULT_CARE } from '../membership/care.ts';
import type { Seat } from '../membership/seat.ts';
import type { Identity } from '../wire/hello.ts';
import type { Wire } from '../wire/wire.ts';
import type { Belonging } from './belonging.ts';
import { Doorkeeper } from './doorkeeper.ts';
import { processMs } from './lease.ts';
import { Meetings, type Met } from './meetings.ts';
import { OwnRequests } from './own-requests.ts';
import type { Outcome } from './ports.ts';
import { type ListStatus, Registrar } from './registrar.ts';
import { Steward, type StewardDeps } from './steward.ts';
import type { ThreadOptions } from './thread-options.ts';

export interface DutiesDeps extends Pick<StewardDeps, 'hands' | 'onReaped'> {
  readonly options: ThreadOptions;
  readonly core: RaftCore;
  readonly wire: Wire;
  readonly belonging: Belonging;
  readonly seat: Seat;
  readonly keepSeat: (seat: Seat) => Outcome;
  readonly log: Log;
  readonly take: (input: Input) => void;
}

/** How long somebody is dialled to find out who is there. */
const MEETING_TIMEOUTS = 3;

export class Duties {
  readonly #deps: DutiesDeps;
  readonly #requests: OwnRequests;
  readonly #meetings: Meetings;
  readonly #registrar: Registrar;
  readonly #steward: Steward;

  constructor(deps: DutiesDeps) {
    const { options, core, wire, belonging, log, take, seat, keepSeat, hands, onReaped } = deps;
    const { advertise: own, forming, settings } = options;
    const { electionTimeoutMs } = settings;
    const nowMs = processMs;
    const requests = new OwnRequests(take);
    this.#deps = deps;
    this.#requests = requests;
    const doorkeeper = new Doorkeeper({ core, wire, log, requests });
    belonging.onKnock = (knocker) => doorkeeper.knock(knocker);
    this.#meetings = new Meetings({
      ...{ own, nowMs, wire: () => wire },
      patienceMs: MEETING_TIMEOUTS * electionTimeoutMs,
      onChanged: () => this.#seek(),
    });
    this.#registrar = new Registrar({
      ...{ core, wire, log, requests, nowMs, seat, keepSeat, meetings: this.#meetings },
      own: { address: own, labels: forming.labels },
      maxVoters: settings.maxVoters,
      periodMs: electionTimeoutMs,
      knock: () => belonging.knock(this.#everybody()),
      tellOf: (address) => belonging.tellOf(address),
      onOutsider: (member) => take({ kind: 'outsider', member }),
    });
    this.#steward = new Steward({
      ...{ core, requests, log, electionTimeoutMs, nowMs, hands, onReaped },
      settings: { ...DEFAULT_CARE, ...options.care },
      lagEntries: settings.promotionLagEntries,
    });
    for (let index = core.log.firstIndex; index <= core.log.lastIndex; index += 1) {
      const entry = core.log.entryAt(index);
      if (entry?.kind === 'configuration') this.#registrar.follow(entry.configuration);
    }
    this.follow(core.log.configuration);
  }

  get lists(): ListStatus {
    return this.#registrar.status;
  }

  tick(): void {
    this.#meetings.tick();
    this.#registrar.tick();
    this.#steward.tick();
  }

  /** All that had arrived is done. */
  turned(): void {
    this.#registrar.remember();
  }

  /** Whether this answer is to something that was asked for here. */
  answered(answer: Answer): boolean {
    return this.#requests.answered(answer);
  }

  /** @throws {WireFault} these bytes are nothing that a node says */
  hear(peer: Identity, payload: Uint8Array): void {
    this.#registrar.hear(peer, payload);
  }

  veto(peer: MemberId): string | undefined {
    return this.#registrar.veto(peer);
  }

  /** Before the mark of its removal is on the disk. */
  letGo(): void {
    this.#registrar.letGo();
  }

  leave(): void {
    this.#registrar.leave();
  }

  meet(address: Address, done: (met: Met) => void): void {
    this.#meetings.ask(address, done);
  }

  /** Somebody was found where nobody is listed. */
  found(): void {
    this.#seek();
  }

  follow(configuration: Configuration): void {
    this.#registrar.follow(configuration);
    this.#deps.wire.configure(configuration.members.map(({ id, address }) => ({ id, address })));
    this.#seek();
  }

  /** Who is listed, or was found, and is at no member's address: a member may have moved there, and whoever is blank there calls. */
  #seek(): void {
    const { core, wire } = this.#deps;
    const theirs = new Set(core.log.configuration.members.map(({ address }) => address));
    const others = this.#deps.belonging.others.filter((address) => !theirs.has(formatAddress(address)));
    wire.seek([...others, ...this.#meetings.addresses]);
  }

  #everybody(): readonly string[] {
    const { core, belonging } = this.#deps;
    const members = core.log.configuration.members.filter(({ id }) => id !== core.self).map(({ address }) => address);
    return [...new Set([...members, ...belonging.others.map(formatAddress)])];
  }
}
