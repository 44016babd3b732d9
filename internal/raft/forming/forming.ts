/*
 * How a group comes to be, and how a node without one finds out that there is one. Pure: `step` takes an input and returns what to keep and
 * what to say; keeping comes first. Every node without a group calls on all others. The founder with the lowest name proposes a formation once it
 * has heard every founder; each promises it at most once; when all have promised, the proposer decides, and from then on whoever belongs to the
 * group tells it to everybody who calls.
 */

import assert from 'node:assert/strict';
import type { LogEntry, Member, MemberId } from '../core/types.ts';
import { type Identity, memberIdOf } from '../store/identity.ts';
import { consent } from './consent.ts';
import { firstEntryOf, formationOf, sameMembers } from './formation.ts';
import {
  type ForeignGroup,
  type Formation,
  type FormingEffects,
  type FormingInput,
  type FormingMessage,
  type FormingMoment,
  type FormingOutcome,
  type FormingOutgoing,
  type FormingRecord,
  type FormingSettings,
  type FoundForming,
  NO_RECORD,
  type Sender,
} from './types.ts';
import { type Hail, View } from './view.ts';
import { boundText, outsideText, stateText, timeoutText, twoGroupsText, waitingText } from './words.ts';

export class Forming {
  readonly #settings: FormingSettings;
  readonly #view: View;
  readonly #sinceMs: number;
  readonly #raftState: boolean;
  /** Of the own proposal; the own one is among them since it was kept before it was sent. */
  readonly #promised = new Set<MemberId>();
  #identity: Identity;
  #record: FormingRecord;
  #outside: ForeignGroup | undefined;
  /** Told to be formed beside the one that was told of first. */
  #other: ForeignGroup | undefined;
  /** Why the last proposal was not promised. */
  #withheld: string | undefined;
  #nextHailMs: number;

  #keep: FormingRecord | undefined;
  #become: Identity | undefined;
  #send: FormingOutgoing[] = [];
  #knock: Member | undefined;

  constructor(settings: FormingSettings, found: FoundForming, { nowMs }: FormingMoment) {
    const { identity, self, nodes, founders } = settings;
    assert.equal(self.id, memberIdOf(identity), 'a node enters a group as the incarnation that it is');
    assert(nodes.includes(self.node), 'this node is in the list');
    assert(founders.length > 0 && founders.every((node) => nodes.includes(node)), 'founders are in the list');
    this.#settings = settings;
    this.#view = new View(settings);
    this.#identity = identity;
    this.#record = found.record;
    this.#raftState = found.raftState;
    this.#sinceMs = nowMs;
    this.#nextHailMs = nowMs;
  }

