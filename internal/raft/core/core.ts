import assert from 'node:assert/strict';
import { advanceCommit, handOut } from './commit.ts';
import { onSnapshotFailed, onSnapshotTaken, tickCompaction } from './compaction.ts';
import type { Effects, Role } from './effects.ts';
import { ownVoteDurable, tickElection } from './election.ts';
import { checkQuorum, leaseUntilMs, tickHeartbeat } from './heartbeat.ts';
import type { Input, Moment, Recovered } from './inputs.ts';
import type { Log } from './log.ts';
import type { Office, OfficeView } from './office.ts';
import { Outbox } from './outbox.ts';
import { propose } from './proposals.ts';
import { confirmReads, onRead, tickForwardedReads } from './reads.ts';
import { receive } from './receive.ts';
import { onChange, settleConfiguration, tellRemoved, tickPromotion } from './reconfigure.ts';
import { replicate } from './replication.ts';
import { checkSettings, type RaftSettings } from './settings.ts';
import { driveSnapshots, onSnapshotRead, tickSnapshots } from './snapshot-send.ts';
import { CoreState } from './state.ts';
import { resetElectionTimer } from './terms.ts';
import { driveTransfer, onTransfer, tickTransfer } from './transfer.ts';
import type { Index, MemberId, SnapshotMeta, Term } from './types.ts';

type Duty = (state: CoreState, office: Office) => void;

/** What a leader sees to when time has passed, in this order; any of them may end its office. */
const LEADER_TICKS: readonly Duty[] = [checkQuorum, tickTransfer, tickHeartbeat, tickPromotion, tickSnapshots];

/** What a leader concludes at the end of a step, in this order: each builds on what the ones before have found. */
const LEADER_DUTIES: readonly Duty[] = [
  advanceCommit,
  openOffice,
  settleConfiguration,
  confirmReads,
  replicate,
  driveSnapshots,
  driveTransfer,
];

/** The log as others may see it. */
export type LogView = Omit<Log, 'append' | 'truncateFrom' | 'compactTo' | 'install' | 'snapshotTaken'>;

/**
 * One node of the group as a pure machine: `step` takes one input and returns what is to be done about it. Same start, same inputs, same
 * effects, bit for bit. A broken invariant throws, and the process that drives it ends.
 */
export class RaftCore {
  readonly #state: CoreState;
  #lastStepMs: number;

  constructor(settings: RaftSettings, found: Recovered, moment: Moment) {
    checkSettings(settings);
    this.#state = new CoreState(settings, found, moment);
    this.#lastStepMs = moment.nowMs;
    resetElectionTimer(this.#state);
  }

  step(moment: Moment, input: Input): Effects {
    const state = this.#state;
    assert(moment.nowMs >= this.#lastStepMs, 'the monotonic clock never goes back');
    state.moment = moment;
    this.#wakeUp();
    this.#handle(input);
    this.#perform(LEADER_DUTIES);
    handOut(state);
    const effects = state.out.seal(state.ledger, { term: state.term, vote: state.vote }, state.log.lastIndex);
    state.out = new Outbox();
    return effects;
  }

  get self(): MemberId {
    return this.#state.self;
  }

  get term(): Term {
    return this.#state.term;
  }

  get role(): Role {
    return this.#state.role;
  }

  get leader(): MemberId | undefined {
    return this.#state.leader;
  }

  get commit(): Index {
    return this.#state.commit;
  }

  get log(): LogView {
    return this.#state.log;
  }

  /** What this node knows as a leader; undefined for all others. */
  get office(): OfficeView | undefined {
    return this.#state.office;
  }

  /** Until when this leader may be sure, on its own clock, that nobody else leads. Undefined for all others. */
  get leaseUntilMs(): number | undefined {
    const { office } = this.#state;
    return office === undefined ? undefined : leaseUntilMs(this.#state, office);
  }

  /**
   * What the core knows about a snapshot of the state machine at `index`.
   *
   * @throws where that entry is gone, since a newer snapshot has come from the leader meanwhile: this one is given up (`snapshotFailed`)
   */
  describeSnapshot(index: Index): Omit<SnapshotMeta, 'id' | 'bytes'> {
    const { log, handed } = this.#state;
    assert(index <= handed, 'a snapshot is of what was handed out');
    const entry = log.entryAt(index);
    if (entry === undefined) throw new Error(`entry ${index} is behind a newer snapshot`);
    const { index: configurationIndex, configuration } = log.configurationAt(index);
    return { index, term: entry.term, stampMs: entry.stampMs, configuration, configurationIndex };
  }

  /**
   * After a gap in time (stopped process, long pause) the first inputs are the ones that waited. A follower reads them before it thinks of
   * an election; a leader whose lease ran out meanwhile steps down before anything else.
   */
  #wakeUp(): void {
    const state = this.#state;
    const gapMs = state.nowMs - this.#lastStepMs;
    this.#lastStepMs = state.nowMs;
    if (gapMs > state.settings.heartbeatMs && state.office !== undefined) checkQuorum(state, state.office);
    if (gapMs > state.settings.electionTimeoutMs / 2) resetElectionTimer(state);
  }

  #handle(input: Input): void {
    const state = this.#state;
    switch (input.kind) {
      case 'tick':
        this.#perform(LEADER_TICKS);
        tickForwardedReads(state);
        tickCompaction(state);
        tickElection(state);
        return;
      case 'message':
        receive(state, input.message);
        return;
      case 'persisted':
        state.ledger.persisted(input.write);
        ownVoteDurable(state);
        return;
      case 'applied':
        assert(input.index <= state.handed, 'only what was handed out is applied');
        state.applied = Math.max(state.applied, input.index);
        return;
      case 'propose':
        propose(state, input.proposals);
        return;
      case 'read':
        onRead(state, input.id);
        return;
      case 'change':
        onChange(state, input.id, input.change);
        return;
      case 'transfer':
        onTransfer(state, input);
        return;
      case 'standing':
        state.standing = input.standing;
        return;
      case 'outsider':
        if (state.office !== undefined) tellRemoved(state, state.office, input.member);
        return;
      case 'snapshotTaken':
        onSnapshotTaken(state, input.snapshot);
        return;
      case 'snapshotFailed':
        onSnapshotFailed(state);
        return;
      case 'snapshotRead':
        if (state.office !== undefined) onSnapshotRead(state, state.office, input);
    }
  }

  #perform(duties: readonly Duty[]): void {
    for (const duty of duties) if (this.#state.office !== undefined) duty(this.#state, this.#state.office);
  }
}

function openOffice(state: CoreState, office: Office): void {
  if (office.serving || state.applied < office.firstIndex) return;
  office.serving = true;
  state.out.event({ kind: 'inOffice', term: state.term });
}
