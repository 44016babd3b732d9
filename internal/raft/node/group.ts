// The main thread's side of a node: asks the consensus thread, feeds the state machine with what is committed, and knows at
// any time, without asking anybody, whether this node may act.

import { EventEmitter } from 'node:events';
import type { Clock } from '../../runtime/clock.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { Answer, Applicable, CoreEvent } from '../core/effects.ts';
import type { MembershipChange } from '../core/inputs.ts';
import type { Index, LogEntry, MemberId, SnapshotMeta, Term } from '../core/types.ts';
import type { Lease } from './lease.ts';
import type { GroupNews, Order, Standpoint } from './protocol.ts';
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
  restore(snapshot: SnapshotMeta, bytes: AsyncIterable<Uint8Array>): Promise<void>;
}

export interface Applied {
  readonly results: readonly unknown[];
  readonly durable: Promise<void>;
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
  readonly #asked = new Map<number, { resolve: (heard: Heard) => void; reject: (err: Error) => void }>();
  readonly #entries = new WaitingList();
  readonly #readers: { readonly index: Index; readonly resolve: (value: undefined) => void }[] = [];
  #nextId = 1;
  #applied: Index;
  /** What is agreed on and not applied yet, since a snapshot is being loaded. */
  readonly #agreed: Applicable[] = [];
  #restoring = false;
  /** The snapshot that is being taken. */
  #keeping: Promise<void> | undefined;
  #stopped: Error | undefined;
  #standpoint: Standpoint;

  constructor(deps: GroupDeps, standpoint: Standpoint, applied: Index) {
    super();
    this.#deps = deps;
    this.#standpoint = standpoint;
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
   * @throws {OrchestratorError} `NOT_LEADER`, `UNAVAILABLE`: nothing was done. `OUTCOME_UNKNOWN`: it may be done yet
   */
  async propose(data: Uint8Array, urgent = false): Promise<unknown> {
    const { outcome } = await this.#ask((id) => ({ kind: 'propose', proposals: [{ id, data, urgent }] }));
    return this.#within('OUTCOME_UNKNOWN', outcome);
  }

  /**
   * Confirms by a round among the others, begun now, that this node still leads, and waits until everything agreed on before is applied (ReadIndex).
   *
   * @throws {OrchestratorError} `NOT_LEADER`, `UNAVAILABLE`
   */
  async confirm(): Promise<void> {
    const { answer } = await this.#ask((id) => ({ kind: 'read', id }));
    if (answer.kind !== 'readable' || answer.index <= this.#applied) return;
    await this.#within('UNAVAILABLE', new Promise((resolve) => this.#readers.push({ index: answer.index, resolve })));
  }

  async change(change: MembershipChange): Promise<void> {
    const { outcome } = await this.#ask((id) => ({ kind: 'change', id, change }));
    await this.#within('OUTCOME_UNKNOWN', outcome);
  }

  /** Hands leadership over. @param target nobody in particular where it is not given */
  async transfer(target?: MemberId, preferred: readonly MemberId[] = []): Promise<void> {
    await this.#ask((id) => ({ kind: 'transfer', id, target, preferred }));
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

  /** What the consensus thread says, in its order. */
  hear(news: GroupNews): void {
    if (this.#stopped !== undefined) return;
    switch (news.kind) {
      case 'apply':
        this.#agreed.push(...news.items);
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
    for (const { reject } of this.#asked.values()) reject(err);
    this.#asked.clear();
    this.#entries.failAll(err);
  }

  async #ask(order: (id: number) => Order): Promise<Heard> {
    if (this.#stopped !== undefined) throw this.#stopped;
    const id = this.#nextId;
    this.#nextId += 1;
    const asked = new Promise<Heard>((resolve, reject) => this.#asked.set(id, { resolve, reject }));
    this.#deps.consensus.order(order(id));
    const heard = await this.#within('UNAVAILABLE', asked).finally(() => this.#asked.delete(id));
    const { answer } = heard;
    if (answer.kind !== 'refused') return heard;
    throw new OrchestratorError(answer.reason === 'notLeader' ? 'NOT_LEADER' : 'UNAVAILABLE', REASONS[answer.reason], {
      context: { leader: answer.leader, reason: answer.reason },
    });
  }

  /** @throws {OrchestratorError} `code` when it takes longer than a proposal may */
  #within<T>(code: 'UNAVAILABLE' | 'OUTCOME_UNKNOWN', work: Promise<T>): Promise<T> {
    const { clock, proposalTimeoutMs } = this.#deps;
    return new Promise((resolve, reject) => {
      const cancel = clock.after(proposalTimeoutMs, () =>
        reject(new OrchestratorError(code, `no majority agreed within ${proposalTimeoutMs} ms`)),
      );
      work.then(resolve, reject).finally(cancel);
    });
  }

  #answered(answer: Answer): void {
    const asked = this.#asked.get(answer.id);
    if (asked === undefined) return; // it took too long
    // from here on, since the entry may be applied before whoever asked gets to run
    const outcome = answer.kind === 'appended' ? this.#entries.at(answer.index, answer.term) : Promise.resolve();
    outcome.catch(() => undefined); // nobody may be waiting any more
    asked.resolve({ answer, outcome });
  }

  #happened(event: CoreEvent): void {
    const { log } = this.#deps;
    if (event.kind === 'role') log.info({ role: event.role, term: event.term, leader: event.leader }, 'raft role');
    if (event.kind === 'removed') log.warn({}, 'the group has removed this node');
  }

  #moved(standpoint: Standpoint): void {
    const before = this.#standpoint;
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
