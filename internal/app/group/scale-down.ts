// A group made smaller from outside, through the API of a member that stays: step by step, so that each is told as it is done, and on
// through changes of the leader.

import type { Clock } from '../../runtime/clock.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { DaemonClient } from '../daemon-client.ts';

export interface ScaleDownDeps {
  readonly daemon: Pick<DaemonClient, 'attempt'>;
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  /** @param members so many are left */
  readonly onRemoved: (address: string, members: number) => void;
}

interface Answer {
  readonly Removed?: readonly string[];
  readonly Members?: number;
  readonly Done?: boolean;
}

const RETRY_MS = 250;
/** Without progress. A hand-over takes less than a second, a vote for somebody who stays ten at the most. */
const PATIENCE_MS = 60_000;
/** How the leader ends what it says when another one may go on. */
const PASSING = /ask again$/;

/**
 * @returns how many members are left
 * @throws {OrchestratorError} `CONFLICT` with what the daemon says: nobody was removed since the last `onRemoved`
 */
export async function scaleDown(to: number, { daemon, clock, onRemoved }: ScaleDownDeps): Promise<number> {
  let movedMs = clock.monotonicMs();
  for (;;) {
    const envelope = await daemon.attempt(['raft-scale-down', to], { one: 'true' });
    const { Removed, Members, Done } = envelope as Answer;
    if (Removed !== undefined && Members !== undefined) {
      for (const address of Removed) onRemoved(address, Members);
      if (Done === true) return Members;
      movedMs = clock.monotonicMs();
      continue;
    }
    const message = String(envelope.Message ?? 'no answer');
    if (!PASSING.test(message) || clock.monotonicMs() - movedMs > PATIENCE_MS)
      throw new OrchestratorError('CONFLICT', message);
    await clock.sleep(RETRY_MS);
  }
}
