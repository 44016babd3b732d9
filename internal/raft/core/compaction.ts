import type { CoreState } from './state.ts';
import { entryBytes, type Index, type SnapshotMeta } from './types.ts';

/** How many election time-outs pass between two attempts. */
const RETRY_TIMEOUTS = 10;

/** Asks for a snapshot when enough has been applied since the last, or enough time has passed. One at a time. */
export function tickCompaction(state: CoreState): void {
  const { log, applied, settings, nowMs } = state;
  const since = applied - log.snapshot.index;
  if (state.snapshotRequested || since <= 0 || nowMs < state.snapshotRetryMs) return;
  const large = since >= settings.snapshotEntries || log.bytesBehindSnapshot >= settings.snapshotLogBytes;
  if ((!large && nowMs < state.snapshotDueMs) || isSending(state)) return;
  state.snapshotRequested = true;
  state.out.takeSnapshot = applied;
}

/** While a member takes in the last snapshot, the next one waits as long as the log's size permits: it might be outrun for ever. */
function isSending({ office, log, settings }: CoreState): boolean {
  if (office === undefined || log.bytes > settings.trailingMaxBytes) return false;
  return [...office.progress.values()].some(({ transfer }) => transfer !== undefined);
}

/** Tried again after a while, not at once: what stood in the way is likely to stand there still. */
export function onSnapshotFailed(state: CoreState): void {
  state.snapshotRequested = false;
  state.snapshotRetryMs = state.nowMs + RETRY_TIMEOUTS * state.settings.electionTimeoutMs;
}

/** The snapshot is durable, so that the log in front of it may go (P-8), except for what members that lag still need. */
export function onSnapshotTaken(state: CoreState, snapshot: SnapshotMeta): void {
  const { log, settings, nowMs, moment } = state;
  state.snapshotRequested = false;
  state.snapshotDueMs = nowMs + settings.snapshotIntervalMs * (1 + moment.random);
  if (snapshot.index <= log.snapshot.index) return;
  log.snapshotTaken(snapshot);
  const compactTo = compactionPoint(state);
  if (compactTo < log.firstIndex) return;
  log.compactTo(compactTo);
  state.out.compactTo = compactTo;
}

/**
 * The last index to drop: `trailingEntries` before the snapshot, further back where a member that answers is catching up, since it would
 * otherwise need one snapshot after the other; in no case more than `trailingMaxBytes` stay.
 */
function compactionPoint(state: CoreState): Index {
  const { log, settings, office, nowMs } = state;
  let point = log.snapshot.index - settings.trailingEntries;
  for (const { heardMs, match, transfer } of office?.progress.values() ?? []) {
    if (nowMs - heardMs <= settings.electionTimeoutMs) point = Math.min(point, transfer?.snapshot.index ?? match);
  }
  let bytes = 0;
  for (let index = log.snapshot.index; index > point && index >= log.firstIndex; index -= 1) {
    bytes += entryBytes(log.entryAt(index)!);
    if (bytes > settings.trailingMaxBytes) return index;
  }
  return Math.max(0, point);
}
