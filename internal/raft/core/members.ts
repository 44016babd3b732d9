import type { Office } from './office.ts';
import { Progress } from './progress.ts';
import type { CoreState } from './state.ts';

/** Brings the leader's list of followers in line with the configuration at the end of its log. */
export function trackMembers(state: CoreState, office: Office): void {
  const { members } = state.log.configuration;
  for (const { id } of members) {
    if (id === state.self || office.progress.has(id)) continue;
    office.leavers.delete(id);
    office.progress.set(id, new Progress(state.log.lastIndex + 1));
  }
  for (const id of office.progress.keys()) {
    if (members.some((member) => member.id === id)) continue;
    office.progress.delete(id);
    office.leavers.add(id);
  }
}
