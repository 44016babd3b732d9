import { appendAsLeader } from './append.ts';
import type { RefusalReason } from './effects.ts';
import type { Proposal } from './inputs.ts';
import type { Office } from './office.ts';
import type { CoreState } from './state.ts';

/** Puts commands into the log, those of one input in one write, or says at once why not. */
export function propose(state: CoreState, proposals: readonly Proposal[]): void {
  for (const { id, data, urgent } of proposals) {
    const reason = state.office === undefined ? 'notLeader' : refusal(state, state.office, data, urgent);
    if (reason !== undefined) {
      state.out.refuse(id, reason, state.leader);
      continue;
    }
    const index = appendAsLeader(state, [{ kind: 'command', data }]);
    state.out.answer({ kind: 'appended', id, index, term: state.term });
  }
}

function refusal(state: CoreState, office: Office, data: Uint8Array, urgent: boolean): RefusalReason | undefined {
  const { maxEntryBytes, maxUncommittedEntries, maxUncommittedBytes, reservedShare } = state.settings;
  if (data.length > maxEntryBytes) return 'tooLarge';
  if (office.transfer !== undefined) return 'transferring';
  const share = urgent ? 1 : 1 - reservedShare;
  const full =
    office.backlogEntries + 1 > maxUncommittedEntries * share ||
    office.backlogBytes + data.length > maxUncommittedBytes * share;
  return full ? 'backlogFull' : undefined;
}
