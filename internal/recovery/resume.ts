// What to do at start with a recovery that a stopped daemon left open. The servers decide: if the promotion had happened
// it is finished, otherwise everything it held is let go and the ordinary gates decide anew.

import type { Clock } from '../runtime/clock.ts';
import { errorText } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { type Instance, sourceKey } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { RecoveryBook, RecoveryRecord } from './book.ts';
import type { FenceKeeper } from './fence.ts';
import type { Servers } from './ports.ts';
import type { RecoveryRunner } from './runner.ts';

export interface ResumeDeps {
  readonly servers: Servers;
  readonly runner: RecoveryRunner;
  readonly book: RecoveryBook;
  readonly fences: FenceKeeper;
  readonly clock: Clock;
  readonly log: Log;
  readonly probeTimeoutMs: number;
  readonly stepTimeoutMs: number;
  readonly retryMs: number;
  /** The server that the journal says was about to be promoted. */
  readonly promotionStarted: (uid: string) => InstanceKey | undefined;
  /** Resolves when every server known from before was probed once. */
  readonly surveyed: (signal: AbortSignal) => Promise<void>;
  readonly replicasOf: (key: InstanceKey) => readonly InstanceKey[];
  readonly fenceDropped: (key: InstanceKey) => Promise<void>;
  readonly onResumed: (record: RecoveryRecord, touched: readonly InstanceKey[]) => void;
}

/** Finishes or lets go of one open recovery. Until it returns, no other recovery of the cluster starts. */
export async function resumeRecovery(record: RecoveryRecord, deps: ResumeDeps, signal: AbortSignal): Promise<void> {
  const { book, clock, log, surveyed, replicasOf, promotionStarted, onResumed } = deps;
  log.warn(
    { uid: record.uid, cluster: record.cluster },
    'a recovery was left open: reading the servers to finish or drop it',
  );
  await surveyed(signal);
  const left = replicasOf(record.failed);
  const target = promotionStarted(record.uid);
  const leads = target !== undefined && isLeading(await untilRead(target, deps, signal));
  let closed: RecoveryRecord;
  if (target !== undefined && leads) {
    const errors = await attachAll(left, target, deps, signal);
    const lost = errors.map(({ key, error }) => ({ key, reason: error, reachable: true }));
    closed = {
      ...record,
      successful: true,
      harmless: false,
      successor: target,
      participants: left,
      lost,
      errors: errors.map(({ error }) => error),
    };
  } else {
    deps.fences.release(record.failed);
    await deps.fenceDropped(record.failed);
    const failures = await deps.runner.thaw(left);
    closed = {
      ...record,
      harmless: true,
      errors: ['the daemon was stopped before the promotion: nothing was promoted', ...failures],
    };
  }
  closed = { ...closed, endedMs: clock.nowMs() };
  await book.close(closed);
  if (!closed.successful) {
    const acknowledgement = { by: 'orchestrator', comment: 'detected crashed recovery', atMs: clock.nowMs() };
    await book.acknowledge(({ uid }) => uid === record.uid, acknowledgement);
  }
  log.warn({ uid: record.uid, successful: closed.successful, errors: closed.errors }, 'open recovery closed');
  onResumed(closed, [record.failed, ...left]);
}

/** Writable and following nobody: the promotion took effect. */
function isLeading(instance: Instance): boolean {
  return !instance.readOnly && sourceKey(instance) === undefined;
}

/** A server that may or may not lead must answer before anything is decided: guessing could make two primaries. */
async function untilRead(key: InstanceKey, deps: ResumeDeps, signal: AbortSignal): Promise<Instance> {
  for (;;) {
    try {
      return await deps.servers.probe(key, deps.probeTimeoutMs, signal);
    } catch (err) {
      signal.throwIfAborted();
      deps.log.warn(
        { instance: keyText(key), err: errorText(err) },
        'an open recovery waits for this server to answer',
      );
      await deps.clock.sleep(deps.retryMs, signal);
    }
  }
}

async function attachAll(keys: readonly InstanceKey[], target: InstanceKey, deps: ResumeDeps, signal: AbortSignal) {
  const results = await Promise.all(
    keys.map((key) =>
      deps.servers
        .change(key, deps.stepTimeoutMs, signal, async (session) => {
          await session.pointTo(target);
          await session.startReplication();
        })
        .then(() => undefined)
        .catch((err: unknown) => ({ key, error: `${keyText(key)}: ${errorText(err)}` })),
    ),
  );
  return results.filter((result) => result !== undefined);
}
