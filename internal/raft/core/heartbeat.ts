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

/**
 * When the last round was sent that a quorum has answered: measured from sending, since an answer says nothing about the time after.
 *
 * @param from whoever has answered no round since this one does not count
 */
export function quorumContactMs({ self, nowMs, log }: CoreState, { progress }: Office, from = 0): number {
  const contact = (id: MemberId) => {
    if (id === self) return nowMs;
    const known = progress.get(id);
    return known === undefined || known.ackedRound < from ? Number.NEGATIVE_INFINITY : known.ackedSentMs;
  };
  return quorumValue(log.configuration, contact);
}

/** CheckQuorum: a leader that cannot know whether it still leads, does not. Its election counts as the first contact. */
export function checkQuorum(state: CoreState, office: Office): void {
  const contactMs = Math.max(office.sinceMs, quorumContactMs(state, office));
  if (state.nowMs - contactMs > state.settings.leaderLeaseMs) follow(state);
}

/** Until when no other node can be elected without this one's order; undefined where that cannot be said. */
export function leaseUntilMs(state: CoreState, office: Office): number | undefined {
  if (office.transfer !== undefined) return undefined;
  const contactMs = quorumContactMs(state, office, office.leaseFromRound);
  return contactMs === Number.NEGATIVE_INFINITY ? undefined : contactMs + state.settings.leaderLeaseMs;
}
