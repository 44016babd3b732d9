// Clients repeat a call whose answer they did not get, and the shell client asks for every recovery twice. Whoever asks
// for what is being done, or was done a moment ago, is told of that; nothing is begun.

import type { Clock } from '../runtime/clock.ts';
import { type InstanceKey, sameKey } from '../topology/instance-key.ts';
import type { RecoveryRecord } from './book.ts';

/** A success counts as the answer to a call that comes within this time of its end. */
const REPEATED_MS = 30_000;
const LOOK_MS = 50;

export interface RepeatedDeps {
  /** Whether something is decided or done about the cluster of the failed server. */
  readonly busy: () => boolean;
  /** Newest first. */
  readonly records: () => readonly RecoveryRecord[];
  readonly clock: Clock;
}

/**
 * The recovery of this server that ended while we waited, whatever came of it, or that succeeded a moment ago. Undefined:
 * there is none; a failure of old is no answer, since whoever asks again may have removed its cause.
 */
export async function repeatedRecovery(
  failed: InstanceKey,
  { busy, records, clock }: RepeatedDeps,
  signal: AbortSignal,
): Promise<RecoveryRecord | undefined> {
  const askedMs = clock.nowMs();
  while (busy()) await clock.sleep(LOOK_MS, signal);
  return records().find(
    ({ failed: key, endedMs, successful }) =>
      sameKey(key, failed) &&
      endedMs !== undefined &&
      (endedMs >= askedMs || (successful && askedMs - endedMs < REPEATED_MS)),
  );
}
