import type { Instance, WatchedInstance } from '../topology/instance.ts';

/**
 * `same`: one living server under two addresses. `moved`: the known address is gone and the server answers at another one.
 * `clone`: two servers that carry the same UUID, which replication will refuse, and which must never be taken for one.
 */
export type Kinship = 'same' | 'moved' | 'clone';

/** Uptime is told in whole seconds, and two reads are never at the same moment. */
const START_TOLERANCE_MS = 2_000;

/** Whether two reads of one moment are of the same server process. */
export function isSameRun(a: Instance, b: Instance): boolean {
  return (
    a.serverId === b.serverId &&
    a.serverUuid === b.serverUuid &&
    a.hostname === b.hostname &&
    Math.abs(a.uptimeSeconds - b.uptimeSeconds) * 1000 <= START_TOLERANCE_MS
  );
}

/**
 * What two addresses with the same server UUID have to do with each other. A server that was running elsewhere while the
 * known one was last seen is another server, whatever it calls itself.
 */
export function kinship(known: WatchedInstance, fresh: Instance, nowMs: number): Kinship {
  const { instance, lastSeenMs, valid } = known;
  if (instance.serverId !== fresh.serverId || fresh.uptimeSeconds === 0) return 'clone';
  const startedMs = nowMs - fresh.uptimeSeconds * 1000;
  const knownStartMs = lastSeenMs - instance.uptimeSeconds * 1000;
  const sameRun =
    fresh.hostname !== '' &&
    fresh.hostname === instance.hostname &&
    Math.abs(startedMs - knownStartMs) <= START_TOLERANCE_MS;
  if (valid) return sameRun ? 'same' : 'clone';
  const startedSince = startedMs >= lastSeenMs - START_TOLERANCE_MS;
  return sameRun || startedSince ? 'moved' : 'clone';
}
