// A replica that was halted for an operation which failed replicates again. One attempt is not enough: a `STOP` that nobody waits for any
// more still takes effect when the applier gets to the end of what it has in hand, and its session holds the lock of the server until then.

import type { Clock } from '../runtime/clock.ts';
import { errorText, OrchestratorError } from '../runtime/errors.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { Servers } from './ports.ts';
import { untilReplicating } from './replicating.ts';
import { type StartDeps, startAsMeant } from './semi-sync-start.ts';

/** MySQL lets an applier stop in the middle of a transaction once it has waited a minute for the rest (seen with 9.7). */
const STOP_LIMIT_MS = 75_000;
/** Between attempts. */
const RETRY_MS = 500;

export interface StartAgainDeps extends StartDeps {
  readonly servers: Pick<Servers, 'operate'>;
  readonly clock: Clock;
}

/** How long a statement may take that waits for an applier to stop. */
export function stopLimitMs({ stepTimeoutMs }: StartDeps['settings']): number {
  return Math.max(stepTimeoutMs, STOP_LIMIT_MS);
}

/** How long a server is tried to be put in order, behind the end of its operation. */
export function restoreLimitMs(settings: StartDeps['settings']): number {
  return Math.max(stopLimitMs(settings), settings.operationTimeoutMs);
}

/**
 * Tries on a time of its own, so that a caller who hangs up leaves nothing behind: for `restoreLimitMs` where another session has the server
 * in hand, shortly where it is out of reach.
 *
 * @param unheard its source is not expected to answer
 * @param which ran before; `both` as well where nobody looked
 * @returns what is not in order then, in words; undefined: it replicates
 */
export async function startAgain(
  deps: StartAgainDeps,
  key: InstanceKey,
  unheard = false,
  which: 'both' | 'receiver' | 'applier' = 'both',
): Promise<string | undefined> {
  const { servers, clock, settings, log } = deps;
  const instance = keyText(key);
  const began = clock.monotonicMs();
  const own = clock.timeoutSignal(restoreLimitMs(settings));
  log.warn({ instance }, 'an operation failed: a replica that it halted is started again as soon as it can be');
  for (;;) {
    let started = false;
    try {
      await servers.operate(key, stopLimitMs(settings), own, async (session) => {
        if ((await session.read()).replication === undefined) return;
        if (which === 'receiver') return session.startReceiver();
        if (which === 'applier') return session.startApplier();
        await startAsMeant(deps, session);
        started = true;
        if (!unheard) await untilReplicating(deps, session, own);
      });
      return undefined;
    } catch (err) {
      if (started || clock.monotonicMs() - began + RETRY_MS > patienceMs(err, settings)) {
        log.error({ instance, err }, 'an operation failed and left a server that does not replicate');
        return `${instance} ${started ? 'was started again' : 'is left stopped'}: ${errorText(err)}`;
      }
      await clock.sleep(RETRY_MS);
    }
  }
}

/** From the first attempt on. */
function patienceMs(err: unknown, settings: StartDeps['settings']): number {
  if (!(err instanceof OrchestratorError) || err.code === 'NOT_LEADER' || Number(err.context.errno ?? 0) > 0) return 0;
  const inHand = err.code === 'CONFLICT' || err.code === 'STATEMENT_TIMEOUT';
  return inHand ? restoreLimitMs(settings) : settings.stepTimeoutMs + settings.startLimitMs;
}
