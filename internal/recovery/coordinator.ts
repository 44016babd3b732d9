// From a verdict to a healed cluster: asks the gates, opens the recovery, has the hooks run, the replicas frozen, the plan
// made and executed, and closes the recovery on every way out.

import type { Clock } from '../runtime/clock.ts';
import { errorText } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { ClusterSnapshot } from '../topology/cluster.ts';
import { memberOf, replicasOf } from '../topology/cluster.ts';
import type { WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import type { RecoveryBook, RecoveryKind, RecoveryRecord } from './book.ts';
import type { FenceKeeper } from './fence.ts';
import { matchesClusterFilter } from './filters.ts';
import { firstNo, type Gate } from './gates.ts';
import { type FailoverPlan, type PlanOptions, planIntermediateRecovery, planPrimaryFailover } from './plan.ts';
import type { RecoveryRunner, RunOutcome } from './runner.ts';

/** What analysis found, as far as recovery needs it. */
export interface Verdict {
  readonly code: string;
  readonly kind: RecoveryKind;
  readonly key: InstanceKey;
  readonly snapshot: ClusterSnapshot;
  readonly suppressedBy: string | undefined;
}

export interface Evidence {
  readonly failures: number;
  readonly firstFailureMs: number;
  readonly refused: boolean;
}

export interface CoordinatorSettings {
  readonly primaryFilters: readonly string[];
  readonly intermediateFilters: readonly string[];
  readonly graceMs: number;
  readonly fenceReplacedPrimary: boolean;
  readonly noop: boolean;
  readonly plan: PlanOptions;
}

export type HookList =
  | 'detection'
  | 'preFailover'
  | 'postPrimary'
  | 'postIntermediate'
  | 'postFailover'
  | 'postUnsuccessful';

export interface CoordinatorDeps {
  readonly runner: RecoveryRunner;
  readonly book: RecoveryBook;
  readonly fences: FenceKeeper;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: CoordinatorSettings;
  readonly newUid: () => string;
  readonly evidence: (key: InstanceKey) => Evidence;
  readonly globallyDisabled: () => boolean;
  /** Runs one list of operator scripts; false when one that may stop the recovery failed. */
  readonly hooks: (list: HookList, record: RecoveryRecord, verdict: Verdict) => Promise<boolean>;
  readonly note: (uid: string, message: string) => void;
  readonly audit: (type: string, key: InstanceKey, cluster: string, message: string) => void;
  /** The topology changed by our hand: probe these at once; the lost ones go into downtime. */
  readonly onChanged: (record: RecoveryRecord, touched: readonly InstanceKey[]) => void;
  readonly storeFence: (failed: InstanceKey, cluster: string, successor: InstanceKey) => Promise<void>;
}

export type Decision =
  | { readonly kind: 'recovered'; readonly record: RecoveryRecord; readonly gates: readonly Gate[] }
  | { readonly kind: 'refused'; readonly gate: Gate; readonly gates: readonly Gate[] };

export interface ForceOptions {
  readonly designated?: InstanceKey;
  readonly skipHooks?: boolean;
  readonly primaryAnswers?: boolean;
}

export class RecoveryCoordinator {
  readonly #deps: CoordinatorDeps;
  readonly #busy = new Set<string>();
  readonly #notified = new Set<string>();

  constructor(deps: CoordinatorDeps) {
    this.#deps = deps;
  }

  isBusy(cluster: string): boolean {
    return this.#busy.has(cluster);
  }

  /** Every question an automatic recovery has to pass, in order. */
  gates(verdict: Verdict): readonly Gate[] {
    const { settings, clock, book, evidence, globallyDisabled } = this.#deps;
    const { snapshot, key, kind } = verdict;
    const nowMs = clock.nowMs();
    const seen = evidence(key);
    const downMs = seen.failures === 0 ? 0 : nowMs - seen.firstFailureMs;
    const confirmed = seen.failures >= 2 || seen.refused;
    const stale = replicasOf(snapshot, key).find(
      (replica) => replica.valid && replica.lastSeenMs < seen.firstFailureMs,
    );
    const filters = kind === 'intermediatePrimary' ? settings.intermediateFilters : settings.primaryFilters;
    const filterKey =
      kind === 'intermediatePrimary' ? 'RecoverIntermediateMasterClusterFilters' : 'RecoverMasterClusterFilters';
    const blocking = book.blocking(snapshot.name, kind, key, nowMs);
    const replaced = this.#deps.fences.isWatched(key);
    const open = this.#busy.has(snapshot.name) || book.openOf(snapshot.name) !== undefined;
    return [
      { name: 'detected', passed: true, value: verdict.code, source: 'analysis', ageMs: downMs },
      {
        name: 'confirmed',
        passed: confirmed,
        value: `${seen.failures} failed reads, refused: ${seen.refused}`,
        source: 'probes',
        ageMs: downMs,
      },
      {
        name: 'fresh evidence',
        passed: stale === undefined,
        value:
          stale === undefined ? 'all replicas read after the failure' : `${keyText(stale.instance.key)} not read since`,
        source: 'probes',
      },
      {
        name: 'recoveries enabled',
        passed: !globallyDisabled(),
        value: globallyDisabled() ? 'disabled' : 'enabled',
        source: 'global switch',
      },
      {
        name: 'filter matches',
        passed: matchesClusterFilter(filters, snapshot),
        value: JSON.stringify(filters),
        source: filterKey,
      },
      {
        name: 'not suppressed',
        passed: verdict.suppressedBy === undefined,
        value: verdict.suppressedBy ?? 'no',
        source: 'downtime and maintenance',
      },
      {
        name: 'grace over',
        passed: downMs >= settings.graceMs,
        value: `down for ${downMs} ms of ${settings.graceMs} ms`,
        source: 'PrimaryDownGraceMilliseconds',
      },
      {
        name: 'not blocked',
        passed: blocking === undefined,
        value: blocking === undefined ? 'no' : `by ${blocking.uid}`,
        source: 'RecoveryPeriodBlockSeconds',
      },
      {
        name: 'not replaced',
        passed: !replaced,
        value: replaced ? 'has a successor and waits to be fenced' : 'no',
        source: 'fence intents',
      },
      {
        name: 'none open',
        passed: !open,
        value: open ? 'a recovery of this cluster is open' : 'none',
        source: 'recoveries',
      },
    ];
  }

  /** Automatic: acts when every gate agrees. */
  async consider(verdict: Verdict, signal: AbortSignal): Promise<Decision> {
    const gates = this.gates(verdict);
    const no = firstNo(gates);
    if (no !== undefined) return { kind: 'refused', gate: no, gates };
    if (this.#deps.settings.noop) {
      const gate = { name: 'not noop', passed: false, value: 'started with --noop', source: 'command line' };
      return { kind: 'refused', gate, gates: [...gates, gate] };
    }
    return { kind: 'recovered', record: await this.#recover(verdict, {}, signal), gates };
  }

  /** An operator insists: only "one recovery at a time" still counts. */
  async force(verdict: Verdict, options: ForceOptions, signal: AbortSignal): Promise<Decision> {
    const gates = this.gates(verdict).filter((gate) => gate.name === 'none open');
    const no = firstNo(gates);
    if (no !== undefined) return { kind: 'refused', gate: no, gates };
    return { kind: 'recovered', record: await this.#recover(verdict, options, signal), gates };
  }

  /** What would happen if this primary died now. */
  preview(snapshot: ClusterSnapshot, failed: InstanceKey, designated?: InstanceKey): FailoverPlan {
    const { settings } = this.#deps;
    return planPrimaryFailover({
      snapshot,
      failed,
      ...(designated === undefined ? {} : { designated }),
      primaryAnswers: false,
      fence: settings.fenceReplacedPrimary,
      options: settings.plan,
    });
  }

  async #recover(verdict: Verdict, options: ForceOptions, signal: AbortSignal): Promise<RecoveryRecord> {
    const { book, clock, newUid, log, note } = this.#deps;
    const { snapshot, key } = verdict;
    this.#busy.add(snapshot.name);
    let record: RecoveryRecord = {
      uid: newUid(),
      kind: verdict.kind,
      code: verdict.code,
      failed: key,
      cluster: snapshot.name,
      alias: snapshot.alias,
      startedMs: clock.nowMs(),
      successful: false,
      lost: [],
      participants: [],
      errors: [],
      harmless: true,
    };
    log.warn({ cluster: snapshot.name, failed: keyText(key), code: verdict.code, uid: record.uid }, 'recovery starts');
    try {
      await book.open(record);
      record = await this.#attempt(record, verdict, options, signal);
    } catch (err) {
      record = { ...record, errors: [...record.errors, errorText(err)] };
      log.error({ err, uid: record.uid }, 'recovery failed');
    } finally {
      record = { ...record, endedMs: clock.nowMs() };
      await book.close(record);
      this.#busy.delete(snapshot.name);
    }
    const durationMs = (record.endedMs ?? 0) - record.startedMs;
    note(
      record.uid,
      record.successful ? `recovered in ${durationMs} ms` : `not recovered: ${record.errors.join('; ')}`,
    );
    log.warn(
      {
        uid: record.uid,
        successful: record.successful,
        successor: record.successor && keyText(record.successor),
        durationMs,
        errors: record.errors,
      },
      'recovery ends',
    );
    await this.#afterwards(record, verdict, options);
    return record;
  }

  async #attempt(
    opened: RecoveryRecord,
    verdict: Verdict,
    options: ForceOptions,
    signal: AbortSignal,
  ): Promise<RecoveryRecord> {
    const { runner, hooks, note, audit } = this.#deps;
    let record = opened;
    const refuse = (reasons: readonly string[]) => ({ ...record, errors: [...record.errors, ...reasons] });
    if (!options.skipHooks) {
      const detection = `${keyText(verdict.key)} ${verdict.code}`;
      if (!this.#notified.has(detection) && !(await hooks('detection', record, verdict)))
        return refuse(['a detection hook failed']);
      this.#notified.add(detection);
      audit(
        verdict.kind === 'intermediatePrimary' ? 'recover-dead-intermediate-master' : 'recover-dead-master',
        verdict.key,
        record.cluster,
        verdict.code,
      );
      if (!(await hooks('preFailover', record, verdict)))
        return refuse(['a PreFailoverProcesses hook failed: nothing was changed']);
    }

    const replicas = replicasOf(verdict.snapshot, verdict.key).filter((replica) => replica.valid);
    record = { ...record, participants: replicas.map(({ instance }) => instance.key) };
    const frozen = verdict.kind === 'intermediatePrimary' ? replicas : await runner.freeze(replicas, signal);
    const plan = this.#plan(withMembers(verdict.snapshot, frozen), verdict, options);
    if (plan.kind === 'none') {
      const left = await runner.thaw(keysOf(frozen));
      return refuse([...plan.reasons, ...left]);
    }
    note(record.uid, `plan: ${JSON.stringify(plan)}`);
    record = { ...record, lost: plan.lost };
    if (verdict.kind !== 'intermediatePrimary') await this.#intendFence(plan, verdict, options);
    const outcome = await runner.run(record.uid, plan, signal);
    return this.#conclude(record, verdict, plan, outcome, frozen);
  }

  async #conclude(
    record: RecoveryRecord,
    verdict: Verdict,
    plan: Extract<FailoverPlan, { kind: 'promote' }>,
    outcome: RunOutcome,
    frozen: readonly WatchedInstance[],
  ): Promise<RecoveryRecord> {
    const { runner, fences } = this.#deps;
    if (outcome.kind === 'failed') {
      fences.release(verdict.key);
      const left = verdict.kind === 'intermediatePrimary' ? [] : await runner.thaw(keysOf(frozen));
      return { ...record, harmless: !outcome.changed, errors: [...record.errors, ...outcome.errors, ...left] };
    }
    const successor = memberOf(verdict.snapshot, outcome.successor)?.instance;
    return {
      ...record,
      harmless: false,
      successful: true,
      successor: plan.successor,
      successorAlias: successor?.instanceAlias ?? '',
      lost: outcome.lost,
      errors: [...record.errors, ...outcome.errors],
    };
  }

  #plan(snapshot: ClusterSnapshot, verdict: Verdict, options: ForceOptions): FailoverPlan {
    const { settings } = this.#deps;
    const request = {
      snapshot,
      failed: verdict.key,
      ...(options.designated === undefined ? {} : { designated: options.designated }),
      options: settings.plan,
    };
    if (verdict.kind === 'intermediatePrimary') return planIntermediateRecovery(request);
    return planPrimaryFailover({
      ...request,
      primaryAnswers: options.primaryAnswers ?? false,
      fence: settings.fenceReplacedPrimary,
    });
  }

  /** The wish to fence is stored, and someone stands at the old primary's door, before the successor can be written to. */
  async #intendFence(
    plan: Extract<FailoverPlan, { kind: 'promote' }>,
    verdict: Verdict,
    options: ForceOptions,
  ): Promise<void> {
    const { settings, fences, storeFence } = this.#deps;
    if (!settings.fenceReplacedPrimary || options.primaryAnswers) return;
    fences.release(plan.successor);
    await storeFence(verdict.key, verdict.snapshot.name, plan.successor);
    fences.watch(verdict.key);
  }

  async #afterwards(record: RecoveryRecord, verdict: Verdict, options: ForceOptions): Promise<void> {
    const { hooks, onChanged, log, note } = this.#deps;
    onChanged(record, [record.failed, ...record.participants]);
    if (options.skipHooks || (record.harmless && !record.successful)) return;
    const lists: readonly HookList[] = record.successful
      ? [record.kind === 'intermediatePrimary' ? 'postIntermediate' : 'postPrimary', 'postFailover']
      : ['postUnsuccessful'];
    for (const list of lists) {
      const ok = await hooks(list, record, verdict).catch((err: unknown) => {
        log.error({ err, list }, 'hooks could not run');
        return false;
      });
      if (!ok) note(record.uid, `a hook of ${list} failed`);
    }
  }
}

function keysOf(members: readonly WatchedInstance[]): readonly InstanceKey[] {
  return members.filter((member) => member.valid).map(({ instance }) => instance.key);
}

function withMembers(snapshot: ClusterSnapshot, fresh: readonly WatchedInstance[]): ClusterSnapshot {
  const members = snapshot.members.map(
    (member) => fresh.find(({ instance }) => sameKey(instance.key, member.instance.key)) ?? member,
  );
  return { ...snapshot, members };
}
