import type { Finding } from '../../../internal/raft/forming/choice.ts';
import type { Forming } from '../../../internal/raft/forming/forming.ts';
import {
  type ClaimAnswer,
  type FormingEffects,
  type FormingInput,
  type FormingMoment,
  type FormingOutcome,
  type FormingOutgoing,
  type FormingRecord,
  type FormingSettings,
  type FoundForming,
  NO_RECORD,
  type Sender,
} from '../../../internal/raft/forming/types.ts';
import { type Identity, memberIdOf } from '../../../internal/raft/store/identity.ts';
import type { SeededRandom } from '../random.ts';
import { Timeline } from '../timeline.ts';
import { demand } from '../watcher.ts';
import { WatchForming } from './watch.ts';

export type FormingClass = new (settings: FormingSettings, found: FoundForming, moment: FormingMoment) => Forming;

export const HAIL_MS = 500;
const TICK_MS = 100;
const LOOK_UP_MS = 1000;
/** Far more than any founding needs. */
const MOST_MESSAGES = 50_000;

/** Where a step is cut short by the end of its process: before anything, after the record, after the identity, between two messages. */
type CutAt = 'nothing' | 'record' | 'identity' | 'sending';

export interface FormingPlan {
  readonly nodes: number;
  readonly founders: number;
  /** Where nobody is listed. */
  readonly finding: Finding | undefined;
  /** Of look-ups during the faults: how many nodes they miss. */
  readonly blindShare: number;
  readonly delayMs: readonly [number, number];
  readonly lossShare: number;
  readonly copiesShare: number;
  /** Of steps that are cut short. */
  readonly tornShare: number;
  /** Of restarts that find an empty disk. */
  readonly wipeShare: number;
  readonly faultsMs: number;
}

/** One listed node: its disk, and the process on it while there is one. */
export class FormingNode {
  readonly name: string;
  lives = 0;
  identity: Identity;
  record: FormingRecord = NO_RECORD;
  labels: Readonly<Record<string, string>> = {};
  /** Whether it wishes to. */
  readonly votes: boolean;
  machine: Forming | undefined;

  constructor(name: string, votes: boolean) {
    this.name = name;
    this.votes = votes;
    this.identity = this.#fresh();
  }

  get member(): string {
    return memberIdOf(this.identity);
  }

  wipe(): void {
    this.identity = this.#fresh();
    this.record = NO_RECORD;
  }

  #fresh(): Identity {
    this.lives += 1;
    const { name, lives } = this;
    return { clusterId: undefined, nodeId: name, incarnation: `i${lives}`, generation: 0, address: name };
  }
}

export class FormingWorld {
  readonly timeline = new Timeline();
  readonly random: SeededRandom;
  readonly plan: FormingPlan;
  readonly nodes: readonly FormingNode[];
  readonly counts = new Map<string, number>();
  readonly watch: WatchForming;
  faulty = true;
  /** The id that the record outside of the group holds. */
  anchored: string | undefined;
  readonly #Machine: FormingClass;
  readonly #cut = new Set<string>();
  readonly #old: (() => void)[] = [];
  #sent = 0;

  constructor(Machine: FormingClass, plan: FormingPlan, random: SeededRandom) {
    this.#Machine = Machine;
    this.plan = plan;
    this.random = random;
    const votes = (at: number) => at === 0 || plan.finding !== undefined || random.chance(0.85);
    this.nodes = Array.from({ length: plan.nodes }, (_, at) => new FormingNode(`n${at + 1}:10008`, votes(at)));
    this.watch = new WatchForming(this.nodes, plan.finding?.anchored === false);
    this.#tick();
  }

