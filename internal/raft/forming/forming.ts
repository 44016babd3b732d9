/*
 * How a group comes to be, and how a node without one finds out that there is one. Pure: `step` takes an input and returns what to keep and
 * what to say; keeping comes first. Every node without a group calls on all others. The founder with the lowest name proposes a formation once it
 * has heard every founder; each promises it at most once; when all have promised, the proposer decides, and from then on whoever belongs to the
 * group tells it to everybody who calls.
 */

import assert from 'node:assert/strict';
import type { LogEntry, Member, MemberId } from '../core/types.ts';
import { type Identity, memberIdOf } from '../store/identity.ts';
import { type Choice, chooseFounders, type Finding } from './choice.ts';
import { consent } from './consent.ts';
import { firstEntryOf, formationOf, nodesOf, sameMembers } from './formation.ts';
import {
  type Candidates,
  type ClaimAnswer,
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
import { boundText, outsideText, searchingText, stateText, timeoutText, twoGroupsText, waitingText } from './words.ts';

/** Look-ups in a row that have to find nobody else before a node founds alone (F-17). */
const LOOKS_BEFORE_ALONE = 3;

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
  /** Whom to call on where nobody is listed. */
  #candidates: Candidates = { addresses: [], aloneTimes: 0, problem: 'nobody was looked for yet' };
  /** For which formation the record was asked since the last call. */
  #asked: string | undefined;
  /** Of the record that says which group has the name. */
  #answer: { readonly formation: string; readonly answer: ClaimAnswer } | undefined;

  #keep: FormingRecord | undefined;
  #become: Identity | undefined;
  #send: FormingOutgoing[] = [];
  #claim: string | undefined;
  #knock: Member | undefined;

  constructor(settings: FormingSettings, found: FoundForming, { nowMs }: FormingMoment) {
    const { identity, self, nodes, founders, finding } = settings;
    assert.equal(self.id, memberIdOf(identity), 'a node enters a group as the incarnation that it is');
    if (finding === undefined) {
      assert(nodes.includes(self.node), 'this node is in the list');
      assert(founders.length > 0 && founders.every((node) => nodes.includes(node)), 'founders are in the list');
    } else assert(nodes.length === 0 && founders.length === 0, 'founders are listed or found');
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
    const effects = {
      ...{ record: this.#keep, identity: this.#become, send: this.#send },
      ...{ claim: this.#claim, knock: this.#knock },
    };
    this.#keep = undefined;
    this.#become = undefined;
    this.#send = [];
    this.#claim = undefined;
    this.#knock = undefined;
    return effects;
  }

  /** When the others are called on next; while there is no group. */
  get nextHailMs(): number {
    return this.#nextHailMs;
  }

  outcome(nowMs: number): FormingOutcome {
    const { timeoutMs } = this.#settings;
    const { promise, doubtful } = this.#record;
    const identity = this.#identity;
    if (this.#formed()) return { kind: 'formed', identity, foundingEntry: this.#foundingEntry() };
    if (this.#unusable()) return { kind: 'refused', reason: 'state', why: stateText(identity) };
    if (this.#outside !== undefined) return this.#beside(this.#outside);
    const promised = promise !== undefined || doubtful.length > 0;
    const why = this.#waiting(nowMs);
    if (!promised && timeoutMs > 0 && nowMs - this.#sinceMs >= timeoutMs)
      return { kind: 'refused', reason: 'timeout', why: timeoutText(timeoutMs, why) };
    return { kind: 'waiting', why, promised };
  }

  #waiting(nowMs: number): string {
    const { finding } = this.#settings;
    const waiting = {
      ...{ settings: this.#settings, view: this.#view, record: this.#record, promised: this.#promised },
      ...{ withheld: this.#withheld, nowMs },
    };
    if (finding === undefined) return waitingText(waiting);
    const choice = this.#choice(finding, nowMs);
    const own = this.#own();
    const answer = own !== undefined && this.#answer?.formation === own.id ? this.#answer.answer : undefined;
    return searchingText(waiting, { choice, answer, problem: this.#candidates.problem });
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
    if (input.kind === 'candidates') this.#candidates = input.candidates;
    if (input.kind === 'claimed') this.#answer = input;
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
    const { member } = hail;
    if (this.#formed()) {
      if (member.id !== this.#settings.self.id) this.#knock = member;
      this.#abort(hail, this.#identity.clusterId);
      this.#tellFormed(member.address);
      return;
    }
    this.#view.hear(hail, nowMs);
    this.#abort(hail, this.#record.promise?.id);
  }

  /** Whoever is bound to something that this node proposed, and gave up for what it has promised or founded since, is free. */
  #abort({ member, bond }: Hail, inForce: string | undefined): void {
    if (bond?.proposer === this.#settings.self.id && bond.formation !== inForce)
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
    const { founders, self, finding } = this.#settings;
    if (this.#formed() || this.#outside !== undefined) return;
    if (finding !== undefined) {
      if (!this.#advanceFinding(finding, { nowMs, wallMs })) return;
    } else {
      if (founders[0] !== self.node) return;
      const members = this.#view.founders();
      if (members !== undefined && this.#view.contradictions(nowMs).length === 0) this.#propose(members, wallMs);
    }
    const own = this.#own();
    if (own === undefined || !own.members.every(({ id }) => id === self.id || this.#promised.has(id))) return;
    if (finding?.anchored === true && !this.#isAnchored(own.id)) return;
    this.#becomeMember(own.id, own.generation);
    for (const { id, address } of own.members) if (id !== self.id) this.#tellFormed(address);
  }

  /** @returns whether the own proposal, if there is one, may be decided now */
  #advanceFinding(finding: Finding, { nowMs, wallMs }: FormingMoment): boolean {
    const { self } = this.#settings;
    const own = this.#own();
    if (this.#record.promise !== undefined && own === undefined) return false; // the word is given to somebody else
    if (this.#view.contradictions(nowMs).length > 0) return false;
    const choice = this.#choice(finding, nowMs);
    if (choice.kind === 'none') return false;
    const [first] = choice.members;
    if (first?.id === self.id) this.#propose(choice.members, wallMs);
    // undecided, and whoever is bound to it may be what a lower one waits for
    else if (own !== undefined) this.#keepRecord({ ...this.#record, promise: undefined });
    return true;
  }

  /** The own proposal stands as long as all its members are there and free to promise it; otherwise those who are there now count. */
  #choice(finding: Finding, nowMs: number): Choice {
    const { self } = this.#settings;
    if (!self.promote) return { kind: 'none', why: 'does not vote, so that it founds nothing' };
    const willing = this.#view.willing(nowMs);
    const choice = chooseFounders(finding, [self, ...willing]);
    if (choice.kind === 'none' && willing.length + 1 >= finding.expect) return choice;
    if (finding.expect === 1 && !finding.alone && this.#candidates.aloneTimes < LOOKS_BEFORE_ALONE)
      return {
        kind: 'none',
        why: `makes sure that nobody else is there (${this.#candidates.aloneTimes} of ${LOOKS_BEFORE_ALONE} times)`,
      };
    const own = this.#own();
    if (own === undefined) return choice;
    const there = own.members.every(({ id }) => id === self.id || willing.some((member) => member.id === id));
    const free = this.#view.boundElsewhere(nodesOf(own), own.id).length === 0;
    return there && free ? { kind: 'chosen', members: own.members } : choice;
  }

  /** Asks for the record once between two calls. */
  #isAnchored(formation: string): boolean {
    if (this.#answer?.formation === formation && this.#answer.answer.kind === 'ours') return true;
    if (this.#asked !== formation) this.#claim = formation;
    this.#asked = formation;
    return false;
  }

  /** Anew where the founders are others than before, or one of them has promised something later. */
  #propose(members: readonly Member[], wallMs: number): void {
    const { clusterName, self, identity } = this.#settings;
    const own = this.#own();
    const nodes = members.map(({ node }) => node);
    const bonds = this.#view.boundElsewhere(nodes, own?.id).map((bond) => bond.stampMs);
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
    const { self, founders, finding, identity, hailMs } = this.#settings;
    if (this.#formed() || nowMs < this.#nextHailMs) return;
    this.#nextHailMs = nowMs + hailMs;
    this.#asked = undefined;
    const { promise } = this.#record;
    const bond = promise && { formation: promise.id, proposer: promise.proposer, stampMs: promise.stampMs };
    const expect = finding?.expect ?? 0;
    const hail: Hail = { kind: 'hail', member: self, founders, expect, generation: identity.generation, bond };
    for (const address of this.#whereOthersAre(nowMs)) this.#say(address, hail);
    if (this.#outside === undefined) this.#ask();
  }

  /** Listed nodes are at the address that they are called by. */
  #whereOthersAre(nowMs: number): readonly string[] {
    const { self, nodes, finding } = this.#settings;
    if (finding === undefined) return nodes.filter((node) => node !== self.node);
    const { addresses } = this.#candidates;
    const bound = this.#record.promise?.members.map(({ address }) => address) ?? [];
    const all = new Set([...addresses, ...this.#view.addresses(nowMs), ...bound]);
    all.delete(self.address);
    return [...all];
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
