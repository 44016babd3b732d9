import assert from 'node:assert/strict';
import type { Append, Heartbeat, Removed } from './messages.ts';
import type { CoreState } from './state.ts';
import { follow, heardFromLeader } from './terms.ts';
import type { Index } from './types.ts';

/** Entries from the leader of the present term. */
export function onAppend(state: CoreState, message: Append): void {
  heardFromLeader(state, message.from);
  const { log } = state;
  const matched = afterCommitted(state, message);
  if (log.termAt(matched.prevIndex) !== matched.prevTerm) {
    reject(state, message);
    return;
  }

  const fresh = matched.entries.findIndex((entry) => log.termAt(entry.index) !== entry.term);
  if (fresh >= 0) {
    const entries = matched.entries.slice(fresh);
    const first = entries[0]!.index;
    if (first <= log.lastIndex) {
      assert(first > state.commit, 'what is committed is never overwritten');
      state.truncateFrom(first);
    }
    state.append(entries);
  }
  const matchIndex = matched.prevIndex + matched.entries.length;
  advance(state, Math.min(message.commit, matchIndex));
  state.send(message.from, { kind: 'appendAccepted', matchIndex }, 'log');
}

/** What is committed equals the leader's log, whatever arrives late about it, and may be gone from the own log already. */
function afterCommitted(
  state: CoreState,
  { prevIndex, prevTerm, entries }: Append,
): Pick<Append, 'prevIndex' | 'prevTerm' | 'entries'> {
  const { commit, log } = state;
  if (prevIndex >= commit) return { prevIndex, prevTerm, entries };
  return { prevIndex: commit, prevTerm: log.termAt(commit)!, entries: entries.filter(({ index }) => index > commit) };
}

function reject(state: CoreState, { from, prevIndex }: Append): void {
  const { log } = state;
  const conflictTerm = log.termAt(prevIndex);
  const conflictIndex = conflictTerm === undefined ? log.lastIndex + 1 : log.firstIndexOfTermAt(prevIndex);
  state.send(from, { kind: 'appendRejected', prevIndex, conflictTerm, conflictIndex });
}

export function onHeartbeat(state: CoreState, { from, round, commit, closedTransfers }: Heartbeat): void {
  heardFromLeader(state, from);
  state.closedTransfers = Math.max(state.closedTransfers, closedTransfers);
  advance(state, Math.min(commit, state.log.lastIndex));
  state.send(from, { kind: 'heartbeatAck', round, standing: state.standing });
}

/** A leader that knows better says so. What this node's log holds behind that configuration outweighs a message that is late. */
export function onRemoved(state: CoreState, { configurationIndex, reaped }: Removed): void {
  const { log } = state;
  const returned =
    log.configurationIndex > configurationIndex && log.configuration.members.some(({ id }) => id === state.self);
  if (state.removed || returned) return;
  state.removed = true;
  state.out.removed = true;
  if (state.isLeader) follow(state);
  state.out.event({ kind: 'removed', reaped });
}

function advance(state: CoreState, commit: Index): void {
  state.commit = Math.max(state.commit, commit);
}
