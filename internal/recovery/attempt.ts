// One recovery between its opening and its closing: scripts, freeze, plan, run. A round that ends before anything was
// promoted because a server died on the way is followed by another one with those that are left.

import { dependantsOf, memberOf } from '../topology/cluster.ts';
import type { WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import type { RecoveryRecord } from './book.ts';
import type { FenceKeeper } from './fence.ts';
import type { Mandate } from './mandate.ts';
import { type FailoverPlan, type LostReplica, type PlanOptions, planRecovery } from './plan.ts';
import { planNote } from './plan-note.ts';
import type { RecoveryRunner, RunOutcome } from './runner.ts';
import type { Verdict } from './verdict.ts';

export interface ForceOptions {
  readonly designated?: InstanceKey;
  readonly skipHooks?: boolean;
  /** The primary still answers: it is made read-only first, or nothing happens. */
  readonly primaryAnswers?: boolean;
}

export interface AttemptSettings {
  readonly fenceReplacedPrimary: boolean;
  /** How often a recovery starts over when a server that it needs dies before the promotion. */
  readonly maxRounds: number;
  readonly catchUpMs: number;
  readonly plan: PlanOptions;
}

export interface AttemptDeps {
  readonly runner: RecoveryRunner;
  readonly fences: FenceKeeper;
  readonly settings: AttemptSettings;
  /** False: a script says no, and nothing was changed. */
  readonly preFailoverHooks: (record: RecoveryRecord, verdict: Verdict, mandate: Mandate) => Promise<boolean>;
  readonly note: (uid: string, message: string) => void;
  readonly storeFence: (failed: InstanceKey, cluster: string, successor: InstanceKey) => Promise<void>;
  readonly dropFence: (failed: InstanceKey) => Promise<void>;
}

type Promotion = Extract<FailoverPlan, { kind: 'promote' }>;

export class RecoveryAttempt {
  readonly #deps: AttemptDeps;

  constructor(deps: AttemptDeps) {
    this.#deps = deps;
  }

  /**
   * The record, still open, with everything that came of it. Not attempted: a script said no before it began.
   *
   * @throws {OrchestratorError} `NOT_LEADER`: it was left where it was
   */
  async run(
    opened: RecoveryRecord,
    verdict: Verdict,
    options: ForceOptions,
    mandate: Mandate,
  ): Promise<{ readonly record: RecoveryRecord; readonly attempted: boolean }> {
    if (!options.skipHooks && !(await this.#deps.preFailoverHooks(opened, verdict, mandate))) {
      const reason = 'a PreFailoverProcesses hook failed: nothing was changed';
      return { record: withErrors(opened, [reason]), attempted: false };
    }
    return { record: await this.#heal(opened, verdict, options, mandate), attempted: true };
  }

  async #heal(opened: RecoveryRecord, verdict: Verdict, options: ForceOptions, mandate: Mandate) {
    const { runner } = this.#deps;
    const replicas = dependantsOf(verdict.snapshot, verdict.key).filter((replica) => replica.valid);
    const record = { ...opened, participants: keysOf(replicas) };
    if (verdict.kind === 'intermediatePrimary') return this.#relocate(record, verdict, options, mandate);
    const reopen = options.primaryAnswers && memberOf(verdict.snapshot, verdict.key)?.instance.readOnly === false;
    if (options.primaryAnswers) {
      const { catchUpMs } = this.#deps.settings;
      const errors = await runner.quiesce(record.uid, verdict.key, keysOf(replicas), catchUpMs, mandate);
      if (errors.length > 0) return withErrors(record, errors);
    }
    const done = await this.#promote(record, verdict, replicas, options, mandate);
    if (!reopen || done.successful || !done.harmless) return done;
    return withErrors(done, await runner.reopen(verdict.key, mandate));
  }

  async #relocate(record: RecoveryRecord, verdict: Verdict, options: ForceOptions, mandate: Mandate) {
    const { runner } = this.#deps;
    const others = verdict.snapshot.members.filter(({ instance }) => !sameKey(instance.key, verdict.key));
    const fresh = await runner.survey(others, mandate.signal); // whoever is to take the orphans must live now
    const dead = verdict.snapshot.members.filter(({ instance }) => sameKey(instance.key, verdict.key));
    const snapshot = { ...verdict.snapshot, members: [...dead, ...fresh] };
    const [heir] = verdict.heir === undefined ? [] : await runner.survey([verdict.heir], mandate.signal);
    const plan = this.#plan({ ...verdict, snapshot, ...(heir === undefined ? {} : { heir }) }, options);
    if (plan.kind === 'none') return withErrors(record, plan.reasons);
    this.#note(record, plan);
    const outcome = await runner.run(record.uid, plan, mandate);
    if (outcome.kind === 'promoted') return succeeded(record, verdict, plan, outcome, []);
    return { ...withErrors(record, outcome.errors), harmless: !outcome.changed };
  }

  async #promote(
    record: RecoveryRecord,
    verdict: Verdict,
    replicas: readonly WatchedInstance[],
    options: ForceOptions,
    mandate: Mandate,
  ): Promise<RecoveryRecord> {
    const { runner, settings, note } = this.#deps;
    const lost: LostReplica[] = [];
    const errors: string[] = [];
    let harmless = true;
    let tried: Promotion | undefined;
    const end = async (frozen: readonly WatchedInstance[], reasons: readonly string[]) => {
      if (tried !== undefined) await this.#dropFence(verdict.key);
      const left = await runner.thaw(keysOf(frozen), mandate);
      return { ...withErrors(record, [...errors, ...reasons, ...left]), harmless };
    };
    for (let round = 1; ; round += 1) {
      const frozen = await runner.freeze(record.uid, replicas, mandate);
      const plan = this.#plan(verdict, options, frozen);
      if (plan.kind === 'none') return end(frozen, plan.reasons);
      if (tried !== undefined && sameServers(tried, plan)) return end(frozen, []);
      tried = plan;
      this.#note(record, plan);
      await this.#intendFence(plan, verdict, options);
      const outcome = await runner.run(record.uid, plan, mandate);
      if (outcome.kind === 'promoted') return succeeded({ ...record, errors }, verdict, plan, outcome, lost);
      await mandate.confirm(); // what follows is ours to put in order, or somebody else's
      errors.push(...outcome.errors);
      harmless &&= !outcome.changed;
      if (outcome.uncertain !== undefined) {
        await this.#distrust(outcome.uncertain, plan, verdict);
        lost.push({ key: outcome.uncertain, reason: 'may have become writable before it was lost', reachable: false });
      }
      if (round >= settings.maxRounds || mandate.signal.aborted) return end(frozen, []);
      note(record.uid, `starting over without those that no longer answer: ${outcome.errors.join('; ')}`);
    }
  }

  #note(record: RecoveryRecord, plan: Promotion): void {
    this.#deps.note(record.uid, planNote(plan));
  }

  #plan(verdict: Verdict, options: ForceOptions, frozen?: readonly WatchedInstance[]): FailoverPlan {
    const { settings } = this.#deps;
    const { snapshot, key } = verdict;
    const silent = dependantsOf(snapshot, key).filter(({ valid }) => !valid);
    return planRecovery(verdict.kind, {
      snapshot,
      failed: key,
      ...(frozen === undefined ? {} : { replicas: [...frozen, ...silent] }),
      ...(options.designated === undefined ? {} : { designated: options.designated }),
      primaryAnswers: options.primaryAnswers ?? false,
      heir: verdict.heir,
      fence: settings.fenceReplacedPrimary,
      options: settings.plan,
    });
  }

  /** The wish to fence is stored, and someone stands at the old primary's door, before the successor can be written to. */
  async #intendFence(plan: Promotion, verdict: Verdict, options: ForceOptions): Promise<void> {
    const { settings, fences, storeFence } = this.#deps;
    fences.release(plan.successor);
    if (!settings.fenceReplacedPrimary || options.primaryAnswers) return;
    await storeFence(verdict.key, verdict.snapshot.name, plan.successor);
    fences.watch(verdict.key);
  }

  /** Nobody replaced it after all: it leads again when it comes back. */
  async #dropFence(key: InstanceKey): Promise<void> {
    this.#deps.fences.release(key);
    await this.#deps.dropFence(key);
  }

  /** A server that was lost while it was being made writable may come back writable: it is treated like an old primary. */
  async #distrust(key: InstanceKey, plan: Promotion, verdict: Verdict): Promise<void> {
    await this.#deps.storeFence(key, verdict.snapshot.name, plan.successor);
    this.#deps.fences.watch(key);
  }
}

