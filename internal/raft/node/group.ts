// The main thread's side of a node: asks the consensus thread, feeds the state machine with what is committed, and knows at
// any time, without asking anybody, whether this node may act.

import { EventEmitter } from 'node:events';
import type { Clock } from '../../runtime/clock.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { Answer, Applicable, CoreEvent } from '../core/effects.ts';
import type { MembershipChange } from '../core/inputs.ts';
import type { Configuration, Index, LogEntry, MemberId, SnapshotMeta, Term } from '../core/types.ts';
import type { Lease } from './lease.ts';
import type { GroupNews, Order, Standpoint } from './protocol.ts';
import { Questions, type Silence, unknown } from './questions.ts';
import { REASONS } from './reasons.ts';
import { WaitingList } from './waiting-list.ts';

/** What the group agrees on. Deterministic: the same entries make the same state on every node. */
export interface StateMachine {
  /**
   * In memory, at once: one result for each entry. `durable` resolves when the changes are in the backend together with the index of the
   * last entry; where it rejects, the node ends.
   */
  apply(entries: readonly LogEntry[]): Applied;
  /** The state as it is at the call, whatever is applied while it is read. */
  snapshot(): AsyncIterable<Uint8Array>;
  /** Resolves when the backend holds that state in place of its own. Nothing is applied meanwhile. */
  restore(snapshot: Pick<SnapshotMeta, 'index' | 'term'>, bytes: AsyncIterable<Uint8Array>): Promise<void>;
}

export interface Applied {
  readonly results: readonly unknown[];
  readonly durable: Promise<void>;
}

/** The state of a member, behind the entry `index`. */
export interface ForeignState {
  readonly index: Index;
  readonly term: Term;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** The consensus thread as seen from here. */
export interface Consensus {
  order(order: Order): void;
  /** Stores the state as of `index`, and tells the core of it. @throws when it could not be read to its end */
  keepSnapshot(index: Index, bytes: AsyncIterable<Uint8Array>): Promise<void>;
  fetchSnapshot(snapshot: SnapshotMeta): AsyncIterable<Uint8Array>;
  readonly lease: Lease;
}

export interface GroupDeps {
  readonly consensus: Consensus;
  readonly machine: StateMachine;
  readonly clock: Clock;
  readonly log: Log;
  readonly proposalTimeoutMs: number;
  /** The node cannot go on. */
  readonly onFatal: (err: unknown) => void;
  /** Whether a leader of a group of these members may act; always, where it is not given. */
  readonly mayLead?: ((configuration: Configuration) => boolean) | undefined;
}

/** An answer, and for one that is in the log now, what comes of it. */
interface Heard {
  readonly answer: Answer;
  readonly outcome: Promise<unknown>;
}

interface GroupEvents {
  /** This node leads and may act, in this term. */
  office: [term: Term];
  /** It does not any more. */
  lost: [term: Term];
  /** Anything of its standpoint is another. */
  moved: [standpoint: Standpoint];
}

export class Group extends EventEmitter<GroupEvents> {
  readonly #deps: GroupDeps;
  readonly #questions: Questions<Heard>;
  readonly #entries = new WaitingList();
  readonly #readers: { readonly index: Index; readonly resolve: (value: undefined) => void }[] = [];
  #applied: Index;
  /** What is agreed on and not applied yet, since a snapshot is being loaded. */
  readonly #agreed: Applicable[] = [];
  #restoring = false;
  #onHanded = () => {};
  /** The snapshot that is being taken. */
  #keeping: Promise<void> | undefined;
  #stopped: Error | undefined;
  #standpoint: Standpoint;

  constructor(deps: GroupDeps, standpoint: Standpoint, applied: Index) {
    super();
    this.#deps = deps;
    this.#questions = new Questions(deps.clock, deps.proposalTimeoutMs);
    this.#standpoint = this.#asHeld(standpoint);
    this.#applied = applied;
  }

  get standpoint(): Standpoint {
    return this.#standpoint;
  }

  get applied(): Index {
    return this.#applied;
  }

  /** Whether this node leads, in office, under a lease that still runs: nobody else can lead at this moment. */
  get mayAct(): boolean {
    return this.#standpoint.inOffice && this.#deps.consensus.lease.runs() && this.#stopped === undefined;
  }

  /**
   * Has a command agreed on and applied here; what the state machine answered.
   *
   * @throws {OrchestratorError} `NOT_LEADER`, `UNAVAILABLE`, `STOPPED`: nothing was done. `OUTCOME_UNKNOWN`: it may be done yet
   */
  async propose(data: Uint8Array, urgent = false): Promise<unknown> {
    const proposal = (id: number): Order => ({ kind: 'propose', proposals: [{ id, data, urgent }] });
    const { outcome } = await this.#ask('OUTCOME_UNKNOWN', proposal);
    return this.#questions.within('OUTCOME_UNKNOWN', outcome);
  }

