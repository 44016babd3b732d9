// A node of a group that is told to stop: it is not ready any more, another leads, load balancers have noticed and what was asked of it is
// answered, before anything of it ends (F-90, F-91).

import type { Config } from '../config/keys.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { ProcessSignals } from '../runtime/process-signals.ts';

const REQUESTS_MS = 5_000;
/** Exit status of a process that was not done in time. */
const TOO_LATE = 124;

export interface OrderlyStopDeps {
  readonly config: Pick<Config, 'ShutdownDrainSeconds' | 'ShutdownTimeoutSeconds'>;
  readonly group: { drain(signal: AbortSignal): Promise<void> };
  readonly server: { stop(graceMs: number): Promise<void> };
  readonly signals: Pick<ProcessSignals, 'onSecond' | 'endAfter'>;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
}

/** Resolves when what is left is to end; at once with the second signal. */
export async function orderlyStop({ config, group, server, signals, clock, log }: OrderlyStopDeps): Promise<void> {
  const hurry = new AbortController();
  const hurried = new Promise<void>((resolve) => hurry.signal.addEventListener('abort', () => resolve()));
  signals.onSecond(() => hurry.abort(new Error('told to hurry')));
  signals.endAfter(config.ShutdownTimeoutSeconds * 1000, TOO_LATE);
  const leave = async () => {
    await group.drain(hurry.signal);
    await clock.sleep(config.ShutdownDrainSeconds * 1000, hurry.signal);
    await server.stop(REQUESTS_MS);
  };
  const left = leave().catch((err: unknown) => {
    if (!hurry.signal.aborted) log.warn({ err }, 'while this node was drained');
  });
  await Promise.race([left, hurried]);
  signals.onSecond(undefined);
}
