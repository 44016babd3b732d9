import { onPreVoteRequest, onPreVoteResponse, onTimeoutNow, onVoteRequest, onVoteResponse } from './election.ts';
import { onAppend, onHeartbeat, onRemoved } from './follower.ts';
import { onHeartbeatAck } from './heartbeat.ts';
import type { RaftMessage } from './messages.ts';
import { onReadIndexRequest, onReadIndexResponse } from './reads.ts';
import { tellRemoved } from './reconfigure.ts';
import { onAppendAccepted, onAppendRejected } from './replication.ts';
import { onSnapshotChunk } from './snapshot-receive.ts';
import { onSnapshotAck } from './snapshot-send.ts';
import type { CoreState } from './state.ts';
import { adoptTerm } from './terms.ts';

type Question = Extract<RaftMessage, { kind: 'preVoteRequest' | 'voteRequest' }>;
type FromLeader = Extract<
  RaftMessage,
  { kind: 'append' | 'heartbeat' | 'snapshotChunk' | 'timeoutNow' | 'readIndexResponse' }
>;
type FromFollower = Exclude<RaftMessage, Question | FromLeader | { kind: 'removed' }>;

/** Sorts a message by who may have sent it, settles whose term counts, and hands it on. */
export function receive(state: CoreState, message: RaftMessage): void {
  switch (message.kind) {
    case 'preVoteRequest':
    case 'voteRequest':
      receiveQuestion(state, message);
      return;
    case 'append':
    case 'heartbeat':
    case 'snapshotChunk':
    case 'timeoutNow':
    case 'readIndexResponse':
      receiveFromLeader(state, message);
      return;
    case 'removed':
      onRemoved(state, message);
      return;
    default:
      receiveFromFollower(state, message);
      return;
  }
}

/** Elections settle terms by rules of their own. Who asks takes itself for a voter: a leader that knows better says so. */
function receiveQuestion(state: CoreState, message: Question): void {
  if (state.office !== undefined) tellRemoved(state, state.office, message.from);
  if (message.kind === 'preVoteRequest') onPreVoteRequest(state, message);
  else onVoteRequest(state, message);
}

/** A leader whose term is over learns of it from the answer. */
function receiveFromLeader(state: CoreState, message: FromLeader): void {
  if (message.term < state.term) {
    state.send(message.from, { kind: 'stale' });
    return;
  }
  if (message.term > state.term) adoptTerm(state, message.term);
  switch (message.kind) {
    case 'append':
      onAppend(state, message);
      return;
    case 'heartbeat':
      onHeartbeat(state, message);
      return;
    case 'snapshotChunk':
      onSnapshotChunk(state, message);
      return;
    case 'timeoutNow':
      onTimeoutNow(state, message);
      return;
    case 'readIndexResponse':
      onReadIndexResponse(state, message);
      return;
  }
}

/** Whoever is no member has no say, and cannot end a term either. */
function receiveFromFollower(state: CoreState, message: FromFollower): void {
  const { office } = state;
  if (!state.log.configuration.members.some(({ id }) => id === message.from)) return;
  if (message.kind === 'preVoteResponse') {
    onPreVoteResponse(state, message);
    return;
  }
  if (message.term > state.term) {
    adoptTerm(state, message.term);
    return;
  }
  if (message.kind === 'readIndexRequest') {
    onReadIndexRequest(state, message);
    return;
  }
  if (message.term < state.term || message.kind === 'stale') return;
  if (message.kind === 'voteResponse') {
    onVoteResponse(state, message);
    return;
  }

  const progress = office?.progress.get(message.from);
  if (office === undefined || progress === undefined) return;
  progress.heardMs = state.nowMs;
  switch (message.kind) {
    case 'appendAccepted':
      onAppendAccepted(state, progress, message);
      return;
    case 'appendRejected':
      onAppendRejected(state, progress, message);
      return;
    case 'heartbeatAck':
      onHeartbeatAck(state, office, progress, message);
      return;
    case 'snapshotAck':
      onSnapshotAck(state, progress, message);
      return;
  }
}
