import { OrchestratorError } from '../runtime/errors.ts';
import { keyText } from '../topology/instance-key.ts';
import type { MoverDeps } from './mover.ts';
import type { OperatorSession } from './ports.ts';

/**
 * `START` only says that the threads were asked to run. A thread that stops with an error says so at once; one that is still connecting
 * when the limit passes is a failure, too.
 */
export async function untilReplicating(
  { clock, settings }: Pick<MoverDeps, 'clock' | 'settings'>,
  session: OperatorSession,
  signal: AbortSignal,
): Promise<void> {
  const end = clock.monotonicMs() + settings.startLimitMs;
  for (;;) {
    const { key, replication } = await session.read();
    if (replication === undefined) return;
    const { receiver, applier, receiverErrno, applierErrno, receiverError, applierError } = replication;
    if (receiver === 'running' && applier === 'running') return;
    const stopped = (receiver === 'stopped' && receiverErrno > 0) || (applier === 'stopped' && applierErrno > 0);
    if (stopped || clock.monotonicMs() > end) {
      const why = receiverError || applierError || `receiver ${receiver}, applier ${applier}`;
      throw new OrchestratorError('OPERATION_FAILED', `Replication not running on ${keyText(key)}: ${why}`);
    }
    await clock.sleep(settings.startPollMs, signal);
  }
}
