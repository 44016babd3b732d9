import type { GroupNow, GroupView, MemberView, Waiting } from '../group-view.ts';

const STATES: Readonly<Record<GroupNow['role'], string>> = {
  leader: 'Leader',
  follower: 'Follower',
  candidate: 'Candidate',
};

/** `Leader`, `Follower` or `Candidate`; a node that is not in its group yet is a candidate for it. */
export function wireState({ role, waiting }: GroupNow): string {
  return waiting === undefined ? STATES[role] : STATES.candidate;
}

/** Who leads by a lease, or hears somebody who does and has about all of what was agreed on (C-81). */
export function isHealthy(
  { mayAct, electionTimeoutMs }: Pick<GroupView, 'mayAct' | 'electionTimeoutMs'>,
  { role, waiting, state, leader, leaderContactMs, commit, applied }: GroupNow,
  readyMaxLag: number,
): boolean {
  if (waiting !== undefined || state?.sound === false) return false;
  if (role === 'leader') return mayAct;
  const heard = leader !== undefined && leaderContactMs !== undefined && leaderContactMs <= electionTimeoutMs;
  return heard && commit - applied <= readyMaxLag;
}

/** Members of `health` and of the status endpoint. */
export function wireGroupHealth(group: GroupView | undefined) {
  if (group === undefined)
    return {
      RaftLeader: '',
      IsRaftLeader: false,
      RaftLeaderURI: '',
      RaftAdvertise: '',
      RaftHealthyMembers: null,
    };
  const { leader, members } = group.now();
  return {
    RaftLeader: leader?.address ?? '',
    IsRaftLeader: group.mayAct,
    RaftLeaderURI: leader?.url ?? '',
    RaftAdvertise: group.advertise,
    RaftHealthyMembers: members.filter(({ healthy }) => healthy).map(({ address }) => address),
  };
}

/** The contract's members first, ours behind them. */
export function wireRaftStatus(group: GroupView, readyMaxLag: number) {
  const now = group.now();
  const { leader, members, waiting } = now;
  const healthy = isHealthy(group, now, readyMaxLag);
  return {
    RaftBind: group.bind,
    RaftAdvertise: group.advertise,
    State: wireState(now),
    Healthy: healthy,
    IsPartOfQuorum: healthy && leader !== undefined,
    Leader: leader?.address ?? '',
    LeaderURI: leader?.url ?? '',
    Peers: members.map(({ address }) => address),
    Term: now.term,
    CommitIndex: now.commit,
    AppliedIndex: now.applied,
    LastLeaderContactMilliseconds: rounded(now.leaderContactMs),
    Quorum: now.quorum,
    Tolerates: now.tolerates,
    ToleratesBy: now.toleratesBy,
    Tolerance: toleranceText(now),
    Draining: now.draining,
    Concerns: now.concerns,
    Warnings: now.warnings,
    StateOfTables: wireTables(now.state),
    Life: { State: now.life, Milliseconds: Math.round(now.lifeMs) },
    Waiting: waiting === undefined ? null : wireWaiting(waiting, now.nextAttemptMs),
    Members: members.map(wireMember),
  };
}

function wireWaiting({ phase, reason, problem }: Waiting, nextAttemptMs: number | undefined) {
  return {
    Phase: phase,
    Reason: reason,
    LastError: problem ?? '',
    NextAttemptMilliseconds: rounded(nextAttemptMs),
  };
}

function wireMember({ address, name, kind, labels, healthy, silentMs, clockOffsetMs, behind }: MemberView) {
  return {
    Address: address,
    Name: name,
    Kind: kind,
    Labels: labels,
    Healthy: healthy,
    SilentMilliseconds: rounded(silentMs),
    ClockOffsetMilliseconds: rounded(clockOffsetMs),
    Behind: behind ?? null,
  };
}

/** One sentence for whoever is about to stop a node. */
export function toleranceText({ members, quorum, tolerates, toleratesBy, waiting }: GroupNow): string {
  if (waiting !== undefined) return `not in a group yet: ${waiting.reason}`;
  const voters = members.filter(({ kind }) => kind === 'voter');
  const healthy = voters.filter((member) => member.healthy).length;
  const state = `${healthy} of ${voters.length} voters are well, ${quorum} are needed`;
  if (tolerates < 0) return `${state}: the group can agree on nothing until ${-tolerates} more come back`;
  const { Voter: spare = tolerates, ...places } = toleratesBy;
  const less = Object.entries(places)
    .filter(([, number]) => number < spare)
    .map(([level, number]) => `${level} ${number}`);
  const counted = less.length === 0 ? '' : `; counted by what fails as one: ${less.join(', ')}`;
  if (spare === 0) return `${state}: no more of them may be lost`;
  return `${state}: ${spare} more may be lost${counted}`;
}

function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms);
}

function wireTables(state: GroupNow['state']) {
  if (state === undefined) return null;
  const { sound, differsSince, repairing, lastRepair } = state;
  return {
    Sound: sound,
    DiffersSince: differsSince ?? null,
    Repairing: repairing,
    LastRepair:
      lastRepair === undefined
        ? null
        : {
            At: new Date(lastRepair.atMs).toISOString(),
            Index: lastRepair.index,
            From: lastRepair.from,
            Reason: lastRepair.why,
          },
  };
}
