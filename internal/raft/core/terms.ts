import assert from 'node:assert/strict';
import type { CoreState } from './state.ts';
import { LARGEST_NUMBER, type MemberId, type Term } from './types.ts';

/** A fresh time-out from [T, 2T), longer after elections that went wrong: from the third on it doubles, up to 8T in all. */
export function resetElectionTimer(state: CoreState): void {
  const { electionTimeoutMs } = state.settings;
  const factor = Math.min(4, 2 ** Math.max(0, state.failedElections - 2));
  state.electionDeadlineMs = state.nowMs + electionTimeoutMs * factor * (1 + state.moment.random);
}

/** A sign of life from the leader of the present term. */
export function heardFromLeader(state: CoreState, leader: MemberId): void {
  assert(!state.isLeader, 'no other node leads in this term');
  state.contactMs = state.nowMs;
  state.failedElections = 0;
  state.patience = 0;
  endCampaign(state);
  state.setRole('follower', leader);
  resetElectionTimer(state);
}

/** Someone is in a later term: follow, without a leader until one is heard. */
export function adoptTerm(state: CoreState, term: Term): void {
  assert(term > state.term && term < LARGEST_NUMBER, 'terms only rise');
  state.setTerm(term, undefined);
  follow(state);
}

/** Back to following in the present term, with nobody to follow. */
export function follow(state: CoreState): void {
  const { office } = state;
  if (office !== undefined) leaveOffice(state);
  endCampaign(state);
  state.setRole('follower', undefined);
  if (office !== undefined) resetElectionTimer(state);
}

/** A leader that lost its quorum knows of no living leader, so its vote is free at once. */
function leaveOffice(state: CoreState): void {
  const { reads, transfer } = state.office!;
  for (const { origin } of reads) if (origin.kind === 'local') state.out.refuse(origin.id, 'leadershipLost', undefined);
  if (transfer?.id !== undefined) {
    if (transfer.ordered) state.out.answer({ kind: 'transferred', id: transfer.id });
    else state.out.refuse(transfer.id, 'leadershipLost', undefined);
  }
  state.office = undefined;
  state.contactMs = Number.NEGATIVE_INFINITY;
}

function endCampaign(state: CoreState): void {
  state.ballots.clear();
  state.transferMark = undefined;
}