  /**
   * Confirms by a round among the others, begun now, that this node still leads, and waits until everything agreed on before is applied (ReadIndex).
   *
   * @throws {OrchestratorError} `NOT_LEADER`, `UNAVAILABLE`
   */
  async confirm(): Promise<void> {
    const { answer } = await this.#ask('UNAVAILABLE', (id) => ({ kind: 'read', id }));
    if (answer.kind !== 'readable' || answer.index <= this.#applied) return;
    const applied = new Promise((resolve) => this.#readers.push({ index: answer.index, resolve }));
    await this.#questions.within('UNAVAILABLE', applied);
  }

  async change(change: MembershipChange): Promise<void> {
    const { outcome } = await this.#ask('OUTCOME_UNKNOWN', (id) => ({ kind: 'change', id, change }));
    await this.#questions.within('OUTCOME_UNKNOWN', outcome);
  }

  /**
   * Hands leadership over.
   *
   * @param target nobody in particular where it is not given
   * @throws {OrchestratorError} `NOT_LEADER`, `UNAVAILABLE`, `STOPPED`: it stays. `OUTCOME_UNKNOWN`: it may move yet
   */
  async transfer(target?: MemberId, preferred: readonly MemberId[] = []): Promise<void> {
    await this.#ask('OUTCOME_UNKNOWN', (id) => ({ kind: 'transfer', id, target, preferred }));
  }

  /**
   * The state as it is at the call, and the entry that it stands at.
   *
   * @throws {OrchestratorError} `UNAVAILABLE`: it is just being replaced; `STOPPED`
   */
  state(): { readonly index: Index; readonly bytes: AsyncIterable<Uint8Array> } {
    if (this.#stopped !== undefined) throw this.#stopped;
    if (this.#restoring) throw new OrchestratorError('UNAVAILABLE', 'this node is loading a state: ask again');
    return { index: this.#applied, bytes: this.#deps.machine.snapshot() };
  }

  /**
   * Of this node, whether or not the log has grown enough for one; the one under way serves as well.
   *
   * @throws {OrchestratorError} `UNAVAILABLE`, `STOPPED`, or what kept the state from being read
   */
  async takeSnapshot(): Promise<void> {
    if (this.#stopped !== undefined) throw this.#stopped;
    if (this.#restoring) throw new OrchestratorError('UNAVAILABLE', 'this node is loading a snapshot itself');
    await (this.#keeping ?? this.#keep());
  }

  /**
   * Puts the state that `fetch` brings in place of the own one. Nothing is applied meanwhile; should it not come, or this node not hear of
   * the entry that it stands at, all goes on from where it was.
   *
   * @param fetch gets the index that the state must be of, or a later one
   * @throws {OrchestratorError} `UNAVAILABLE`: nothing was changed, also where `fetch` fails; `STOPPED`
   */
  async replaceState(fetch: (atLeast: Index) => Promise<ForeignState>): Promise<Index> {
    if (this.#stopped !== undefined) throw this.#stopped;
    if (this.#restoring) throw new OrchestratorError('UNAVAILABLE', 'this node is loading a state already');
    this.#restoring = true;
    try {
      const { bytes, ...at } = await fetch(this.#applied);
      await this.#questions.within('UNAVAILABLE', this.#handed(at.index));
      if (this.#agreed.some(({ kind }) => kind === 'restore'))
        throw new OrchestratorError('UNAVAILABLE', 'a snapshot has come meanwhile');
      await this.#replace(at, bytes);
      return at.index;
    } finally {
      this.#restoring = false;
      this.#letRead();
      this.#apply();
    }
  }

  /** What the consensus thread says, in its order. */
  hear(news: GroupNews): void {
    if (this.#stopped !== undefined) return;
    switch (news.kind) {
      case 'apply':
        this.#agreed.push(...news.items);
        this.#onHanded();
        this.#apply();
        return;
      case 'answers':
        for (const answer of news.answers) this.#answered(answer);
        return;
      case 'event':
        this.#happened(news.event);
        return;
      case 'ready':
      case 'standpoint':
        this.#moved(news.standpoint);
        return;
      case 'takeSnapshot':
        void this.#takeSnapshot();
        return;
      case 'fatal': {
        const err = new OrchestratorError(news.code, news.message);
        this.stop(err);
        this.#deps.onFatal(err);
      }
    }
  }

  /** Nothing is answered any more, and who acted by this node's leadership hears that it is over. */
  stop(err: Error = new OrchestratorError('STOPPED', 'this node stops')): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = err;
    if (this.#standpoint.inOffice) this.#moved({ ...this.#standpoint, inOffice: false });
    this.#questions.failAll(err);
    this.#entries.failAll(unknown(err));
  }

  async #ask(silence: Silence, order: (id: number) => Order): Promise<Heard> {
    if (this.#stopped !== undefined) throw this.#stopped;
    const heard = await this.#questions.ask(silence, (id) => this.#deps.consensus.order(order(id)));
    const { answer } = heard;
    if (answer.kind !== 'refused') return heard;
    throw new OrchestratorError(answer.reason === 'notLeader' ? 'NOT_LEADER' : 'UNAVAILABLE', REASONS[answer.reason], {
      context: { leader: answer.leader, reason: answer.reason },
    });
  }

  #answered(answer: Answer): void {
    this.#questions.answered(answer.id, () => {
      // from here on, since the entry may be applied before whoever asked gets to run
      const outcome = answer.kind === 'appended' ? this.#entries.at(answer.index, answer.term) : Promise.resolve();
      outcome.catch(() => undefined); // nobody may be waiting any more
      return { answer, outcome };
    });
  }

  #happened(event: CoreEvent): void {
    const { log } = this.#deps;
    if (event.kind === 'role') log.info({ role: event.role, term: event.term, leader: event.leader }, 'raft role');
    if (event.kind === 'removed') log.warn({}, 'the group has removed this node');
  }

  #asHeld(standpoint: Standpoint): Standpoint {
    const { mayLead } = this.#deps;
    const inOffice = standpoint.inOffice && (mayLead === undefined || mayLead(standpoint.configuration));
    return { ...standpoint, inOffice };
  }

  #moved(now: Standpoint): void {
    const before = this.#standpoint;
    const standpoint = this.#asHeld(now);
    this.#standpoint = standpoint;
    this.emit('moved', standpoint);
    const sameOffice = before.inOffice === standpoint.inOffice && before.term === standpoint.term;
    if (sameOffice) return;
    if (before.inOffice) this.emit('lost', before.term);
    if (standpoint.inOffice) this.emit('office', standpoint.term);
  }

  /** As far as nothing has to be waited for. Of several states to load only the last one counts. */
  #apply(): void {
    while (this.#agreed.length > 0 && !this.#restoring && this.#stopped === undefined) {
      const restore = this.#agreed.findLastIndex(({ kind }) => kind === 'restore');
      if (restore > 0) this.#agreed.splice(0, restore);
      const item = this.#agreed.shift()!;
      if (item.kind === 'restore') void this.#restore(item.snapshot);
      else this.#applyEntries(item.entries);
    }
  }

  #applyEntries(entries: readonly LogEntry[]): void {
    const { machine, consensus } = this.#deps;
    try {
      const { results, durable } = machine.apply(entries);
      const index = entries.at(-1)?.index ?? this.#applied;
      durable.then(
        () => consensus.order({ kind: 'applied', index }),
        (err) => this.#fail(err),
      );
      for (const [at, entry] of entries.entries()) {
        this.#applied = entry.index;
        this.#entries.applied(entry, results[at]);
      }
    } catch (err) {
      this.#fail(err);
      return;
    }
    this.#letRead();
  }

  async #restore(snapshot: SnapshotMeta): Promise<void> {
    const { machine, consensus } = this.#deps;
    this.#restoring = true;
    try {
      await machine.restore(snapshot, consensus.fetchSnapshot(snapshot));
    } catch (err) {
      this.#fail(err);
      return;
    }
    this.#restoring = false;
    this.#applied = snapshot.index;
    this.#entries.skipped(snapshot.index);
    consensus.order({ kind: 'applied', index: snapshot.index });
    this.#letRead();
    this.#apply();
  }

  /** Resolves when the entry was handed out, so that a state may stand at it. */
  #handed(index: Index): Promise<void> {
    return new Promise((resolve) => {
      this.#onHanded = () => {
        const item = this.#agreed.at(-1);
        const last = item?.kind === 'restore' ? item.snapshot : item?.entries.at(-1);
        if ((last?.index ?? this.#applied) >= index) resolve();
      };
      this.#onHanded();
    });
  }

  async #replace(at: Pick<SnapshotMeta, 'index' | 'term'>, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const { machine, consensus } = this.#deps;
    try {
      await machine.restore(at, bytes);
    } catch (err) {
      this.#fail(err);
      throw err;
    }
    const waiting = this.#agreed.splice(0).flatMap((item) => (item.kind === 'restore' ? [] : item.entries));
    const entries = waiting.filter(({ index }) => index > at.index);
    if (entries.length > 0) this.#agreed.push({ kind: 'entries', entries });
    this.#applied = at.index;
    this.#entries.skipped(at.index);
    consensus.order({ kind: 'applied', index: at.index });
  }

  /** A state that is not what was agreed on is of no use to anybody. */
  #fail(err: unknown): void {
    if (this.#stopped !== undefined) return;
    this.stop();
    this.#deps.onFatal(err);
  }

  #letRead(): void {
    for (const reader of this.#readers.splice(0)) {
      if (reader.index <= this.#applied) reader.resolve(undefined);
      else this.#readers.push(reader);
    }
  }

  async #takeSnapshot(): Promise<void> {
    const { consensus, log } = this.#deps;
    if (this.#keeping !== undefined) return; // it serves whoever asks meanwhile
    if (this.#restoring) {
      consensus.order({ kind: 'keepFailed' });
      return;
    }
    try {
      await this.#keep();
    } catch (err) {
      if (this.#stopped === undefined) log.error({ err }, 'no snapshot could be taken; the log is kept until one can');
    }
  }

  #keep(): Promise<void> {
    const { machine, consensus } = this.#deps;
    this.#keeping = consensus.keepSnapshot(this.#applied, machine.snapshot()).finally(() => {
      this.#keeping = undefined;
    });
    return this.#keeping;
  }
}