  get founders(): readonly string[] {
    return this.nodes.slice(0, this.plan.founders).map(({ name }) => name);
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  start(node: FormingNode): void {
    if (node.machine !== undefined) return;
    const { identity, record, labels, name } = node;
    const self = {
      id: node.member,
      node: name,
      incarnation: identity.incarnation,
      address: name,
      labels,
      promote: node.votes,
    };
    const settings: FormingSettings = {
      clusterName: 'orders',
      identity,
      self,
      finding: this.plan.finding,
      nodes: this.plan.finding === undefined ? this.nodes.map((each) => each.name) : [],
      founders: this.plan.finding === undefined ? this.founders : [],
      hailMs: HAIL_MS,
      timeoutMs: 0,
    };
    node.machine = new this.#Machine(settings, { record, raftState: false }, this.#moment());
  }

  crash(node: FormingNode): void {
    node.machine = undefined;
    this.count('crash');
  }

  cut(from: FormingNode, to: FormingNode): void {
    this.#cut.add(`${from.name}>${to.name}`);
  }

  heal(): void {
    this.#cut.clear();
  }

  /** Says again what was said long ago, maybe by a former incarnation. */
  replay(): void {
    if (this.#old.length > 0) this.random.pick(this.#old)();
  }

  forget(): void {
    this.#old.length = 0;
  }

  outcomeOf(node: FormingNode): FormingOutcome | undefined {
    return node.machine?.outcome(this.timeline.nowMs);
  }

  step(node: FormingNode, input: FormingInput): void {
    const { machine } = node;
    if (machine === undefined) return;
    const effects = machine.step(this.#moment(), input);
    const torn = this.faulty && this.random.chance(this.plan.tornShare);
    this.#perform(
      node,
      effects,
      torn ? this.random.pick<CutAt>(['nothing', 'record', 'identity', 'sending']) : undefined,
    );
    if (torn) this.crash(node);
    this.watch.stepped(node, this.outcomeOf(node));
  }

  /** Each look-up of a flaky service misses others; a whole one misses nobody. */
  lookUp(node: FormingNode): void {
    if (this.plan.finding === undefined) return;
    const missed = () => this.faulty && this.random.chance(this.plan.blindShare);
    const addresses = this.nodes.filter((each) => each !== node && !missed()).map(({ name }) => name);
    const aloneTimes = addresses.length === 0 ? this.random.whole(0, 5) : 0;
    this.step(node, { kind: 'candidates', candidates: { addresses, aloneTimes, problem: undefined } });
  }

  #perform(node: FormingNode, { record, identity, send, claim }: FormingEffects, cutAt: CutAt | undefined): void {
    if (cutAt === 'nothing') return;
    if (record !== undefined) {
      node.record = record;
      this.count(record.promise === undefined ? 'promise released' : 'promise kept');
      if (record.doubtful.length > 0) this.count('promise in doubt');
      this.watch.promised(node);
    }
    if (cutAt === 'record') return;
    if (identity !== undefined) {
      node.identity = identity;
      this.count('formed');
      this.watch.formed(node);
    }
    if (cutAt === 'identity') return;
    const sent = cutAt === 'sending' ? send.slice(0, this.random.whole(0, send.length)) : send;
    const from = { member: node.member, node: node.name, address: node.name };
    for (const outgoing of sent) this.#post(node, from, outgoing);
    if (cutAt === undefined && claim !== undefined) this.#claim(node, claim);
  }

  /** The record is made, or not, some time before the answer comes, or not. */
  #claim(node: FormingNode, formation: string): void {
    const { random, timeline } = this;
    const flaky = () => this.faulty && random.chance(0.3);
    const life = node.machine;
    timeline.after(random.between(1, 200), () => {
      const lost = flaky();
      if (!lost) this.anchored ??= formation;
      const by = this.anchored ?? '';
      const known: ClaimAnswer = by === formation ? { kind: 'ours' } : { kind: 'taken', by, where: 'a key' };
      const answer: ClaimAnswer = lost || flaky() ? { kind: 'unknown', why: 'no answer' } : known;
      this.count(`claim ${answer.kind}`);
      timeline.after(random.between(1, 200), () => {
        if (node.machine === life) this.step(node, { kind: 'claimed', formation, answer });
      });
    });
  }

  #post(node: FormingNode, from: Sender, { address, message }: FormingOutgoing): void {
    this.watch.sending(node, message);
    this.count(`message ${message.kind}`);
    this.#sent += 1;
    demand(this.#sent < MOST_MESSAGES, 'F-6', () => 'nodes talk without end');
    const { random, plan } = this;
    const carry = () => {
      const [least, most] = plan.delayMs;
      this.timeline.after(random.between(least, most), () => {
        const to = this.nodes.find(({ name }) => name === address);
        if (to !== undefined) this.step(to, { kind: 'message', from, message });
      });
    };
    if (this.faulty && (this.#cut.has(`${from.address}>${address}`) || random.chance(plan.lossShare))) return;
    carry();
    if (!this.faulty || !random.chance(plan.copiesShare)) return;
    carry();
    if (this.#old.length < 50) this.#old.push(carry);
    else this.#old[random.whole(0, 49)] = carry;
  }

  #moment(): FormingMoment {
    const { nowMs } = this.timeline;
    const skewMs = this.faulty ? this.random.whole(0, 20_000) : 20_000;
    return { nowMs, wallMs: 1_000_000 + nowMs + skewMs };
  }

  #tick(): void {
    for (const node of this.nodes) {
      if (this.random.chance(TICK_MS / LOOK_UP_MS)) this.lookUp(node);
      this.step(node, { kind: 'tick' });
    }
    this.timeline.after(TICK_MS, () => this.#tick());
  }
}
