import { following } from '../runtime/deadline.ts';
import type { Log } from '../runtime/log.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { MysqlSession } from './session.ts';

/**
 * Read-only first, so that nothing slips in while sessions are ended. The statement waits for others that run, which is
 * why the sessions are ended from a second connection at the same time, and once more behind it.
 *
 * @param sweep ends them there, until its signal; what goes wrong with it is made good behind the statement
 */
export async function fence(
  key: InstanceKey,
  session: Pick<MysqlSession, 'setReadOnly' | 'endClientSessions'>,
  sweep: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  const done = new AbortController();
  const swept = following(signal, done, () => sweep(done.signal)).catch(() => undefined);
  try {
    await session.setReadOnly(true);
    const left = await session.endClientSessions();
    if (left.length > 0) log.warn({ instance: keyText(key), left }, 'sessions of a fenced server could not be ended');
  } finally {
    done.abort();
    await swept;
  }
}
