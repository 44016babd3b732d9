// Who is in the group, and as what: every node tells the others about itself, and the leader keeps the records in step with it: addresses and
// labels (C-21, F-32), and what the lists want (C-131). A node that is no member any more hears it here.

import type { Log } from '../../runtime/log.ts';
import { parseAddress } from '../address.ts';
import type { RaftCore } from '../core/core.ts';
import type { MembershipChange } from '../core/inputs.ts';
import type { Configuration, Member, MemberId } from '../core/types.ts';
import { type Announcement, decodeAnnouncement, encodeAnnouncement } from '../membership/announcement.ts';
import { judgeLists, type ListVerdict } from '../membership/list-verdict.ts';
import { type Seat, seated } from '../membership/seat.ts';
import type { Identity } from '../wire/hello.ts';
import type { Wire } from '../wire/wire.ts';
import type { Meetings } from './meetings.ts';
import type { OwnRequests } from './own-requests.ts';
import type { Outcome } from './ports.ts';
import { REASONS } from './reasons.ts';

export interface RegistrarDeps {
  readonly core: Pick<RaftCore, 'self' | 'role' | 'leader' | 'office' | 'commit' | 'log'>;
  readonly wire: Pick<Wire, 'sendBytes'>;
  readonly log: Log;
  readonly requests: Pick<OwnRequests, 'change'>;
  readonly meetings: Pick<Meetings, 'ask'>;
  readonly own: Pick<Announcement, 'address' | 'labels'>;
  readonly seat: Seat;
  readonly keepSeat: (seat: Seat) => Outcome;
  readonly maxVoters: number;
  readonly periodMs: number;
  readonly nowMs: () => number;
  /** Calls on the others as a node without a place. */
  readonly knock: () => void;
  /** Tells whoever is at this address that there is a group. */
  readonly tellOf: (address: string) => void;
  /** Somebody takes itself for a member and is none. */
  readonly onOutsider: (member: MemberId) => void;
}

export interface ListStatus {
  /** `RaftNodes` of this node; empty where it names nobody else. */
  readonly own: readonly string[];
  /** Those of the members whose list is another, by their names. */
  readonly others: Readonly<Record<string, readonly string[]>>;
  /** A list that is not in force yet, and why. */
  readonly open: { readonly list: readonly string[]; readonly why: string } | undefined;
}

interface Heard {
  readonly announcement: Announcement;
  readonly atMs: number;
}

/** What was not repeated for so many periods does not count. */
const STALE_PERIODS = 6;
const MOST_SEEN = 256;
/** A node that leaves says so this many times as often. */
const LEAVING_HASTE = 5;

export class Registrar {
  readonly #deps: RegistrarDeps;
  /** Members of this configuration and of former ones, as far back as the log of this run goes. */
  readonly #seen = new Set<MemberId>();
  readonly #heard = new Map<MemberId, Heard>();
  #seat: Seat;
  #nextMs = Number.NEGATIVE_INFINITY;
  /** The committed configuration that it was last compared with. */
  #known: Configuration | undefined;
  #busy = false;
  #told = '';

  constructor(deps: RegistrarDeps) {
    this.#deps = deps;
    this.#seat = deps.seat;
  }

  /** @throws {WireFault} these bytes are nothing that a node says */
  hear({ member }: Identity, payload: Uint8Array): void {
    const { core, nowMs, onOutsider } = this.#deps;
    const announcement = decodeAnnouncement(payload);
    if (this.#isMember(member)) {
      this.#heard.set(member, { announcement, atMs: nowMs() });
      if (announcement.leaving && core.role === 'leader') this.#nextMs = nowMs(); // its process is about to end
    } else if (core.role === 'leader') onOutsider(member);
  }

