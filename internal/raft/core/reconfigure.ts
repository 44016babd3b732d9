import { appendAsLeader } from './append.ts';
import type { RefusalReason } from './effects.ts';
import type { MembershipChange } from './inputs.ts';
import { leaveJoint, planChange } from './membership.ts';
import type { Office } from './office.ts';
import type { Progress } from './progress.ts';
import { isQuorum, isVoter } from './quorum.ts';
import { betterSpread, fillVacancy } from './spread.ts';
import type { CoreState } from './state.ts';
import { follow } from './terms.ts';
import { handOver } from './transfer.ts';
import type { Configuration, Index, MemberId } from './types.ts';

/** Checks a change against the state of the group and puts it into the log, or says why not. */
export function onChange(state: CoreState, id: number, change: MembershipChange): void {
  const { office } = state;
  if (office === undefined) {
    state.out.refuse(id, 'notLeader', state.leader);
    return;
  }
  const outcome = reconfigure(state, office, change);
  if (typeof outcome === 'string') state.out.refuse(id, outcome, state.self);
  else state.out.answer({ kind: 'appended', id, index: outcome, term: state.term });
}

function reconfigure(state: CoreState, office: Office, change: MembershipChange): Index | RefusalReason {
  const { log, settings } = state;
  const current = log.configuration;
  if (!mayChange(state, office)) return 'notReady';
  if (log.configurationIndex > state.commit || current.outgoing.length > 0) return 'changeRunning';
  if (office.transfer !== undefined) return 'transferring';
  const planned = planChange(current, change, settings);
  if (planned.kind === 'refused') return planned.reason;
  const next = planned.configuration;
  const newVoters = next.voters.filter((id) => !current.voters.includes(id));
  if (newVoters.some((id) => !isLevel(state, office.progress.get(id)))) return 'notCaughtUp';
  const alive =
    change.kind === 'replace' && isHeardWithin(state, office.progress.get(change.old), settings.electionTimeoutMs);
  if (alive) return 'memberAlive';
  const sameVoters = newVoters.length === 0 && next.voters.length === current.voters.length;
  if (!sameVoters && !isHealthy(state, office, next)) return 'noHealthyQuorum';
  return appendAsLeader(state, [{ kind: 'configuration', configuration: next }]);
}

/**
 * Not before an entry of the own term is committed: otherwise the leader might build on a configuration that a later leader has never heard of,
 * and two of them need not share a voter.
 */
function mayChange(state: CoreState, office: Office): boolean {
  return state.commit >= office.firstIndex;
}

/**
 * What follows when a configuration is committed: a joint phase ends, those who left are told, and a leader that left hands over.
 */
export function settleConfiguration(state: CoreState, office: Office): void {
  const { log } = state;
  if (log.configurationIndex > state.commit || !mayChange(state, office)) return;
  for (const id of office.leavers) tellRemoved(state, office, id);
  office.leavers.clear();
  if (log.configuration.outgoing.length > 0) {
    appendAsLeader(state, [{ kind: 'configuration', configuration: leaveJoint(log.configuration) }]);
  } else if (!isVoter(log.configuration, state.self) && office.transfer === undefined && !handOver(state, office)) {
    follow(state);
  }
}

/** A sender that is no member by the committed configuration learns of it. */
export function tellRemoved(state: CoreState, office: Office, to: MemberId): void {
  const { configuration, configurationIndex } = state.log;
  if (configurationIndex > state.commit || !mayChange(state, office)) return;
  if (configuration.members.some(({ id }) => id === to)) return;
  state.send(to, { kind: 'removed', configurationIndex, reaped: configuration.reaped.includes(to) });
}

/** Promotes a learner that wishes to vote and has been level for long enough, one at a time, and sees to the spread of the votes. */
export function tickPromotion(state: CoreState, office: Office): void {
  const { settings, log, nowMs } = state;
  const { members, learners, voters } = log.configuration;
  const ready = new Map<MemberId, number>();
  for (const { id, promote } of members) {
    const progress = office.progress.get(id);
    if (progress === undefined || !learners.includes(id)) continue;
    progress.levelSinceMs = isLevel(state, progress) ? (progress.levelSinceMs ?? nowMs) : undefined;
    if (progress.levelSinceMs === undefined || nowMs - progress.levelSinceMs < settings.promotionHoldMs) continue;
    if (promote && progress.standing === 'ready') ready.set(id, progress.levelSinceMs);
  }
  if (!settings.autoPromote || ready.size === 0) return;
  if (voters.length < settings.maxVoters) {
    const member = fillVacancy(log.configuration, ready);
    if (member !== undefined) reconfigure(state, office, { kind: 'promote', member });
    return;
  }
  const exchange = betterSpread(log.configuration, ready, state.self);
  if (exchange !== undefined) reconfigure(state, office, { kind: 'exchange', ...exchange });
}

function isLevel(state: CoreState, progress: Progress | undefined): boolean {
  if (progress?.state !== 'replicate' || !isHeardWithin(state, progress, state.settings.leaderLeaseMs)) return false;
  return state.log.lastIndex - progress.match <= state.settings.promotionLagEntries;
}

/** In this office: what was heard before an election says nothing. */
function isHeardWithin(state: CoreState, progress: Progress | undefined, ms: number): boolean {
  return progress !== undefined && state.nowMs - progress.heardMs <= ms;
}

/** Whether the voters of `next` would have a quorum of members that answer, as a leader needs them to, and are well. */
function isHealthy(state: CoreState, office: Office, next: Configuration): boolean {
  const well = (id: MemberId) => {
    const progress = office.progress.get(id);
    return (
      id === state.self ||
      (isHeardWithin(state, progress, state.settings.leaderLeaseMs) && progress?.standing === 'ready')
    );
  };
  return isQuorum({ ...next, outgoing: [] }, well);
}