  /** @returns what is to be done in the world, in the order of its fields */
  step(moment: FormingMoment, input: FormingInput): FormingEffects {
    if (!this.#unusable()) {
      this.#take(moment, input);
      this.#advance(moment);
      if (input.kind === 'tick') this.#hail(moment);
    }
    const effects = { record: this.#keep, identity: this.#become, send: this.#send, knock: this.#knock };
    this.#keep = undefined;
    this.#become = undefined;
    this.#send = [];
    this.#knock = undefined;
    return effects;
  }

  outcome(nowMs: number): FormingOutcome {
    const { timeoutMs } = this.#settings;
    const { promise, doubtful } = this.#record;
    const identity = this.#identity;
    if (this.#formed()) return { kind: 'formed', identity, foundingEntry: this.#foundingEntry() };
    if (this.#unusable()) return { kind: 'refused', reason: 'state', why: stateText(identity) };
    if (this.#outside !== undefined) return this.#beside(this.#outside);
    const promised = promise !== undefined || doubtful.length > 0;
    const why = waitingText({
      settings: this.#settings,
      view: this.#view,
      record: this.#record,
      promised: this.#promised,
      withheld: this.#withheld,
      nowMs,
    });
    if (!promised && timeoutMs > 0 && nowMs - this.#sinceMs >= timeoutMs)
      return { kind: 'refused', reason: 'timeout', why: timeoutText(timeoutMs, why) };
    return { kind: 'waiting', why, promised };
  }

  #beside(group: ForeignGroup): FormingOutcome {
    const { clusterId, generation } = group;
    if (this.#other !== undefined)
      return { kind: 'refused', reason: 'twoGroups', why: twoGroupsText(group, this.#other) };
    if (this.#boundElsewhere(group))
      return { kind: 'refused', reason: 'bound', why: boundText(group, this.#record.promise?.id) };
    const identity = { ...this.#identity, clusterId, generation };
    return { kind: 'outside', why: outsideText(group, this.#settings.self), group, identity };
  }

  #take(moment: FormingMoment, input: FormingInput): void {
    if (input.kind === 'message') this.#receive(moment, input.from, input.message);
    if (this.#formed()) return;
    if (input.kind === 'reset') this.#keepRecord({ ...NO_RECORD, stampMs: this.#record.stampMs });
    if (input.kind === 'joined') {
      assert(
        this.#outside !== undefined && !this.#boundElsewhere(this.#outside),
        'a node joins a group that it may join',
      );
      this.#becomeMember(this.#outside.clusterId, this.#outside.generation);
    }
  }

  #receive({ nowMs }: FormingMoment, from: Sender, message: FormingMessage): void {
    if (message.kind === 'hail') this.#onHail(nowMs, message);
    else if (this.#formed()) {
      // whoever is formed too needs no answer: two members would answer each other for ever
      if (message.kind === 'propose' || message.kind === 'promise') this.#tellFormed(from.address);
    } else if (message.kind === 'propose') this.#onPropose(from, message.formation);
    else if (message.kind === 'promise') this.#onPromise(from, message.formation);
    else if (message.kind === 'abort') this.#onAbort(from, message.formation);
    else this.#onFormed(from, message);
  }

  #onHail(nowMs: number, hail: Hail): void {
    const { member, bond } = hail;
    if (this.#formed()) {
      if (member.id !== this.#settings.self.id) this.#knock = member;
      this.#tellFormed(member.address);
      return;
    }
    this.#view.hear(hail, nowMs);
    const mine = bond !== undefined && bond.proposer === this.#settings.self.id;
    if (mine && bond.formation !== this.#record.promise?.id)
      this.#say(member.address, { kind: 'abort', formation: bond.formation });
  }

  #onPropose(from: Sender, formation: Formation): void {
    const proposer = formation.members.find(({ id }) => id === formation.proposer);
    if (this.#outside !== undefined || proposer === undefined || from.member !== proposer.id) return;
    const answer = consent(this.#settings, this.#record, formation);
    this.#withheld = answer.kind === 'withheld' ? answer.why : undefined;
    if (answer.kind === 'withheld') return;
    if (answer.kind === 'given') this.#keepRecord(answer.record);
    this.#say(proposer.address, { kind: 'promise', formation: formation.id });
  }

  #onPromise(from: Sender, formation: string): void {
    if (this.#own()?.id === formation) this.#promised.add(from.member);
  }

  #onAbort(from: Sender, formation: string): void {
    const { promise } = this.#record;
    if (promise?.id === formation && promise.proposer === from.member)
      this.#keepRecord({ ...this.#record, promise: undefined });
  }

  /** Where it was promised here, all others have promised it too: only then its proposer decides. */
  #onFormed(contact: Sender, { clusterId, generation }: Extract<FormingMessage, { kind: 'formed' }>): void {
    const { promise } = this.#record;
    if (promise?.id === clusterId && promise.generation === generation) {
      this.#becomeMember(clusterId, generation);
      return;
    }
    if (this.#own() !== undefined) this.#keepRecord({ ...this.#record, promise: undefined }); // it is not decided, and never will be
    const known = this.#outside;
    if (known === undefined || known.clusterId === clusterId) {
      if (known === undefined || generation >= known.generation) this.#outside = { clusterId, generation, contact };
    } else this.#other ??= { clusterId, generation, contact };
  }

  /** What the lowest founder does of itself. */
  #advance({ nowMs, wallMs }: FormingMoment): void {
    const { founders, self } = this.#settings;
    if (this.#formed() || this.#outside !== undefined || founders[0] !== self.node) return;
    const members = this.#view.founders();
    if (members !== undefined && this.#view.contradictions(nowMs).length === 0) this.#propose(members, wallMs);
    const own = this.#own();
    if (own === undefined || !own.members.every(({ id }) => id === self.id || this.#promised.has(id))) return;
    this.#becomeMember(own.id, own.generation);
    for (const { id, address } of own.members) if (id !== self.id) this.#tellFormed(address);
  }

  /** Anew where the founders are others than before, or one of them has promised something later. */
  #propose(members: readonly Member[], wallMs: number): void {
    const { clusterName, self, identity } = this.#settings;
    const own = this.#own();
    const bonds = this.#view.boundElsewhere(own?.id).map((bond) => bond.stampMs);
    const latestMs = Math.max(this.#record.stampMs, ...bonds);
    if (own !== undefined && sameMembers(own.members, members) && latestMs <= own.stampMs) return;
    const stampMs = Math.max(wallMs, latestMs + 1);
    const terms = { proposer: self.id, stampMs, generation: identity.generation, members };
    const answer = consent(this.#settings, this.#record, formationOf(clusterName, terms));
    this.#withheld = answer.kind === 'withheld' ? answer.why : undefined;
    if (answer.kind !== 'given') return;
    this.#keepRecord({ ...answer.record, stampMs });
    this.#promised.clear();
    this.#ask();
  }

  #ask(): void {
    const own = this.#own();
    if (own === undefined) return;
    for (const { id, address } of own.members)
      if (id !== this.#settings.self.id && !this.#promised.has(id))
        this.#say(address, { kind: 'propose', formation: own });
  }

  #hail({ nowMs }: FormingMoment): void {
    const { self, nodes, founders, identity, hailMs } = this.#settings;
    if (this.#formed() || nowMs < this.#nextHailMs) return;
    this.#nextHailMs = nowMs + hailMs;
    const { promise } = this.#record;
    const bond = promise && { formation: promise.id, proposer: promise.proposer, stampMs: promise.stampMs };
    const hail: Hail = { kind: 'hail', member: self, founders, generation: identity.generation, bond };
    for (const node of nodes) if (node !== self.node) this.#say(node, hail);
    if (this.#outside === undefined) this.#ask();
  }

  #tellFormed(address: string): void {
    const { clusterId, generation } = this.#identity;
    assert(clusterId !== undefined, 'only members tell of their group');
    this.#say(address, { kind: 'formed', clusterId, generation });
  }

  #becomeMember(clusterId: string, generation: number): void {
    this.#identity = { ...this.#identity, clusterId, generation };
    this.#become = this.#identity;
  }

  #keepRecord(record: FormingRecord): void {
    this.#record = record;
    this.#keep = record;
  }

  #say(address: string, message: FormingMessage): void {
    this.#send.push({ address, message });
  }

  #formed(): boolean {
    return this.#identity.clusterId !== undefined;
  }

  /** What is promised may still be decided, with this node counted in. */
  #boundElsewhere({ clusterId }: ForeignGroup): boolean {
    const { promise } = this.#record;
    return promise !== undefined && promise.id !== clusterId;
  }

  /** A log without a group: nothing says whose it is (F-11). */
  #unusable(): boolean {
    return !this.#formed() && this.#raftState;
  }

  /** What this node proposed, and neither decided on nor gave up. */
  #own(): Formation | undefined {
    const { promise } = this.#record;
    return promise?.proposer === this.#settings.self.id ? promise : undefined;
  }

  #foundingEntry(): LogEntry | undefined {
    const { promise } = this.#record;
    return promise !== undefined && promise.id === this.#identity.clusterId ? firstEntryOf(promise) : undefined;
  }
}
