// From a verdict to a healed cluster: asks the gates, opens the recovery, has the hooks run, the replicas frozen, the plan
// made and executed, and closes the recovery on every way out.

import type { Clock } from '../runtime/clock.ts';
import { errorText, OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { ClusterSnapshot } from '../topology/cluster.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import type { AttemptSettings, ForceOptions, RecoveryAttempt } from './attempt.ts';
import type { RecoveryBook, RecoveryRecord } from './book.ts';
import { Busy } from './busy.ts';
import { type Decision, type Refusal, refusal, type TakenCluster } from './decision.ts';
import type { BlockedRecord } from './detections.ts';
import type { Detector } from './detector.ts';
import type { FenceKeeper } from './fence.ts';
import { firstNo, type Gate } from './gates.ts';
import { KINDS, type RecoveryKind } from './kinds.ts';
import { isLost, type Mandate } from './mandate.ts';
import { atRest } from './plan/at-rest.ts';
import { type FailoverPlan, type PlanOptions, planRecovery } from './plan.ts';
import {
  awaitedRead,
  type Evidence,
  evidenceGates,
  FRESH_EVIDENCE,
  type GateFacts,
  isReadable,
  NOT_DRAINING,
  POLLED_SINCE_ELECTED,
  recoveryGates,
  unreadSince,
} from './recovery-gates.ts';
import { runScriptsBehind, type ScriptsBehindDeps, scriptsDue } from './scripts-behind.ts';
import { type AskedOpinion, SECOND_OPINION, type SecondOpinion, type View, viewsText } from './second-opinion.ts';
import type { Verdict } from './verdict.ts';

export interface CoordinatorSettings {
  readonly primaryFilters: readonly string[];
  readonly intermediateFilters: readonly string[];
  /** So many failed reads in a row confirm a silence. */
  readonly confirmFailures: number;
  readonly graceMs: number;
  /** How long a problem of a server that answers must have lasted. */
  readonly holdMs: Readonly<Partial<Record<RecoveryKind, number>>>;
  /** How long after an attempt that changed nothing the next one may start. */
  readonly retryMs: number;
  /** How long a replica that was asked to reconnect gets for it. */
  readonly reconnectSettleMs: number;
  readonly noop: boolean;
  /** So many other nodes must miss a server as well, before it is recovered from. */
  readonly confirmations: number;
  /** How long what others say against a recovery counts. */
  readonly vetoMs: number;
  readonly attempt: AttemptSettings;
}

export interface CoordinatorDeps {
  readonly attempt: RecoveryAttempt;
  readonly detector: Detector;
  readonly book: RecoveryBook;
  readonly fences: FenceKeeper;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: CoordinatorSettings;
  readonly newUid: () => string;
  readonly evidence: (key: InstanceKey) => Evidence;
  /** The same problem as it stands now; undefined: it is gone. */
  readonly current: (verdict: Verdict) => Verdict | undefined;
  /** Somebody goes on reading this server, whether it answers or not. */
  readonly isWatched: (key: InstanceKey) => boolean;
  /** By the wall clock; undefined: the server is not known. */
  readonly lastAttemptedMs: (key: InstanceKey) => number | undefined;
  readonly globallyDisabled: () => boolean;
  readonly reconnectAskedMs: (primary: InstanceKey, replica: InstanceKey) => number;
  readonly scripts: ScriptsBehindDeps;
  readonly note: (uid: string, message: string) => void;
  readonly audit: (type: string, key: InstanceKey, cluster: string, message: string) => void;
  /** The topology changed by our hand: probe these at once; the lost ones go into downtime. */
  readonly onChanged: (record: RecoveryRecord, touched: readonly InstanceKey[]) => void;
  readonly blocked: (record: BlockedRecord) => void;
  /** No recovery is to begin here any more (F-90). */
  readonly draining: () => boolean;
  /** When this node was elected, by the wall clock; 0: there was nobody else. */
  readonly electedMs: () => number;
  /** Whether there is anybody to ask. */
  readonly others: () => Exclude<SecondOpinion, { kind: 'asked' }>;
  readonly ask: (key: InstanceKey) => Promise<readonly View[]>;
  /** Has a server read at once. */
  readonly suspect: (key: InstanceKey) => void;
  /** Has a server read in quick succession from its next read on: a decision waits for it. */
  readonly hurry: (key: InstanceKey) => void;
}

const VETO = 'one of OnFailureDetectionProcesses failed; the next attempt does not ask it again';

/** One recovery, from its claim to its end. */
interface Job {
  readonly verdict: Verdict;
  readonly options: ForceOptions;
  readonly mandate: Mandate;
  /** Nobody asked for it. */
  readonly automatic: boolean;
  /** Lets go of the cluster. */
  readonly release: () => void;
  readonly second?: SecondOpinion;
}

/** What even an operator's command has to wait for, or cannot have. */
const GATES_OF_FORCE: ReadonlySet<string> = new Set(['none open', 'may change servers', NOT_DRAINING]);

export class RecoveryCoordinator {
  readonly #deps: CoordinatorDeps;
  /** Clusters about which something is being decided or done, and by whom. */
  readonly #busy = new Busy();
  /** Recoveries that this node has begun and not left yet. */
  readonly #running = new Set<string>();
  /** What the others said against a recovery, by the server. */
  readonly #against = new Map<string, AskedOpinion>();

  constructor(deps: CoordinatorDeps) {
    this.#deps = deps;
  }

  isBusy(cluster: string): boolean {
    return this.#busy.isTaken(cluster);
  }

  /** Whether somebody here is at this recovery, from before its claim until after its end. */
  isRunning(uid: string): boolean {
    return this.#running.has(uid);
  }

  /** Every question an automatic recovery has to pass, in order. */
  gates(verdict: Verdict): readonly Gate[] {
    return recoveryGates(this.#facts(verdict));
  }

  #facts(verdict: Verdict, second: SecondOpinion = this.#secondOpinion(verdict.key)): GateFacts {
    const { settings, clock, book, fences, evidence, globallyDisabled } = this.#deps;
    const { snapshot, key, kind } = verdict;
    const nowMs = clock.nowMs();
    return {
      verdict,
      evidence: evidence(key),
      confirmFailures: settings.confirmFailures,
      evidenceOf: evidence,
      isWatched: this.#deps.isWatched,
      nowMs,
      reconnectAskedMs: (replica) => this.#deps.reconnectAskedMs(key, replica),
      reconnectSettleMs: settings.reconnectSettleMs,
      filters: KINDS[kind].filters === 'intermediate' ? settings.intermediateFilters : settings.primaryFilters,
      holdMs: settings.holdMs[kind] ?? 0,
      graceMs: settings.graceMs,
      globallyDisabled: globallyDisabled(),
      blocking: book.blocking(snapshot.name, kind, key, nowMs),
      failed: book.failedSince(snapshot.name, kind, nowMs - settings.retryMs),
      plan: this.#planFor(verdict),
      noop: settings.noop,
      replaced: fences.isWatched(key) || (kind === 'readOnlyPrimary' && this.#mayHaveSuccessor(verdict)),
      draining: this.#deps.draining(),
      open: this.#busy.concerns(snapshot.name, key) || book.openOf(snapshot.name) !== undefined,
      unreadSinceMoved: this.#unreadSinceMoved(key),
      electedMs: this.#deps.electedMs(),
      second,
      confirmations: settings.confirmations,
    };
  }

  /** Somebody took its place, or was lost while it was being given it. */
  #mayHaveSuccessor({ key, snapshot }: Verdict): boolean {
    const { book, fences } = this.#deps;
    return book.replaced(key) !== undefined || snapshot.members.some(({ instance }) => fences.isWatched(instance.key));
  }

  /** What was said against it not long ago counts; otherwise nobody has said anything yet. */
  #secondOpinion(key: InstanceKey): SecondOpinion {
    const { clock, settings, others } = this.#deps;
    const against = this.#against.get(keyText(key));
    if (against !== undefined && clock.nowMs() - against.atMs < settings.vetoMs) return against;
    this.#against.delete(keyText(key));
    return others();
  }

  /** Nothing else is decided about the cluster until they have answered. */
  async #ask({ key, snapshot }: Verdict): Promise<AskedOpinion> {
    const { ask, clock } = this.#deps;
    const release = this.#busy.take(snapshot);
    const views = await ask(key).finally(release);
    return { kind: 'asked', atMs: clock.nowMs(), views };
  }

  /** Automatic: tells of the problem once it stands on evidence, and acts when every gate agrees. */
  async consider(found: Verdict, mandate: Mandate): Promise<Decision> {
    const { settings, detector } = this.#deps;
    let facts = this.#facts(found);
    let verdict = found;
    const evidence = evidenceGates(facts);
    if (firstNo(evidence) === undefined && found.suppressedBy === undefined && !settings.noop && !facts.open) {
      const release = this.#busy.take(found.snapshot);
      const agreed = await detector.register(found, true, mandate, { skipHooks: false }).finally(release);
      const no = (name: string, value: string) =>
        refusal([...evidence, { name, passed: false, value, source: 'hooks' }]);
      if (!agreed) return no('scripts agree', VETO);
      const now = this.#deps.current(found); // scripts take their time
      if (now === undefined) return no('still there', 'gone when OnFailureDetectionProcesses had ended');
      verdict = now.code === found.code ? now : { ...now, lastedMs: 0 };
    }
    facts = this.#facts(verdict);
    let gates = recoveryGates(facts);
    if (facts.second.kind === 'notYet' && !isReadable(verdict) && firstNo(gates) === undefined) {
      const asked = await this.#ask(verdict);
      facts = this.#facts(verdict, asked);
      gates = recoveryGates(facts);
      if (firstNo(gates)?.name === SECOND_OPINION) this.#against.set(keyText(verdict.key), asked);
    }
    if (firstNo(gates) !== undefined) return this.#refuse(facts, gates);
    const release = this.#busy.take(verdict.snapshot);
    try {
      const options = { unlessGone: true };
      return {
        kind: 'recovered',
        record: await this.#recover({ verdict, options, mandate, automatic: true, release, second: facts.second }),
        gates,
      };
    } catch (err) {
      if (!(err instanceof OrchestratorError && err.code === 'RECOVERY_REFUSED')) throw err;
      const value = errorText(err);
      return refusal([...gates, { name: 'claim granted', passed: false, value, source: 'agreement' }]);
    }
  }

  /** People and scripts hear of a problem that nobody acts on. */
  async tell(verdict: Verdict, mandate: Mandate): Promise<void> {
    const { settings, detector } = this.#deps;
    if (settings.noop || verdict.suppressedBy !== undefined) return;
    await detector.register(verdict, false, mandate, { skipHooks: false });
  }

  /** An operator insists: only what nobody can overrule still counts. Older recoveries of the server are acknowledged. */
  async force(verdict: Verdict, options: ForceOptions, mandate: Mandate): Promise<Decision> {
    const taken = this.take(verdict);
    if (taken.kind === 'refused') return taken;
    return { kind: 'recovered', record: await taken.recover(options, mandate), gates: taken.gates };
  }

  /** Takes the cluster for an operator's command: nothing else is decided about it until it is let go. */
  take(verdict: Verdict): TakenCluster | Refusal {
    const gates = this.gates(verdict).filter(({ name }) => GATES_OF_FORCE.has(name));
    if (firstNo(gates) !== undefined) return refusal(gates);
    const release = this.#busy.take(verdict.snapshot);
    const recover = async (options: ForceOptions, mandate: Mandate) => {
      try {
        await this.#insist(verdict, mandate, options.skipHooks ?? false);
        return await this.#recover({ verdict, options, mandate, automatic: false, release });
      } finally {
        release();
      }
    };
    return { kind: 'taken', gates, recover, release };
  }

  /** @throws {OrchestratorError} `RECOVERY_REFUSED`: a script says no, and nothing was changed */
  async #insist(verdict: Verdict, mandate: Mandate, skipHooks: boolean): Promise<void> {
    const { book, clock, detector } = this.#deps;
    const comment = `implicit: ${verdict.command || 'recover'} was asked for`;
    await book.acknowledge((record) => sameKey(record.failed, verdict.key) && record.endedMs !== undefined, {
      by: 'orchestrator',
      comment,
      atMs: clock.nowMs(),
    });
    if (!(await detector.register(verdict, true, mandate, { skipHooks })))
      throw new OrchestratorError('RECOVERY_REFUSED', VETO);
  }

  /** What would happen if this server died now. */
  preview(snapshot: ClusterSnapshot, failed: InstanceKey, kind: RecoveryKind): FailoverPlan {
    return this.#planFor({ snapshot, key: failed, kind });
  }

  /** What a takeover would do, which lets the successor apply everything first. */
  previewTakeover(
    snapshot: ClusterSnapshot,
    key: InstanceKey,
    designated?: InstanceKey,
    kind: RecoveryKind = 'primary',
  ): FailoverPlan {
    const options = { ...this.#deps.settings.attempt.plan, failIfNotApplied: false };
    return this.#planFor({ snapshot: atRest(snapshot, key), key, kind }, designated, options);
  }

  #planFor(
    { snapshot, key, kind, heir }: Pick<Verdict, 'snapshot' | 'key' | 'kind' | 'heir'>,
    designated?: InstanceKey,
    options: PlanOptions = this.#deps.settings.attempt.plan,
  ): FailoverPlan {
    const { attempt } = this.#deps.settings;
    return planRecovery(kind, {
      snapshot,
      failed: key,
      ...(designated === undefined ? {} : { designated }),
      primaryAnswers: false,
      heir,
      fence: attempt.fenceReplacedPrimary,
      options,
    });
  }

  /** Replicas that were moved below this server by the recovery that promoted it, and not tried to be read since by whoever reads them. */
  #unreadSinceMoved(key: InstanceKey): InstanceKey | undefined {
    const { book, lastAttemptedMs, isWatched } = this.#deps;
    const moves = ({ kind, successful }: RecoveryRecord) => successful && !KINDS[kind].lives;
    const led = book.list().find((record) => moves(record) && sameKey(record.successor, key));
    if (led?.endedMs === undefined) return undefined;
    const endedByMs = book.endedByMs(led);
    return led.participants.find((one) => isWatched(one) && (lastAttemptedMs(one) ?? endedByMs) < endedByMs);
  }

  #refuse(facts: GateFacts, gates: readonly Gate[]): Decision {
    const { clock, blocked, suspect, hurry } = this.#deps;
    const { snapshot, key, code } = facts.verdict;
    const { blocking } = facts;
    const decision = refusal(gates);
    if (decision.gate.name === POLLED_SINCE_ELECTED) unreadSince(facts).forEach(suspect);
    const awaited = decision.gate.name === FRESH_EVIDENCE ? awaitedRead(facts) : undefined;
    if (awaited !== undefined) hurry(awaited.key);
    if (decision.gate.name === 'not blocked' && blocking !== undefined) {
      const { name: cluster, alias } = snapshot;
      blocked({ failed: key, code, cluster, alias, atMs: clock.nowMs(), blockingUid: blocking.uid });
    }
    return decision;
  }

  async #recover(job: Job): Promise<RecoveryRecord> {
    const { book, clock, newUid, log, audit, note } = this.#deps;
    const { verdict, mandate, automatic, release, second } = job;
    const { snapshot, key, kind, code } = verdict;
    const { name: cluster, alias } = snapshot;
    const uid = newUid();
    this.#running.add(uid);
    try {
      const claimed = await book.claim(
        {
          ...{ uid, kind, code, failed: key, cluster, alias, startedMs: clock.nowMs() },
          ...{ successful: false, lost: [], participants: [], errors: [], harmless: true },
        },
        { term: mandate.term, automatic },
      );
      log.warn({ cluster, failed: keyText(key), code, uid }, 'recovery starts');
      audit(KINDS[kind].audit, key, cluster, code);
      if (second?.kind === 'asked') note(uid, `other nodes were asked: ${viewsText(second.views) || 'there are none'}`);
      return await this.#carryOut(claimed, job);
    } finally {
      release();
      this.#running.delete(uid);
    }
  }

  async #carryOut(claimed: RecoveryRecord, { verdict, options, mandate, release }: Job): Promise<RecoveryRecord> {
    const { attempt, book, clock, log, note, onChanged, scripts } = this.#deps;
    const { signal } = mandate;
    let record = claimed;
    let attempted = false;
    try {
      ({ record, attempted } = await attempt.run(record, verdict, options, mandate));
    } catch (err) {
      signal.throwIfAborted(); // left open: whoever leads next, or the next start, finishes it or lets it go
      if (isLost(err)) throw err;
      record = { ...record, errors: [...record.errors, errorText(err)] };
      log.error({ err, uid: record.uid }, 'recovery failed');
    } finally {
      release();
    }
    signal.throwIfAborted();
    record = { ...record, endedMs: clock.nowMs() };
    const due = attempted && !options.skipHooks ? scriptsDue(record) : [];
    await book.close(record, due); // where that cannot be agreed on, it stays open for whoever leads next
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
    onChanged(record, [record.failed, ...record.participants]);
    if (due.length === 0) return record;
    const left = due.map((list) => ({ list, begun: 0 }));
    const failures = await runScriptsBehind(record, verdict, left, scripts);
    if (failures.length === 0) return record;
    record = { ...record, errors: [...record.errors, ...failures] };
    await book.close(record);
    return record;
  }
}
