import assert from 'node:assert/strict';
import { appendAsLeader } from './append.ts';
import { trackMembers } from './members.ts';
import { Office } from './office.ts';
import type { CoreState } from './state.ts';
import { entryBytes } from './types.ts';

/**
 * Elected. The no-op of the new term is appended at once: only by counting copies of it may the entries before it be called committed,
 * and until it is applied this node serves nothing.
 */
export function takeOffice(state: CoreState): void {
  assert(state.role === 'candidate', 'leaders are elected');
  const office = new Office(state.nowMs, state.log.lastIndex + 1);
  state.office = office;
  state.ballots.clear();
  state.transferMark = undefined;
  state.failedElections = 0;
  for (let index = state.commit + 1; index <= state.log.lastIndex; index += 1) {
    const entry = state.log.entryAt(index)!;
    office.backlogEntries += 1;
    office.backlogBytes += entryBytes(entry);
  }
  state.setRole('leader', state.self);
  trackMembers(state, office);
  appendAsLeader(state, [{ kind: 'noop' }]);
}