function succeeded(
  record: RecoveryRecord,
  verdict: Verdict,
  plan: Promotion,
  outcome: Extract<RunOutcome, { kind: 'promoted' }>,
  lost: readonly LostReplica[],
): RecoveryRecord {
  const successor = memberOf(verdict.snapshot, outcome.successor)?.instance;
  return {
    ...withErrors(record, outcome.errors),
    harmless: false,
    successful: true,
    successor: plan.successor,
    successorAlias: successor?.instanceAlias ?? '',
    ...(outcome.coordinates === undefined ? {} : { successorCoordinates: outcome.coordinates }),
    lost: [...outcome.lost.filter(({ key }) => !lost.some((one) => sameKey(one.key, key))), ...lost],
  };
}

function withErrors(record: RecoveryRecord, errors: readonly string[]): RecoveryRecord {
  return { ...record, errors: [...record.errors, ...errors] };
}

/** Another round with the same servers would fail in the same way. */
function sameServers(a: Promotion, b: Promotion): boolean {
  const servers = ({ steps }: Promotion) =>
    steps
      .filter(({ kind }) => kind === 'drain' || kind === 'feed' || kind === 'promote')
      .map((step) => keyText(step.target));
  return servers(a).join() === servers(b).join();
}

function keysOf(members: readonly WatchedInstance[]): readonly InstanceKey[] {
  return members.filter((member) => member.valid).map(({ instance }) => instance.key);
}
