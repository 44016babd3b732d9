import { startRound } from './heartbeat.ts';
import type { ReadIndexRequest, ReadIndexResponse } from './messages.ts';
import type { Office, PendingRead } from './office.ts';
import { quorumValue } from './quorum.ts';
import type { CoreState } from './state.ts';

/*
 * ReadIndex (Raft dissertation, section 6.4). A read may be served from the state at the commit index of its arrival, once a round of
 * heartbeats that began after its arrival has shown that no other leader can have committed anything meanwhile. Reads that arrive while
 * a round is under way share the next one.
 */

export function onRead(state: CoreState, id: number): void {
  if (state.office !== undefined) {
    const reason = enqueue(state, state.office, { kind: 'local', id });
    if (reason !== undefined) state.out.refuse(id, reason, state.self);
    return;
  }
  const { leader } = state;
  if (leader === undefined) {
    state.out.refuse(id, 'notLeader', undefined);
    return;
  }
  if (state.forwardedReads.size >= state.settings.maxPendingReads) {
    state.out.refuse(id, 'backlogFull', leader);
    return;
  }
  const ticket = state.nextTicket;
  state.nextTicket += 1;
  state.forwardedReads.set(ticket, { id, deadlineMs: state.nowMs + state.settings.electionTimeoutMs });
  state.send(leader, { kind: 'readIndexRequest', ticket });
}

export function onReadIndexRequest(state: CoreState, { from, ticket }: ReadIndexRequest): void {
  const { office } = state;
  const reason = office === undefined ? 'notLeader' : enqueue(state, office, { kind: 'member', member: from, ticket });
  if (reason !== undefined) state.send(from, { kind: 'readIndexResponse', ticket, index: undefined });
}

/** Tickets are drawn so that an answer to a process that has been restarted since finds no one waiting for it. */
export function onReadIndexResponse(state: CoreState, { from, ticket, index }: ReadIndexResponse): void {
  const read = state.forwardedReads.get(ticket);
  if (read === undefined) return;
  state.forwardedReads.delete(ticket);
  if (index === undefined) state.out.refuse(read.id, 'notReady', from);
  else state.out.answer({ kind: 'readable', id: read.id, index });
}

export function tickForwardedReads(state: CoreState): void {
  for (const [ticket, { id, deadlineMs }] of state.forwardedReads) {
    if (deadlineMs > state.nowMs) return;
    state.forwardedReads.delete(ticket);
    state.out.refuse(id, 'timedOut', state.leader);
  }
}

/** Answers the reads whose round a quorum has answered, and starts a round where others wait and none is under way. */
export function confirmReads(state: CoreState, office: Office): void {
  answerConfirmed(state, office);
  const next = office.reads[0];
  if (next === undefined || next.round <= office.round) return;
  startRound(state, office);
  answerConfirmed(state, office);
}

function enqueue(
  state: CoreState,
  office: Office,
  origin: PendingRead['origin'],
): 'notReady' | 'backlogFull' | undefined {
  if (!office.serving) return 'notReady';
  if (office.reads.length >= state.settings.maxPendingReads) return 'backlogFull';
  office.reads.push({ origin, index: state.commit, round: office.round + 1 });
  return undefined;
}

function answerConfirmed(state: CoreState, office: Office): void {
  const { reads, progress, round } = office;
  if (reads.length === 0) return;
  const confirmed = quorumValue(state.log.configuration, (id) =>
    id === state.self ? round : (progress.get(id)?.ackedRound ?? 0),
  );
  const waiting = reads.findIndex((read) => read.round > confirmed);
  for (const { origin, index } of reads.splice(0, waiting < 0 ? reads.length : waiting)) {
    if (origin.kind === 'local') state.out.answer({ kind: 'readable', id: origin.id, index });
    else state.send(origin.member, { kind: 'readIndexResponse', ticket: origin.ticket, index });
  }
}
