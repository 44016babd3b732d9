import { watchedOf } from '../../../internal/backend/instance-of-row.ts';
import type { Instance, WatchedInstance } from '../../../internal/topology/instance.ts';

/** A writable MySQL 8.0 server, seen now; `changes` replaces what matters to a case. */
export function aWatchedInstance(changes: Partial<Instance>, nowMs = Date.UTC(2026, 0, 31, 10)): WatchedInstance {
  const blank = watchedOf({ hostname: 'db', port: 3306, version: '8.0.36', server_id: 1 });
  return {
    ...blank,
    instance: { ...blank.instance, ...changes },
    lastCheckedMs: nowMs,
    lastAttemptedMs: nowMs,
    lastSeenMs: nowMs,
    valid: true,
    partialSuccess: true,
    lastError: '',
  };
}
