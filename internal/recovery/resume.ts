// What to do with a recovery that a stopped daemon, or a deposed leader, left open. First nothing of what it had begun may take
// effect any more; then the servers decide: if the promotion had happened it is finished, otherwise everything it held is let go and
// the ordinary gates decide anew. Servers that are not as anything recorded explains are left alone.

import type { Clock } from '../runtime/clock.ts';
import { errorText, OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { Instance } from '../topology/instance.ts';
import { type InstanceKey, keyText, parseKey, sameKey } from '../topology/instance-key.ts';
import { alignedIn } from './binlog-server-acts.ts';
import type { RecoveryBook, RecoveryRecord } from './book.ts';
import { type FenceKeeper, liftFence } from './fence.ts';
import { KINDS } from './kinds.ts';
import { locatedIn } from './located.ts';
import { isLost, type Mandate } from './mandate.ts';
import type { FailoverPlan, Step } from './plan.ts';
import { lostText } from './plan-note.ts';
import type { Servers } from './ports.ts';
import { type RecoveryRunner, stepText } from './runner.ts';
import { scriptsDue } from './scripts-behind.ts';
import { endStandstill, type StandstillDeps } from './standstill.ts';

type Promotion = Extract<FailoverPlan, { kind: 'promote' }>;

export interface ResumeDeps {
  readonly servers: Servers;
  readonly runner: RecoveryRunner;
  readonly standstill: StandstillDeps;
  readonly book: RecoveryBook;
  readonly fences: FenceKeeper;
  readonly clock: Clock;
  readonly log: Log;
  readonly probeTimeoutMs: number;
  readonly stepTimeoutMs: number;
  readonly retryMs: number;
  /** When the last step that was begun has ended, one way or another, counted from now, ms. */
  readonly limitOf: (uid: string) => number;
  /** Steps that were begun, in order, in the words of `stepText`. */
  readonly journalled: (uid: string) => Promise<readonly string[]>;
  /** The last plan that was made. */
  readonly planOf: (uid: string) => Promise<Promotion | undefined>;
  /** Resolves when every server known from before was probed once. */
  readonly surveyed: (signal: AbortSignal) => Promise<void>;
  readonly replicasOf: (key: InstanceKey) => readonly InstanceKey[];
  readonly dropFence: (failed: InstanceKey) => Promise<void>;
  /** Scripts behind a recovery that succeeded: whoever left it open has begun none of them. */
  readonly scripts: (record: RecoveryRecord, mandate: Mandate) => Promise<void>;
  /** What became of it, for people. */
  readonly audit: (record: RecoveryRecord, message: string) => void;
  readonly onResumed: (record: RecoveryRecord, touched: readonly InstanceKey[]) => void;
}

/**
 * Takes over one open recovery, and finishes it or lets it go. Until that is done, no other recovery of the cluster starts.
 *
 * @throws {OrchestratorError} `NOT_LEADER`: it is left for whoever leads. `RECOVERY_REFUSED`: somebody else has it, or has ended it
 */
export async function resumeRecovery(left: RecoveryRecord, deps: ResumeDeps, mandate: Mandate): Promise<void> {
  const { signal } = mandate;
  const { book, clock, log, surveyed, replicasOf, onResumed, runner } = deps;
  log.warn(
    { uid: left.uid, cluster: left.cluster, holder: left.holder },
    'a recovery was left open: reading the servers to finish or drop it',
  );
  const record = await book.claim(left, { term: mandate.term, automatic: false });
  const past: Past = { steps: await deps.journalled(record.uid), plan: await deps.planOf(record.uid) };
  runner.continueAt(record.uid, past.steps.length);
  if (mandate.term > 0) await retire(record, past, deps, mandate);
  await surveyed(signal);
  const target = promotionTargets(past).at(-1);
  const behind = replicasOf(record.failed).filter((key) => !sameKey(key, target));
  const leads = target !== undefined && isLeading(await untilRead(target, deps, signal));
  if (mandate.term > 0) {
    const stray = await strayPrimary(record, behind, past, deps, signal);
    if (stray !== undefined) return giveUp(record, stray, deps);
  }
  const ended = KINDS[record.kind].lives
    ? dropped(record)
    : target !== undefined && leads
      ? await finish(record, target, behind, past, deps, mandate)
      : await letGo(record, [...behind, ...touchedKeys(past)], past, deps, mandate);
  const closed = { ...ended, endedMs: clock.nowMs() };
  await book.close(closed, closed.successful ? scriptsDue(closed) : []);
  deps.audit(closed, outcomeText(closed));
  if (!closed.successful) {
    const acknowledgement = { by: 'orchestrator', comment: 'detected crashed recovery', atMs: clock.nowMs() };
    await book.acknowledge(({ uid }) => uid === record.uid, acknowledgement);
  }
  log.warn({ uid: record.uid, successful: closed.successful, errors: closed.errors }, 'open recovery closed');
  onResumed(closed, [record.failed, ...behind]);
  if (closed.successful) await deps.scripts(closed, mandate);
}

/**
 * Nothing that an earlier leader began takes effect from here on: its sessions are ended on every server that it may be changing, or
 * the time is over that its last step could take. One that is dead has no sessions.
 */
async function retire(record: RecoveryRecord, past: Past, deps: ResumeDeps, { signal }: Mandate): Promise<void> {
  const { servers, clock, log, stepTimeoutMs, limitOf } = deps;
  const endMs = clock.monotonicMs() + limitOf(record.uid);
  const touched = distinct(touchedKeys(past)).filter((key) => !sameKey(key, record.failed));
  const isTarget = stoodStill(record, past) || KINDS[record.kind].lives;
  const keys = isTarget ? [record.failed, ...touched] : touched;
  const attempts = await Promise.allSettled(keys.map((key) => servers.expel(key, stepTimeoutMs, signal)));
  signal.throwIfAborted();
  const failures = attempts.flatMap((attempt) => (attempt.status === 'rejected' ? [attempt.reason as unknown] : []));
  const lost = failures.find(isLost);
  if (lost !== undefined) throw lost;
  const open = failures.filter((err) => !(err instanceof OrchestratorError && err.context.refused === true));
  const waitMs = endMs - clock.monotonicMs();
  if (open.length === 0 || waitMs <= 0) return;
  const fields = { uid: record.uid, waitMs, errors: open.map(errorText) };
  log.warn(fields, 'sessions of a former leader may be open: waiting until its last step has ended');
  await clock.sleep(waitMs, signal);
}

/** A server of the recovery that leads although nobody wrote down that it should. */
async function strayPrimary(
  record: RecoveryRecord,
  behind: readonly InstanceKey[],
  past: Past,
  { servers, probeTimeoutMs }: ResumeDeps,
  signal: AbortSignal,
): Promise<InstanceKey | undefined> {
  const explained = [record.failed, ...promotionTargets(past)];
  const others = distinct([...behind, ...touchedKeys(past)]).filter(
    (key) => !explained.some((one) => sameKey(key, one)),
  );
  const found = await Promise.all(
    others.map((key) => servers.probe(key, probeTimeoutMs, signal).catch(() => undefined)),
  );
  return found.find((instance) => instance?.readOnly === false && instance.replication === undefined)?.key;
}

/** Closed as failed and not acknowledged: nothing automatic follows until a person has looked. */
async function giveUp(record: RecoveryRecord, stray: InstanceKey, deps: ResumeDeps): Promise<void> {
  const { book, clock, log, audit } = deps;
  const error = `${keyText(stray)} takes writes and follows nobody, which this recovery did not do: nothing more is changed`;
  await book.close({ ...record, harmless: false, errors: [...record.errors, error], endedMs: clock.nowMs() });
  audit(record, `closed as failed: ${error}`);
  log.error(
    { uid: record.uid, cluster: record.cluster, stray: keyText(stray) },
    `open recovery closed as failed: ${error}`,
  );
}

/** What the stopped process wrote down: the steps it began, and the plan they came from. */
interface Past {
  readonly steps: readonly string[];
  readonly plan: Promotion | undefined;
}

/** Servers that may have been made writable, the last one last. */
function promotionTargets({ steps }: Past): readonly InstanceKey[] {
  return steps.filter((step) => step.startsWith('promote ')).map((step) => parseKey(step.slice('promote '.length)));
}

/** Servers whose replication the stopped process may have changed. */
function touchedKeys({ steps, plan }: Past): readonly InstanceKey[] {
  const frozen = steps
    .filter((step) => step.startsWith('freeze '))
    .flatMap((step) => step.split(' ').slice(1))
    .map((text) => parseKey(text));
  const planned = plan?.steps.filter(({ kind }) => kind !== 'fence').map(({ target }) => target) ?? [];
  return [...frozen, ...planned];
}

/** The promotion happened: what the plan had in store behind it is done, or done once more. */
async function finish(
  record: RecoveryRecord,
  successor: InstanceKey,
  left: readonly InstanceKey[],
  { plan, steps: begun }: Past,
  { runner }: ResumeDeps,
  mandate: Mandate,
): Promise<RecoveryRecord> {
  const behind = new Set<Step['kind']>(['demote', 'forget', 'attach', 'detach', 'gather', 'enter']);
  const steps = plan?.steps.filter(({ kind }) => behind.has(kind)) ?? [
    { kind: 'forget', target: successor } as const,
    ...left.map((target) => ({ kind: 'attach', target, source: successor }) as const),
  ];
  const { cluster, failed } = record;
  const rest = { cluster, failed, lost: [], atRisk: '', ...plan, kind: 'promote', successor, why: [], steps } as const;
  const outcome = await runner.run(record.uid, rest, mandate, {
    located: locatedIn(begun, successor),
    aligned: alignedIn(begun, successor),
  });
  const lost = outcome.kind === 'promoted' ? outcome.lost : rest.lost;
  return { ...record, successful: true, harmless: false, successor, participants: left, lost, errors: outcome.errors };
}

/** Its steps leave nothing half done, and what is still wrong is found again. */
function dropped(record: RecoveryRecord): RecoveryRecord {
  return { ...record, harmless: true, errors: [...record.errors, 'the daemon was stopped in it: judged anew'] };
}

/**
 * Nothing was promoted: whatever was stopped on the way runs again, a primary that was read-only for it takes writes, and the
 * ordinary gates decide anew.
 */
async function letGo(
  record: RecoveryRecord,
  keys: readonly InstanceKey[],
  past: Past,
  deps: ResumeDeps,
  mandate: Mandate,
): Promise<RecoveryRecord> {
  const { runner, standstill, clock } = deps;
  const fenced = await liftFence(record.failed, deps, mandate);
  const others = distinct(keys).filter((key) => !sameKey(key, record.failed));
  const halted = await writableTargets(past, deps, mandate);
  const failures = isForeign(record, past, clock) ? [] : await runner.thaw(without(others, halted), mandate);
  const left = halted.map((key) => `${keyText(key)}: replication was left stopped: it may have become writable`);
  const errors = [...record.errors, NOTHING_PROMOTED, ...fenced, ...failures, ...left];
  if (!stoodStill(record, past)) return { ...record, harmless: true, errors };
  const rivals = { suspects: promotionTargets(past), others };
  const kept = await endStandstill(record.uid, record.failed, rivals, standstill, mandate);
  const said = kept ?? `${keyText(record.failed)}, which was read-only for it, takes writes again`;
  return { ...record, harmless: true, errors: [...errors, said] };
}

/** Of an earlier round, and lost while they were made writable: they replicate from nobody until it is known that they are not. */
async function writableTargets(past: Past, deps: ResumeDeps, { signal }: Mandate): Promise<readonly InstanceKey[]> {
  const targets = promotionTargets(past);
  const earlier = without(distinct(targets), targets.slice(-1));
  const read = (key: InstanceKey) => deps.servers.probe(key, deps.probeTimeoutMs, signal).catch(() => undefined);
  const found = await Promise.all(earlier.map(read));
  signal.throwIfAborted();
  return earlier.filter((_, at) => found[at]?.readOnly !== true);
}

/** What nothing was written down of for so long was never ours: steps of ours can be missing only while the backend is slow. */
const FOREIGN_AFTER_MS = 3_600_000;

/**
 * The established product leaves recoveries without an end, for instance where a script said no. Who is stopped behind one of those is so by
 * somebody's wish.
 */
function isForeign({ startedMs }: RecoveryRecord, { steps, plan }: Past, clock: Pick<Clock, 'nowMs'>): boolean {
  return steps.length === 0 && plan === undefined && clock.nowMs() - startedMs > FOREIGN_AFTER_MS;
}

const NOTHING_PROMOTED = 'the daemon was stopped before the promotion: nothing was promoted';

/** The old primary answered, and was made read-only for this recovery. */
function stoodStill({ failed }: RecoveryRecord, { steps }: Past): boolean {
  return steps.includes(stepText({ kind: 'quiesce', target: failed }));
}

function outcomeText({ successor, errors, lost }: RecoveryRecord): string {
  if (successor === undefined) return `let go: ${errors.join('; ')}`;
  return [`finished: ${keyText(successor)} leads`, ...lost.map(lostText)].join('; ');
}

function without(keys: readonly InstanceKey[], those: readonly InstanceKey[]): readonly InstanceKey[] {
  return keys.filter((key) => !those.some((one) => sameKey(one, key)));
}

function distinct(keys: readonly InstanceKey[]): readonly InstanceKey[] {
  return [...new Map(keys.map((key) => [keyText(key), key])).values()];
}

/** Writable and receiving from nobody: the promotion took effect, whether or not it has forgotten its source. */
function isLeading(instance: Instance): boolean {
  return !instance.readOnly && instance.replication?.receiver !== 'running';
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
