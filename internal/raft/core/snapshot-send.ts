import type { ChunkRequest } from './effects.ts';
import type { Input } from './inputs.ts';
import type { SnapshotAck } from './messages.ts';
import type { Office } from './office.ts';
import type { Progress, SnapshotTransfer } from './progress.ts';
import type { CoreState } from './state.ts';
import type { MemberId } from './types.ts';

/*
 * A follower that needs entries which are gone gets the latest snapshot, chunk by chunk, each asked for from the shell and sent when the one
 * before is acknowledged. Where to go on is what the receiver says, so that a broken connection costs one chunk.
 */

/** Starts transfers as far as there is room for them. Silent members wait, and so does one that stalled, until others had their turn. */
export function driveSnapshots(state: CoreState, office: Office): void {
  const { settings, nowMs, log } = state;
  const lacking = [...office.progress].filter(([, { state: needs }]) => needs === 'snapshot');
  if (lacking.length === 0) return;
  const waiting = lacking.filter(
    ([, { transfer, heardMs }]) => transfer === undefined && nowMs - heardMs <= settings.electionTimeoutMs,
  );
  const running = lacking.filter(([, { transfer }]) => transfer !== undefined).length;
  const next = waiting.sort(([, a], [, b]) => a.transferredMs - b.transferredMs);
  for (const [to, progress] of next.slice(0, Math.max(0, settings.maxSnapshotTransfers - running))) {
    progress.transferredMs = nowMs;
    progress.transfer = { snapshot: log.snapshot, offset: 0, movedMs: nowMs, sentMs: nowMs };
    ask(state, to, progress.transfer);
  }
}

export function onSnapshotRead(state: CoreState, office: Office, input: Input & { kind: 'snapshotRead' }): void {
  const transfer = office.progress.get(input.to)?.transfer;
  if (transfer === undefined || transfer.snapshot.id !== input.snapshotId || transfer.offset !== input.offset) return;
  if (input.data === undefined) {
    restart(state, transfer, office.progress.get(input.to)!);
    return;
  }
  const { snapshot, offset } = transfer;
  state.send(input.to, { kind: 'snapshotChunk', snapshot, offset, data: input.data });
}

export function onSnapshotAck(state: CoreState, progress: Progress, message: SnapshotAck): void {
  const { from, snapshotId, nextOffset, matchIndex } = message;
  if (matchIndex !== undefined && matchIndex <= state.log.lastIndex) {
    progress.accepted(matchIndex, state.log.firstIndex);
    if (progress.state === 'snapshot') progress.transfer = undefined;
    return;
  }
  const { transfer } = progress;
  if (transfer === undefined || transfer.snapshot.id !== snapshotId || transfer.offset === nextOffset) return;
  if (nextOffset >= transfer.snapshot.bytes) return;
  transfer.offset = nextOffset;
  transfer.movedMs = state.nowMs;
  ask(state, from, transfer);
}

/** A chunk or its answer may be lost: ask again. A receiver that takes nothing for too long makes room for others. */
export function tickSnapshots(state: CoreState, office: Office): void {
  const { settings, nowMs } = state;
  for (const [to, progress] of office.progress) {
    const { transfer } = progress;
    if (transfer === undefined) continue;
    if (nowMs - transfer.movedMs > settings.snapshotStallMs) progress.probeFrom(progress.match + 1);
    else if (nowMs - transfer.sentMs > settings.electionTimeoutMs / 2) ask(state, to, transfer);
  }
}

/** The shell has thrown that snapshot away since: begin with the newest, at the next tick. */
function restart(state: CoreState, transfer: SnapshotTransfer, progress: Progress): void {
  progress.transfer = { ...transfer, snapshot: state.log.snapshot, offset: 0, sentMs: state.nowMs };
}

function ask(state: CoreState, to: MemberId, transfer: SnapshotTransfer): void {
  const { snapshot, offset } = transfer;
  transfer.sentMs = state.nowMs;
  const length = Math.min(state.settings.chunkBytes, snapshot.bytes - offset);
  const request: ChunkRequest = { to, snapshotId: snapshot.id, offset, length };
  state.out.readSnapshot(request);
}
