import type { GroupNow, GroupView, MemberView } from '../group-view.ts';

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
  { role, waiting, leader, leaderContactMs, commit, applied }: GroupNow,
  readyMaxLag: number,
): boolean {
  if (waiting !== undefined) return false;
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
    Tolerance: toleranceText(now),
    Draining: now.draining,
    Concerns: now.concerns,
    Waiting: waiting === undefined ? null : { Phase: waiting.phase, Reason: waiting.reason },
    Members: members.map(wireMember),
  };
}

function wireMember({ address, name, kind, labels, healthy, silentMs, behind }: MemberView) {
  return {
    Address: address,
    Name: name,
    Kind: kind,
    Labels: labels,
    Healthy: healthy,
    SilentMilliseconds: rounded(silentMs),
    Behind: behind ?? null,
  };
}

/** One sentence for whoever is about to stop a node. */
export function toleranceText({ members, quorum, tolerates, waiting }: GroupNow): string {
  if (waiting !== undefined) return `not in a group yet: ${waiting.reason}`;
  const voters = members.filter(({ kind }) => kind === 'voter');
  const healthy = voters.filter((member) => member.healthy).length;
  const state = `${healthy} of ${voters.length} voters are well, ${quorum} are needed`;
  if (tolerates < 0) return `${state}: the group can agree on nothing until ${-tolerates} more come back`;
  if (tolerates === 0) return `${state}: no more of them may be lost`;
  return `${state}: ${tolerates} more may be lost`;
}

function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms);
}
