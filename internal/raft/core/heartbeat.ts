import type { HeartbeatAck } from './messages.ts';
import type { Office } from './office.ts';
import type { Progress } from './progress.ts';
import { quorumValue } from './quorum.ts';
import { nudge } from './replication.ts';
import type { CoreState } from './state.ts';
import { follow } from './terms.ts';
import type { MemberId } from './types.ts';

/** Starts a round of heartbeats when one is due. They never wait behind entries or a disk. */
export function tickHeartbeat(state: CoreState, office: Office): void {
  if (state.nowMs >= office.nextHeartbeatMs) startRound(state, office);
}

export function startRound(state: CoreState, office: Office): void {
  const { settings, nowMs, commit, closedTransfers } = state;
  office.round += 1;
  office.nextHeartbeatMs = nowMs + settings.heartbeatMs;
  office.roundsSentMs.set(office.round, nowMs);
  for (const [round, sentMs] of office.roundsSentMs) {
    if (nowMs - sentMs <= settings.leaderLeaseMs) break;
    office.roundsSentMs.delete(round);
  }
  for (const [to, { match }] of office.progress) {
    state.send(to, { kind: 'heartbeat', round: office.round, commit: Math.min(commit, match), closedTransfers });
  }
}

export function onHeartbeatAck(state: CoreState, office: Office, progress: Progress, message: HeartbeatAck): void {
  const { from, round, standing } = message;
  progress.standing = standing;
  if (round > progress.ackedRound) {
    progress.ackedRound = round;
    progress.ackedSentMs = office.roundsSentMs.get(round) ?? progress.ackedSentMs;
  }
  nudge(state, from, progress);
}

/** When the last round was sent that a quorum has answered: measured from sending, since an answer says nothing about the time after. */
export function quorumContactMs(state: CoreState, office: Office): number {
  const contact = (id: MemberId) =>
    id === state.self ? state.nowMs : (office.progress.get(id)?.ackedSentMs ?? Number.NEGATIVE_INFINITY);
  return quorumValue(state.log.configuration, contact);
}

/** CheckQuorum: a leader that cannot know whether it still leads, does not. Its election counts as the first contact. */
export function checkQuorum(state: CoreState, office: Office): void {
  const contactMs = Math.max(office.sinceMs, quorumContactMs(state, office));
  if (state.nowMs - contactMs > state.settings.leaderLeaseMs) follow(state);
}

/** Until when no other node can be elected without this one's order; undefined where that cannot be said. */
export function leaseUntilMs(state: CoreState, office: Office): number | undefined {
  const contactMs = quorumContactMs(state, office);
  if (office.transfer !== undefined || contactMs < office.leaseFromMs) return undefined;
  return contactMs + state.settings.leaderLeaseMs;
}
