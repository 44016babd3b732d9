import type { AppendAccepted, AppendRejected } from './messages.ts';
import type { Office } from './office.ts';
import type { Progress } from './progress.ts';
import type { CoreState } from './state.ts';
import type { MemberId } from './types.ts';

export function onAppendAccepted(state: CoreState, progress: Progress, { matchIndex }: AppendAccepted): void {
  if (matchIndex > state.log.lastIndex) return; // Nobody can hold what its leader does not; such a word is worth nothing.
  progress.probing = false;
  progress.accepted(matchIndex, state.log.firstIndex);
}

/**
 * Backs off to where the two logs may agree: behind the leader's last entry of a term no later than the one the follower has there,
 * or to the follower's first entry of its term. An answer to a question that is no longer open is passed over.
 */
export function onAppendRejected(state: CoreState, progress: Progress, message: AppendRejected): void {
  const { prevIndex, conflictTerm, conflictIndex } = message;
  if (progress.state === 'snapshot' || prevIndex <= progress.match) return;
  if (progress.state === 'probe' && prevIndex !== progress.next - 1) return;
  const { log } = state;
  if (conflictTerm === undefined) {
    progress.probeFrom(Math.min(conflictIndex, prevIndex));
    return;
  }
  const agrees = log.lastIndexUpToTerm(prevIndex - 1, conflictTerm);
  const sameTerm = agrees >= log.firstIndex && log.termAt(agrees) === conflictTerm;
  progress.probeFrom(sameTerm ? agrees + 1 : Math.max(1, Math.min(conflictIndex, prevIndex)));
}

/** Sends each follower what it lacks, as far as its window is open, and news of the commit index. Runs at the end of each step. */
export function replicate(state: CoreState, office: Office): void {
  for (const [to, progress] of office.progress) {
    if (progress.state !== 'snapshot' && progress.next < state.log.firstIndex) progress.needSnapshot();
    if (progress.state === 'probe') probe(state, to, progress);
    else if (progress.state === 'replicate') pipeline(state, to, progress);
  }
}

function probe(state: CoreState, to: MemberId, progress: Progress): void {
  if (progress.probing) return;
  progress.probing = true;
  sendAppend(state, to, progress);
}

function pipeline(state: CoreState, to: MemberId, progress: Progress): void {
  while (progress.next <= state.log.lastIndex && progress.hasRoom(state.settings)) sendAppend(state, to, progress);
  if (progress.toldCommit < Math.min(state.commit, progress.next - 1)) sendAppend(state, to, progress, true);
}

/**
 * Its answer to a heartbeat shows that it lives. Whatever was lost on the way is found out here: a probe goes again, and behind a pipeline
 * that has gone quiet goes an empty message, whose rejection starts a new search.
 */
export function nudge(state: CoreState, to: MemberId, progress: Progress): void {
  if (progress.state === 'probe') progress.probing = false;
  else if (progress.state === 'replicate' && progress.match < state.log.lastIndex)
    sendAppend(state, to, progress, true);
}

function sendAppend(state: CoreState, to: MemberId, progress: Progress, empty = false): void {
  const { log, settings, commit } = state;
  const prevIndex = progress.next - 1;
  const entries = empty ? [] : log.batch(progress.next, settings.maxBatchEntries, settings.maxBatchBytes);
  state.send(to, { kind: 'append', prevIndex, prevTerm: log.termAt(prevIndex)!, entries, commit });
  progress.toldCommit = Math.min(commit, prevIndex + entries.length);
  if (progress.state === 'replicate') progress.sent(entries);
}
