import type { PreVoteRequest, PreVoteResponse, TimeoutNow, VoteRequest, VoteResponse } from './messages.ts';
import { isQuorum, isVoter, votersOf } from './quorum.ts';
import type { CoreState } from './state.ts';
import { takeOffice } from './take-office.ts';
import { adoptTerm, follow, resetElectionTimer } from './terms.ts';
import type { MemberId } from './types.ts';

/*
 * Elections in two rounds. A follower left in silence first asks whether it could win, without touching any term (pre-vote); only a quorum
 * of yes makes it raise its term and ask in earnest. Whoever has heard from a living leader within T answers neither question, so that
 * no node with broken links can unseat a leader that a quorum hears. The two belong together and have no switch.
 */

/** How many further time-outs a node of last resort lets pass. */
const LAST_RESORT_PATIENCE = 3;

export function tickElection(state: CoreState): void {
  if (state.isLeader || state.nowMs < state.electionDeadlineMs) return;
  if (state.role !== 'follower') state.failedElections += 1;
  resetElectionTimer(state);
  if (!mayCampaign(state)) return;
  if (state.standing === 'lastResort' && state.patience < LAST_RESORT_PATIENCE) {
    state.patience += 1;
    return;
  }
  askAround(state);
}

/**
 * A voter may. So may one whose last configuration makes it none, as long as that is not known to be committed: the voters of the one before
 * may need a log that only this node has, and it would not count its own vote (Raft dissertation, section 4.2.2).
 */
function mayCampaign({ self, log, commit, removed }: CoreState): boolean {
  if (removed) return false;
  if (isVoter(log.configuration, self)) return true;
  return (
    log.configurationIndex > commit && isVoter(log.configurationAt(log.configurationIndex - 1).configuration, self)
  );
}

function askAround(state: CoreState): void {
  state.setRole('preCandidate', undefined);
  state.ballots.clear();
  state.ballots.set(state.self, true);
  if (hasWon(state)) {
    campaign(state, undefined);
    return;
  }
  const { lastIndex, lastTerm } = state.log;
  for (const to of others(state)) {
    state.send(to, { kind: 'preVoteRequest', nextTerm: state.term + 1, lastIndex, lastTerm });
  }
}

/** The own vote counts when it is durable, like any other (P-1, P-3). */
function campaign(state: CoreState, transfer: number | undefined): void {
  state.setTerm(state.term + 1, state.self);
  state.setRole('candidate', undefined);
  state.ballots.clear();
  state.transferMark = transfer;
  resetElectionTimer(state);
  const { lastIndex, lastTerm } = state.log;
  for (const to of others(state)) state.send(to, { kind: 'voteRequest', lastIndex, lastTerm, transfer });
}

/** Term and vote became durable. */
export function ownVoteDurable(state: CoreState): void {
  if (state.role !== 'candidate' || state.ballots.has(state.self) || state.vote !== state.self) return;
  if (state.ledger.hardStateId > state.ledger.durableId) return;
  state.ballots.set(state.self, true);
  if (hasWon(state)) takeOffice(state);
}

export function onPreVoteRequest(state: CoreState, message: PreVoteRequest): void {
  const { from, nextTerm, lastIndex, lastTerm } = message;
  if (leaderLives(state) || isOutsider(state, message)) return;
  const electable = nextTerm > state.term && state.log.isCoveredBy(lastIndex, lastTerm);
  const granted = electable && !goesFirst(state, message);
  if (granted && state.role === 'preCandidate') follow(state);
  state.send(from, { kind: 'preVoteResponse', nextTerm, granted });
}

/**
 * Of two that ask at the same time, the one with the newer log goes on, or with equal logs the one with the lower id: were both to campaign,
 * their votes would split and cost the group another time-out.
 */
function goesFirst(state: CoreState, { from, lastIndex, lastTerm }: PreVoteRequest): boolean {
  if (state.role !== 'preCandidate' || state.standing === 'lastResort') return false;
  return lastTerm === state.log.lastTerm && lastIndex === state.log.lastIndex && state.self < from;
}

export function onPreVoteResponse(state: CoreState, { from, term, nextTerm, granted }: PreVoteResponse): void {
  if (term > state.term) {
    adoptTerm(state, term);
    return;
  }
  if (state.role !== 'preCandidate' || nextTerm !== state.term + 1) return;
  state.ballots.set(from, granted);
  if (hasWon(state)) campaign(state, undefined);
}

export function onVoteRequest(state: CoreState, message: VoteRequest): void {
  const { from, term, lastIndex, lastTerm, transfer } = message;
  if (isOutsider(state, message)) {
    state.send(from, { kind: 'voteResponse', granted: false });
    return;
  }
  if (leaderLives(state) && !isOrdered(state, term, transfer)) return;
  if (term > state.term) adoptTerm(state, term);
  const free = state.vote === undefined || state.vote === from;
  const granted = term === state.term && free && state.log.isCoveredBy(lastIndex, lastTerm);
  if (granted) {
    if (state.vote === undefined) state.setVote(from);
    resetElectionTimer(state);
  }
  state.send(from, { kind: 'voteResponse', granted });
}

export function onVoteResponse(state: CoreState, { from, granted }: VoteResponse): void {
  if (state.role !== 'candidate') return;
  state.ballots.set(from, granted);
  if (hasWon(state)) takeOffice(state);
}

/** The leader orders this node to take over. An order that has lapsed meanwhile is void. */
export function onTimeoutNow(state: CoreState, { from, transfer }: TimeoutNow): void {
  if (state.leader !== from || !stands(state, transfer) || !mayCampaign(state)) return;
  campaign(state, transfer);
}

/** A leader needs no answer here: it steps down by itself once a quorum no longer answers it. */
function leaderLives(state: CoreState): boolean {
  return state.isLeader || state.nowMs - state.contactMs < state.settings.electionTimeoutMs;
}

/**
 * A campaign that the leader of the term right before has ordered, and not given up since: the leader stops counting on its lease before it
 * gives the order, and tells everyone with its next heartbeats when the order has lapsed.
 */
function isOrdered(state: CoreState, term: number, transfer: number | undefined): boolean {
  return transfer !== undefined && (term > state.term + 1 || stands(state, transfer));
}

/** An order of the present term has not lapsed, as far as this node can know. */
function stands({ closedTransfers, ordersDoubtfulUntilMs, nowMs }: CoreState, transfer: number): boolean {
  return transfer > closedTransfers && nowMs >= ordersDoubtfulUntilMs;
}

/**
 * Not a voter as far as this node knows, and not in a position to know better: a node that was removed, most likely. It is refused without
 * touching the own term. A candidate whose log is newer may stand in a configuration that has not arrived here yet; refusing it too
 * could leave the group without a leader for ever.
 */
function isOutsider(state: CoreState, { from, lastIndex, lastTerm }: PreVoteRequest | VoteRequest): boolean {
  const { configuration, configurationIndex, lastIndex: ownIndex, lastTerm: ownTerm } = state.log;
  if (configurationIndex === 0 || isVoter(configuration, from)) return false;
  return !(lastTerm > ownTerm || (lastTerm === ownTerm && lastIndex > ownIndex));
}

function hasWon(state: CoreState): boolean {
  return isQuorum(state.log.configuration, (id) => state.ballots.get(id) === true);
}

function others(state: CoreState): readonly MemberId[] {
  return votersOf(state.log.configuration).filter((id) => id !== state.self);
}
