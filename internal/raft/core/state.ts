import assert from 'node:assert/strict';
import type { Role } from './effects.ts';
import type { Moment, Recovered } from './inputs.ts';
import { Ledger } from './ledger.ts';
import { Log } from './log.ts';
import type { MessageBody, RaftMessage, Standing } from './messages.ts';
import type { Office } from './office.ts';
import { Outbox, type Vouches } from './outbox.ts';
import type { RaftSettings } from './settings.ts';
import {
  type Index,
  type LogEntry,
  type MemberId,
  type SnapshotMeta,
  SPENT_VOTE,
  type Term,
  type WriteId,
} from './types.ts';

/** A read that this follower has passed on to the leader. */
export interface ForwardedRead {
  readonly id: number;
  readonly deadlineMs: number;
}

/** A snapshot that comes in: what of it is staged. */
export interface IncomingSnapshot {
  readonly snapshotId: string;
  nextOffset: number;
}

/**
 * Everything a node knows, private to one `RaftCore`. The files beside this one each hold one rule of the game; they change this state and
 * fill its outbox, and nothing else.
 */
export class CoreState {
  readonly self: MemberId;
  readonly settings: RaftSettings;
  readonly log: Log;
  readonly ledger: Ledger;

  moment: Moment;
  out = new Outbox();

  term: Term;
  vote: MemberId | undefined;
  role: Role = 'follower';
  leader: MemberId | undefined;
  /** Volatile knowledge of a leader; gone with it. */
  office: Office | undefined;

  commit: Index;
  /** Given to the state machine; and what it has said to be done. */
  handed: Index;
  applied: Index;
  /** A snapshot to load once the write that installs it is durable. */
  restore: { readonly snapshot: SnapshotMeta; readonly after: WriteId } | undefined;
  incoming: IncomingSnapshot | undefined;
  readonly forwardedReads = new Map<number, ForwardedRead>();
  nextTicket: number;
  snapshotRequested = false;
  snapshotDueMs: number;
  snapshotRetryMs = Number.NEGATIVE_INFINITY;

  /** Last sign of a living leader. A start counts as one: the node may have heard from a leader right before (lease). */
  contactMs: number;
  electionDeadlineMs = 0;
  failedElections = 0;
  /** Time-outs in a row that a node of last resort has let pass. */
  patience = 0;
  readonly ballots = new Map<MemberId, boolean>();
  /** Number of the order to take over that the running campaign follows. */
  transferMark: number | undefined;
  /** Orders of the present term that have lapsed. */
  closedTransfers = 0;
  /**
   * Until then no order of the present term is believed: before it started, this node may have confirmed a lease by an answer to a
   * heartbeat that called the order lapsed, and that lease still runs.
   */
  ordersDoubtfulUntilMs = Number.NEGATIVE_INFINITY;
  standing: Standing = 'ready';
  removed: boolean;

  constructor(settings: RaftSettings, found: Recovered, moment: Moment) {
    this.settings = settings;
    this.moment = moment;
    this.self = found.self;
    this.log = new Log(found.snapshot, found.before, found.entries);
    this.ledger = new Ledger(this.log.lastIndex);
    this.term = found.hardState.term;
    this.vote = found.hardState.vote;
    assert(found.applied <= this.log.lastIndex, 'nothing is applied that the log does not hold');
    if (found.applied < found.snapshot.index) this.restore = { snapshot: found.snapshot, after: 0 };
    this.commit = Math.max(found.applied, found.snapshot.index);
    this.applied = found.applied;
    this.handed = found.applied;
    this.removed = found.removed;
    this.contactMs = moment.nowMs;
    this.snapshotDueMs = moment.nowMs + settings.snapshotIntervalMs * (1 + moment.random);
    this.nextTicket = Math.floor(moment.random * 2 ** 40);
    if (this.log.lastTerm > this.term) this.setTerm(this.log.lastTerm, SPENT_VOTE);
    this.ordersDoubtfulUntilMs = moment.nowMs + settings.electionTimeoutMs;
  }

  get nowMs(): number {
    return this.moment.nowMs;
  }

  get isLeader(): boolean {
    return this.office !== undefined;
  }

  send(to: MemberId, body: MessageBody, vouches: Vouches = 'term'): void {
    this.out.send({ ...body, from: this.self, to, term: this.term } as RaftMessage, vouches);
  }

  setTerm(term: Term, vote: MemberId | undefined): void {
    this.term = term;
    this.vote = vote;
    this.closedTransfers = 0;
    this.ordersDoubtfulUntilMs = Number.NEGATIVE_INFINITY;
    this.out.hardStateChanged = true;
  }

  setVote(vote: MemberId): void {
    this.vote = vote;
    this.out.hardStateChanged = true;
  }

  setRole(role: Role, leader: MemberId | undefined): void {
    if (this.role === role && this.leader === leader) return;
    this.role = role;
    this.leader = leader;
    this.out.event({ kind: 'role', role, term: this.term, leader });
  }

  append(entries: readonly LogEntry[]): void {
    const before = this.log.configurationIndex;
    this.log.append(entries);
    this.out.append.push(...entries);
    if (this.log.configurationIndex !== before) this.announceConfiguration();
  }

  truncateFrom(index: Index): void {
    const before = this.log.configurationIndex;
    this.log.truncateFrom(index);
    this.ledger.cut(index - 1);
    this.out.truncateFrom = index;
    if (this.log.configurationIndex !== before) this.announceConfiguration();
  }

  announceConfiguration(): void {
    this.out.event({
      kind: 'configuration',
      index: this.log.configurationIndex,
      configuration: this.log.configuration,
    });
  }
}
