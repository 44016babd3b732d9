import assert from 'node:assert/strict';
import { trackMembers } from './members.ts';
import type { CoreState } from './state.ts';
import { type Configuration, entryBytes, type Index, type LogEntry } from './types.ts';

export type Payload =
  | { readonly kind: 'command'; readonly data: Uint8Array }
  | { readonly kind: 'noop' }
  | { readonly kind: 'configuration'; readonly configuration: Configuration };

/**
 * Adds entries of the own term to the leader's log and returns the index of the first. A configuration counts from here on, committed or not
 * . Sending follows when the step settles.
 */
export function appendAsLeader(state: CoreState, payloads: readonly Payload[]): Index {
  const { office, log, term } = state;
  assert(office !== undefined, 'only a leader adds to the log');
  const first = log.lastIndex + 1;
  const stampMs = Math.max(state.moment.wallMs, log.lastStampMs);
  const entries = payloads.map((payload, at): LogEntry => ({ ...payload, index: first + at, term, stampMs }));
  state.append(entries);
  office.backlogEntries += entries.length;
  for (const entry of entries) office.backlogBytes += entryBytes(entry);
  trackMembers(state, office);
  return first;
}
