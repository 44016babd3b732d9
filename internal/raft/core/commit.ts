import type { Office } from './office.ts';
import { quorumValue } from './quorum.ts';
import type { CoreState } from './state.ts';
import { entryBytes, type Index } from './types.ts';

/**
 * What a quorum holds durably is committed, but only an entry of the own term may be counted: one of an earlier term on a majority can still
 * be overwritten (Raft paper, figure 8). It becomes committed together with the first of the own term behind it.
 */
export function advanceCommit(state: CoreState, office: Office): void {
  const { log, ledger, self } = state;
  const index = quorumValue(log.configuration, (id) =>
    id === self ? ledger.durableIndex : (office.progress.get(id)?.match ?? 0),
  );
  if (index <= state.commit || log.termAt(index) !== state.term) return;
  for (let at = state.commit + 1; at <= index; at += 1) office.backlogBytes -= entryBytes(log.entryAt(at)!);
  office.backlogEntries -= index - state.commit;
  state.commit = index;
}

/**
 * Gives committed entries to the state machine, each once and in order, and none that the own disk does not hold yet: a node whose state were
 * ahead of its log could not say after a crash what it had applied.
 */
export function handOut(state: CoreState): void {
  const { restore, ledger, log } = state;
  if (restore !== undefined) {
    if (ledger.durableId < restore.after) return;
    state.out.apply({ kind: 'restore', snapshot: restore.snapshot });
    state.handed = restore.snapshot.index;
    state.restore = undefined;
  }
  const last: Index = Math.min(state.commit, ledger.durableIndex);
  if (last <= state.handed) return;
  state.out.apply({ kind: 'entries', entries: log.slice(state.handed + 1, last) });
  state.handed = last;
}