  /** This node ends, and is to be no member any more: said at once, and again until it was removed. */
  leave(): void {
    const seat = { ...this.#seat, leaving: true };
    if (this.#deps.keepSeat(seat) === 'durable') this.#seat = seat;
    this.#nextMs = this.#deps.nowMs();
  }

  /** This node was let go for being gone: it begins anew at its next start (F-51). */
  letGo(): void {
    const seat = { ...this.#seat, reaped: true };
    if (this.#deps.keepSeat(seat) === 'durable') this.#seat = seat;
  }

  /** A configuration counts from now on, agreed on or not. */
  follow({ members }: Configuration): void {
    for (const { id } of members) this.#seen.add(id);
    const [eldest] = this.#seen;
    if (eldest !== undefined && this.#seen.size > MOST_SEEN) this.#seen.delete(eldest);
  }

  /**
   * Why a node may not connect that was a member once and is none any more. The leader lets it in, to tell it so; and without
   * a leader nobody is kept out, since the log here may be behind.
   */
  veto(peer: MemberId): string | undefined {
    const { core } = this.#deps;
    if (core.role !== 'follower' || core.leader === undefined) return undefined;
    if (this.#isMember(peer) || !this.#seen.has(peer)) return undefined;
    return `${peer} was removed from the group`;
  }

  /** To be called after each turn: a node that was a member for a moment must not take itself for a newcomer later. */
  remember(): void {
    const { core, keepSeat } = this.#deps;
    const { configuration } = core.log.configurationAt(core.commit);
    if (configuration === this.#known) return;
    const seat = seated(this.#seat, core.self, configuration);
    if (seat !== this.#seat && keepSeat(seat) === 'full') return;
    this.#seat = seat;
    this.#known = configuration;
  }

  tick(): void {
    const { core, nowMs, periodMs, knock } = this.#deps;
    if (nowMs() < this.#nextMs) return;
    this.#nextMs = nowMs() + (this.#seat.leaving ? periodMs / LEAVING_HASTE : periodMs);
    const unknown = !this.#isMember(core.self) && core.log.configurationIndex <= core.commit;
    if (unknown && !this.#seat.taken) knock();
    else this.#announce();
    if (core.office?.serving !== true) return;
    this.#greet();
    if (!this.#busy) this.#tidy(this.#recent());
  }

  get status(): ListStatus {
    const { list: own } = this.#seat;
    const said = this.#recent();
    const others = this.#members().flatMap(({ id, node }) => {
      const list = said.get(id)?.list ?? own;
      return list.join() === own.join() ? [] : [[node, list] as const];
    });
    const verdict = this.#judge(said);
    const open = verdict.kind === 'open' ? { list: verdict.list, why: verdict.why } : undefined;
    return { own, others: Object.fromEntries(others), open };
  }

  #announce(): void {
    const { core, wire, own, nowMs } = this.#deps;
    const { list, dropped, leaving } = this.#seat;
    const announcement = { ...own, list, dropped, leaving };
    this.#heard.set(core.self, { announcement, atMs: nowMs() });
    const bytes = encodeAnnouncement(announcement);
    for (const { id } of this.#members()) if (id !== core.self) wire.sendBytes(id, 'members', bytes);
  }

  /** Who was taken in by an operator may not know that there is a group. */
  #greet(): void {
    const { core, tellOf } = this.#deps;
    for (const { id, address } of this.#members()) if (core.office?.progress.get(id)?.match === 0) tellOf(address);
  }

  /** One change at a time: records first, since a list may name a new address. */
  #tidy(said: ReadonlyMap<MemberId, Announcement>): void {
    for (const member of this.#members()) {
      const now = said.get(member.id);
      if (now !== undefined && (this.#release(member, now) || this.#update(member, now))) return;
    }
    const verdict = this.#judge(said);
    if (verdict.kind === 'agreed')
      this.#ask(verdict.change, { list: verdict.list }, 'the members become those of the list');
    else if (verdict.kind === 'open')
      this.#tell({ list: verdict.list, reason: verdict.why }, 'a new list of nodes waits');
    else this.#told = '';
  }

  /** A leader that leaves hands over first. */
  #release({ id }: Member, { leaving }: Announcement): boolean {
    if (!leaving || id === this.#deps.core.self) return false;
    this.#ask({ kind: 'remove', member: id }, { member: id }, 'a member leaves the group');
    return true;
  }

  #update(member: Member, { address, labels }: Announcement): boolean {
    const { core, meetings } = this.#deps;
    const moved = address !== member.address;
    if (!moved && sameLabels(labels, member.labels)) return false;
    const change: MembershipChange = { kind: 'update', member: { ...member, address, labels } };
    const fields = { member: member.id, address, former: member.address };
    const update = () => this.#ask(change, fields, 'the record of a member follows what it says');
    if (!moved || member.id === core.self) {
      update();
      return true;
    }
    this.#busy = true;
    meetings.ask(parseAddress(address, `address of ${member.id}`, 0), ({ peer, problem }) => {
      this.#busy = false;
      if (peer?.member === member.id) update();
      else
        this.#tell(
          { ...fields, reason: problem ?? `${peer?.member} is there` },
          'a member does not answer where it says',
        );
    });
    return true;
  }

  #ask(change: MembershipChange, fields: object, text: string): void {
    this.#busy = true;
    this.#deps.requests.change(change, (refused) => {
      this.#busy = false;
      if (refused === undefined) this.#deps.log.info(fields, text);
      else if (refused !== 'nothingToChange') this.#tell({ ...fields, reason: REASONS[refused] }, `not yet: ${text}`);
    });
  }

  /** Once for as long as it stays the same. */
  #tell(fields: object, text: string): void {
    const said = JSON.stringify([text, fields]);
    if (said === this.#told) return;
    this.#told = said;
    this.#deps.log.warn(fields, text);
  }

  #judge(said: ReadonlyMap<MemberId, Announcement>): ListVerdict {
    const { core, maxVoters } = this.#deps;
    return judgeLists(core.log.configuration, said, maxVoters);
  }

  #recent(): ReadonlyMap<MemberId, Announcement> {
    const { nowMs, periodMs } = this.#deps;
    const since = nowMs() - STALE_PERIODS * periodMs;
    for (const id of this.#heard.keys()) if (!this.#isMember(id)) this.#heard.delete(id);
    return new Map(
      [...this.#heard].flatMap(([id, { announcement, atMs }]) => (atMs < since ? [] : [[id, announcement]])),
    );
  }

  #members(): readonly Member[] {
    return this.#deps.core.log.configuration.members;
  }

  #isMember(id: MemberId): boolean {
    return this.#members().some((member) => member.id === id);
  }
}

function sameLabels(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const text = (labels: Readonly<Record<string, string>>) => JSON.stringify(Object.entries(labels).toSorted());
  return text(one) === text(other);
}
