// One recovery between its opening and its closing: scripts, freeze, plan, run. A round that ends before anything was
// promoted because a server died on the way is followed by another one with those that are left.

import { errorText } from '../runtime/errors.ts';
import { dependantsOf, memberOf } from '../topology/cluster.ts';
import type { WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import type { RecoveryRecord } from './book.ts';
import { type FenceKeeper, liftFence } from './fence.ts';
import { KINDS } from './kinds.ts';
import { isLost, type Mandate } from './mandate.ts';
import { belowBinlogServers } from './plan/binlog-servers.ts';
import { type FailoverPlan, type LostReplica, type PlanOptions, planRecovery } from './plan.ts';
import { lostText, planNote } from './plan-note.ts';
import type { RecoveryRunner, RunOutcome } from './runner.ts';
import { bringToStandstill, endStandstill, type StandstillDeps } from './standstill.ts';
import type { Verdict } from './verdict.ts';

export interface ForceOptions {
  readonly designated?: InstanceKey;
  readonly skipHooks?: boolean;
  /** The primary still answers: it is made read-only first, or nothing happens. */
  readonly primaryAnswers?: boolean;
  /** The designated one has applied the last write of the primary, or nothing happens. */
  readonly mustCatchUp?: boolean;
  /** A planned change: the old primary follows the new one, and that one is promoted whatever scripts are left to do otherwise. */
  readonly demote?: { readonly start: boolean };
  /** Nobody asked for it: nothing happens where the problem is gone by the time that the scripts before it have ended. */
  readonly unlessGone?: boolean;
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
  readonly standstill: StandstillDeps;
  readonly settings: AttemptSettings;
  /** False: a script says no, and nothing was changed. */
  readonly preFailoverHooks: (record: RecoveryRecord, verdict: Verdict, mandate: Mandate) => Promise<boolean>;
  /** Whether the problem is there still. */
  readonly isCurrent: (verdict: Verdict) => boolean;
  /** Whether this server answered when it was read last. */
  readonly answers: (key: InstanceKey) => boolean;
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
    const { preFailoverHooks, isCurrent, answers } = this.#deps;
    const { asksScripts, replaces } = KINDS[verdict.kind];
    const none = (why: string) => ({ record: withErrors(opened, [`${why}: nothing was changed`]), attempted: false });
    if (asksScripts && !options.skipHooks) {
      if (!(await preFailoverHooks(opened, verdict, mandate))) return none('a PreFailoverProcesses hook failed');
      if (options.unlessGone && !isCurrent(verdict))
        return none('the problem was gone when PreFailoverProcesses had ended');
    }
    const primaryAnswers = options.primaryAnswers || (replaces && answers(verdict.key)); // it may be back since
    const record = await this.#heal(opened, verdict, { ...options, primaryAnswers }, mandate);
    for (const one of record.lost) this.#deps.note(record.uid, lostText(one));
    return { record, attempted: true };
  }

  async #heal(opened: RecoveryRecord, verdict: Verdict, options: ForceOptions, mandate: Mandate) {
    const replicas = dependantsOf(verdict.snapshot, verdict.key).filter((replica) => replica.valid);
    const record = { ...opened, participants: keysOf(replicas) };
    if (KINDS[verdict.kind].lives) return this.#setRight(record, verdict, options, mandate);
    if (!KINDS[verdict.kind].replaces) return this.#relocate(record, verdict, options, mandate);
    if (options.primaryAnswers) return this.#replaceLiving(record, verdict, replicas, options, mandate);
    return this.#promote(record, verdict, replicas, options, mandate);
  }

  /** Whatever keeps its successor from being promoted, the primary takes writes again afterwards. */
  async #replaceLiving(
    record: RecoveryRecord,
    verdict: Verdict,
    replicas: readonly WatchedInstance[],
    options: ForceOptions,
    mandate: Mandate,
  ): Promise<RecoveryRecord> {
    const { settings, standstill } = this.#deps;
    const { designated, mustCatchUp } = options;
    const request = {
      ...{ uid: record.uid, primary: verdict.key, replicas: keysOf(replicas), catchUpMs: settings.catchUpMs },
      ...(mustCatchUp && designated !== undefined ? { mustCatchUp: designated } : {}),
    };
    const { closed, errors } = await bringToStandstill(request, standstill, mandate);
    const done =
      errors.length > 0
        ? withErrors(record, errors)
        : await this.#promote(record, verdict, replicas, options, mandate).catch((err: unknown) => {
            mandate.signal.throwIfAborted();
            if (isLost(err)) throw err;
            return { ...withErrors(record, [errorText(err)]), harmless: false };
          });
    if (!closed || done.successful) return done;
    const others = keysOf(replicas);
    const rivals = { others, suspects: others.filter((key) => this.#deps.fences.isWatched(key)) };
    const left = await endStandstill(record.uid, verdict.key, rivals, standstill, mandate);
    return left === undefined ? done : withErrors(done, [left]);
  }

  /** Judged anew from what every server of the cluster says now. One that failed changed nothing that would be in the way of the next. */
  async #setRight(record: RecoveryRecord, verdict: Verdict, options: ForceOptions, mandate: Mandate) {
    const { runner } = this.#deps;
    const members = await runner.survey(verdict.snapshot.members, mandate.signal);
    const plan = this.#plan({ ...verdict, snapshot: { ...verdict.snapshot, members } }, options);
    if (plan.kind === 'none') return withErrors(record, plan.reasons);
    this.#note(record, plan);
    const outcome = await runner.run(record.uid, plan, mandate);
    if (outcome.kind === 'promoted') return succeeded(record, verdict, plan, outcome, []);
    return withErrors(record, outcome.errors);
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
    /** In any round, the lost ones along: whoever comes back later must not stay stopped without anybody knowing. */
    const stopped = new Map<string, InstanceKey>();
    /** Were lost while they were made writable: in no round are they given a source, or let go. */
    const suspects = new Set<string>();
    /** Binlog servers that did not take what they lack: whoever is behind one of them does not lead. */
    const unfed: InstanceKey[] = [];
    let harmless = true;
    let tried: Promotion | undefined;
    const end = async (reasons: readonly string[]) => {
      const fenced = tried === undefined ? [] : await liftFence(verdict.key, this.#deps, mandate);
      const isSuspect = (key: InstanceKey) => suspects.has(keyText(key));
      const keys = [...stopped.values()];
      const left = await runner.thaw(
        keys.filter((key) => !isSuspect(key)),
        mandate,
      );
      const halted = keys
        .filter(isSuspect)
        .map((key) => `${keyText(key)}: replication was left stopped: it may have become writable`);
      return { ...withErrors(record, [...errors, ...reasons, ...fenced, ...left, ...halted]), harmless };
    };
    try {
      for (let round = 1; ; round += 1) {
        const asFrozen = await runner.freeze(record.uid, replicas, mandate);
        for (const { asked, instance } of asFrozen) if (asked) stopped.set(keyText(instance.key), instance.key);
        const isOut = ({ instance: { key } }: WatchedInstance) =>
          suspects.has(keyText(key)) || unfed.some((one) => sameKey(one, key));
        const frozen = asFrozen.map((one) => (isOut(one) ? { ...one, valid: false } : one));
        const plan = this.#plan(await this.#withThoseBehind(verdict, frozen, mandate), options, frozen);
        if (plan.kind === 'none') return await end(plan.reasons);
        for (const { kind, target } of plan.steps) if (kind === 'receive') stopped.set(keyText(target), target);
        if (tried !== undefined && sameServers(tried, plan)) return await end([]);
        tried = plan;
        this.#note(record, plan);
        await this.#intendFence(plan, verdict, options);
        const outcome = await runner.run(record.uid, plan, mandate);
        if (outcome.kind === 'promoted') return succeeded({ ...record, errors }, verdict, plan, outcome, lost);
        await mandate.confirm(); // what follows is ours to put in order, or somebody else's
        errors.push(...outcome.errors);
        harmless &&= !outcome.changed;
        if (outcome.unfed !== undefined) unfed.push(outcome.unfed);
        if (outcome.uncertain !== undefined) {
          suspects.add(keyText(outcome.uncertain));
          await this.#distrust(outcome.uncertain, plan, verdict);
          lost.push({
            key: outcome.uncertain,
            reason: 'may have become writable before it was lost',
            reachable: false,
          });
        }
        if (round >= settings.maxRounds || mandate.signal.aborted) return await end([]);
        note(record.uid, `starting over without those that no longer answer: ${outcome.errors.join('; ')}`);
      }
    } catch (err) {
      mandate.signal.throwIfAborted();
      if (isLost(err)) throw err;
      return end([errorText(err)]);
    }
  }

  /** Who replicates through binlog servers may have to lead, and was not frozen with them: it is read anew. */
  async #withThoseBehind(verdict: Verdict, frozen: readonly WatchedInstance[], { signal }: Mandate): Promise<Verdict> {
    const { snapshot, key } = verdict;
    const isFrozen = (one: WatchedInstance) => frozen.some(({ instance }) => sameKey(instance.key, one.instance.key));
    const silent = dependantsOf(snapshot, key).filter(({ valid }) => !valid);
    const servers = [...frozen, ...silent].map(({ instance }) => instance);
    const behind = belowBinlogServers(snapshot, servers).filter((one) => !isFrozen(one));
    if (behind.length === 0) return verdict;
    const fresh = await this.#deps.runner.survey(behind, signal);
    const members = [...snapshot.members.filter((one) => !behind.includes(one)), ...fresh];
    return { ...verdict, snapshot: { ...snapshot, members } };
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
      ...(options.demote === undefined ? {} : { demote: options.demote }),
      primaryAnswers: options.primaryAnswers ?? false,
      heir: verdict.heir,
      fence: settings.fenceReplacedPrimary,
      options: options.demote === undefined ? settings.plan : { ...settings.plan, applyPromotion: true },
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
