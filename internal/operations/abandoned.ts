// Operations whose process is gone: their locks tell which servers they had in hand. A replica that was halted for one, and lacks nothing
// else, replicates again; what was only half asked for is not asked for any further.

import type { Log } from '../runtime/log.ts';
import { hasSeveralSources, type Instance } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { KEEP_HALTED, OPERATION_OWNER } from './mover.ts';
import type { OperationsDeps } from './operations.ts';
import { startAsMeant } from './semi-sync-start.ts';
import { stopLimitMs } from './start-again.ts';

/** `ER_MTA_INCONSISTENT_DATA`: MySQL rolled the transaction back, and executes it once more. */
const STOPPED_WITHIN_ERRNO = 1756;
/** Errors of a connection, not of what was received. */
const [FIRST_CLIENT_ERRNO, LAST_CLIENT_ERRNO] = [2000, 2999];

export interface KnownLock {
  readonly key: InstanceKey;
  readonly owner: string;
  readonly reason: string;
  readonly beginMs: number;
}

/** @param locks that were there when this node took office: nobody it knows of is at work on these servers */
export async function endAbandoned(
  deps: OperationsDeps,
  locks: readonly KnownLock[],
  signal: AbortSignal,
): Promise<void> {
  const left = locks.filter(({ owner }) => owner === OPERATION_OWNER);
  await Promise.all(left.map((lock) => endOne(deps, lock, signal)));
}

async function endOne(deps: OperationsDeps, { key, reason }: KnownLock, signal: AbortSignal): Promise<void> {
  const { servers, locks, settings, audit } = deps;
  const log: Log = deps.log;
  try {
    const started = await servers.operate(key, stopLimitMs(settings), signal, async (session) => {
      if (reason.startsWith(KEEP_HALTED) || !wasHalted(await session.read())) return false;
      await startAsMeant(deps, session);
      return true;
    });
    const outcome = started ? 'replication was started again' : 'it is left as it was found';
    audit('operation-abandoned', key, `${reason}: nobody carries it on; ${outcome}`);
    log.warn(
      { instance: keyText(key), operation: reason, outcome },
      'an operation was abandoned by a process that is gone',
    );
    await locks.end(key);
  } catch (err) {
    log.error(
      { instance: keyText(key), operation: reason, err },
      'an abandoned operation could not be ended: its lock runs out by itself',
    );
  }
}

/**
 * Both threads stopped, neither by an error of its own: an applier that was to stop in the middle of a transaction says so when it has waited
 * for the rest in vain, and a receiver keeps what it said of a source that it could not reach.
 */
function wasHalted(instance: Instance): boolean {
  const { replication } = instance;
  if (replication === undefined || hasSeveralSources(instance)) return false;
  const { receiver, applier, receiverErrno, applierErrno } = replication;
  if (receiver !== 'stopped' || applier !== 'stopped') return false;
  const outOfReach = receiverErrno >= FIRST_CLIENT_ERRNO && receiverErrno <= LAST_CLIENT_ERRNO;
  return (receiverErrno === 0 || outOfReach) && (applierErrno === 0 || applierErrno === STOPPED_WITHIN_ERRNO);
}
