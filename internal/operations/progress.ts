// How long an operation may take: what it does on servers has its limit, and as long as it reads their logs, event by event, it gets on.

import type { Clock } from '../runtime/clock.ts';
import { whileProgressing } from '../runtime/deadline.ts';
import type { EventLog, OperationSettings, Servers } from './ports.ts';

/** An operation that gets on ends after so many times its limit all the same: until then its locks last. */
const MOST_TIMES = 6;

/** Of all of it, logs included, ms. */
export function mostOperationMs({ operationTimeoutMs }: OperationSettings): number {
  return MOST_TIMES * operationTimeoutMs;
}

/** Runs `work` over servers whose logs, as they are read, keep it from running out of time. */
export function inTime<S extends Pick<Servers, 'readLogs'>, T>(
  { clock, settings, servers }: { readonly clock: Clock; readonly settings: OperationSettings; readonly servers: S },
  signal: AbortSignal,
  work: (deadline: AbortSignal, readLogs: Servers['readLogs']) => Promise<T>,
): Promise<T> {
  const patience = { silentMs: settings.operationTimeoutMs, mostMs: mostOperationMs(settings) };
  return whileProgressing(clock, patience, signal, (deadline, progressed) =>
    work(deadline, (key, until, read) => servers.readLogs(key, until, (log) => read(noting(log, progressed)))),
  );
}

function noting(log: EventLog, progressed: () => void): EventLog {
  return {
    binaryLogs: () => log.binaryLogs(),
    keepsOrder: () => log.keepsOrder(),
    executes: (place, limitMs) => log.executes(place, limitMs),
    async *events(kind, file, from) {
      for await (const event of log.events(kind, file, from)) {
        progressed();
        yield event;
      }
    },
  };
}
