// Everything that heals: from the analysis of a cluster to recoveries, takeovers and fences. Built here, wired to the
// working copy in memory and to the servers.

import { type Analysis, NO_PROBLEM } from '../analysis/analyse.ts';
import { StuckWrites } from '../analysis/stuck-writes.ts';
import type { Inventory } from '../discovery/inventory.ts';
import type { Observer } from '../discovery/observer.ts';
import type { MysqlServers } from '../mysql/servers.ts';
import { RecoveryAttempt } from '../recovery/attempt.ts';
import type { RecoveryBook, RecoveryRecord } from '../recovery/book.ts';
import { RecoveryCoordinator } from '../recovery/coordinator.ts';
import { Detector } from '../recovery/detector.ts';
import { FenceKeeper } from '../recovery/fence.ts';
import { matchesClusterFilter } from '../recovery/filters.ts';
import { forcedKind, whyNotForced } from '../recovery/forced.ts';
import { KINDS } from '../recovery/kinds.ts';
import { LateForget } from '../recovery/late-forget.ts';
import type { Match } from '../recovery/ports.ts';
import type { HostAddresses } from '../recovery/primary-pairs.ts';
import { RecoveryRunner } from '../recovery/runner.ts';
import { type Finding, Sentinel } from '../recovery/sentinel.ts';
import type { StandstillDeps } from '../recovery/standstill.ts';
import { GracefulTakeover } from '../recovery/takeover.ts';
import { stillFound, type Verdict } from '../recovery/verdict.ts';
import type { Clock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { TaskGroup } from '../runtime/task-group.ts';
import { type ClusterSnapshot, memberOf } from '../topology/cluster.ts';
import { LOST_IN_RECOVERY } from '../topology/downtime.ts';
import { type Instance, sourceKey } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import type { Agreement } from './agreement.ts';
import { findingOf, renewed } from './findings.ts';
import { NodeOffice } from './office.ts';
import type { Opinions } from './opinions.ts';
import type { Restored, RunHooks, Storage } from './ports.ts';
import { RecoveryLedger } from './recovery-ledger.ts';
import { RecoveryScripts } from './recovery-scripts.ts';
import { ReplacedPrimaries } from './replaced-primaries.ts';
import { Resumption } from './resumption.ts';
import type { Settings } from './settings.ts';
import { newRecoveryUid } from './uid.ts';

export interface RecoveryRoomDeps {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly restored: Restored;
  readonly runHooks: RunHooks;
  readonly clock: Clock;
  readonly log: Log;
  readonly tasks: TaskGroup;
  readonly inventory: Inventory;
  readonly observer: Observer;
  readonly servers: MysqlServers;
  readonly analyse: (snapshot: ClusterSnapshot) => readonly Analysis[];
  readonly globallyDisabled: () => boolean;
  readonly agreement: () => Agreement;
  /** This node is about to hand over. */
  readonly draining?: () => boolean;
  /** How this node is called. */
  readonly node: string;
  /** Of a host, as they were looked up last. */
  readonly addressesOf?: (hostname: string) => HostAddresses;
  /** For replicas that go by file and position. */
  readonly match: Match;
  /** Undefined: there are no other nodes. */
  readonly opinions: Opinions | undefined;
  /** Here alone: for what is agreed on already. */
  readonly endDowntime: (key: InstanceKey) => void;
}

export class RecoveryRoom {
  readonly book: RecoveryBook;
  /** What all nodes know alike. */
  readonly ledger: RecoveryLedger;
  readonly fences: FenceKeeper;
  readonly coordinator: RecoveryCoordinator;
  readonly sentinel: Sentinel;
  readonly takeover: GracefulTakeover;
  readonly #deps: RecoveryRoomDeps;
  readonly #runner: RecoveryRunner;
  readonly #resumption: Resumption;
  readonly #detector: Detector;
  readonly #scripts: RecoveryScripts;
  readonly #replaced: ReplacedPrimaries;
  readonly #stuck = new StuckWrites();
  /** What this node does to servers; none while another one leads. */
  #office: NodeOffice | undefined;

  constructor(deps: RecoveryRoomDeps) {
    this.#deps = deps;
    const { storage, restored, clock, log, tasks, servers, inventory, observer } = deps;
    const shared = { servers, tasks, clock, log };
    const newUid = () => newRecoveryUid(clock);
    this.ledger = new RecoveryLedger({
      addressesOf: () => ({ ipv4: '', ipv6: '' }),
      ...deps,
      newUid,
      get settings() {
        return deps.settings;
      },
      onTold: (detection) => this.#detector.learn(detection),
      onAcknowledged: (records) =>
        this.#detector.forget((one) => records.some(({ failed }) => sameKey(failed, one.failed))),
    });
    this.book = this.ledger.book;
    const note = (uid: string, message: string) => this.ledger.note(uid, message);

    this.#scripts = new RecoveryScripts({ ...deps, ledger: this.ledger });
    const lateForget = new LateForget({
      ...{ ...shared, note, office: () => this.office },
      get settings() {
        return deps.settings.runner;
      },
    });
    this.#runner = new RecoveryRunner({
      ...shared,
      match: deps.match,
      named: (raw) => observer.named(raw),
      forgetLater: (uid, key) => lateForget.begin(uid, key),
      journal: {
        stepStarted: (uid, number, text, limitMs) => this.ledger.begin(uid, number, text, limitMs),
        stepEnded: async (uid, number, text, result) =>
          this.ledger.later({ op: 'recovery-step-ended', uid, number, text, result }),
        note: async (uid, message) => this.ledger.note(uid, message),
      },
      get settings() {
        return deps.settings.runner;
      },
    });
    this.fences = new FenceKeeper({
      ...shared,
      office: () => this.office,
      get settings() {
        return deps.settings.fence;
      },
      onFenced: (key) => this.#office?.tasks.run(`fenced ${keyText(key)}`, () => this.#replaced.fenced(key)),
    });
    this.#replaced = new ReplacedPrimaries({
      ...{ storage, clock, log, inventory, observer, ledger: this.ledger, fences: this.fences },
      get settings() {
        return deps.settings;
      },
      office: () => this.office,
    });
    this.#detector = new Detector({
      get settings() {
        return deps.settings.detector;
      },
      clock,
      newUid,
      known: restored.detections,
      store: (detection, told) => this.ledger.detected(detection, told),
      hooks: ({ uid }, verdict, mandate) => this.#scripts.before('detection', uid, verdict, mandate),
    });
    const standstill: StandstillDeps = {
      ...shared,
      take: (uid, step, mandate) => this.#runner.take(uid, step, mandate),
      get settings() {
        return deps.settings.runner;
      },
    };
    const attempt = new RecoveryAttempt({
      runner: this.#runner,
      standstill,
      fences: this.fences,
      get settings() {
        return deps.settings.coordinator.attempt;
      },
      preFailoverHooks: (record, verdict, mandate) =>
        this.#scripts.before('preFailover', record.uid, verdict, mandate, record),
      isCurrent: (verdict) => this.#current(verdict) !== undefined,
      answers: (key) => inventory.get(key)?.valid ?? false,
      note,
      storeFence: (failed, cluster, successor) => this.ledger.intendFence(failed, cluster, successor),
      dropFence: (failed) => this.ledger.endFence(failed),
    });
    this.coordinator = new RecoveryCoordinator({
      attempt,
      detector: this.#detector,
      book: this.book,
      fences: this.fences,
      clock,
      log,
      get settings() {
        return deps.settings.coordinator;
      },
      newUid,
      evidence: (key) => inventory.health(key),
      current: (verdict) => this.#current(verdict),
      isWatched: (key) => observer.isWatched(key),
      lastAttemptedMs: (key) => inventory.get(key)?.lastAttemptedMs,
      globallyDisabled: deps.globallyDisabled,
      reconnectAskedMs: (primary, replica) => this.sentinel.reconnectAskedMs(primary, replica),
      scripts: this.#scripts.behind,
      note,
      audit: (type, key, cluster, message) => storage.audit(type, key, cluster, message),
      onChanged: (_, touched) => this.#onChanged(touched),
      blocked: (record) => storage.blocked(record),
      draining: () => deps.draining?.() ?? false,
      electedMs: () => this.#office?.sinceMs ?? 0,
      others: () => this.#others(),
      ask: async (key) => (await deps.opinions?.ask(key)) ?? [],
      suspect: (key) => observer.suspect(key),
      hurry: (key) => observer.hurry(key),
    });
    this.#resumption = new Resumption({
      ...{ ...shared, storage, inventory, observer, standstill },
      ...{ ledger: this.ledger, coordinator: this.coordinator, runner: this.#runner, fences: this.fences, lateForget },
      get settings() {
        return deps.settings;
      },
      scripts: this.#scripts.behind,
      onChanged: (touched) => this.#onChanged(touched),
    });
    this.sentinel = new Sentinel({
      ...shared,
      office: () => this.#office,
      analyse: (snapshot) => this.#findings(snapshot),
      snapshot: (cluster) => inventory.snapshot(cluster, clock.nowMs()),
      coordinator: this.coordinator,
      silentReads: (key) => (inventory.health(key).refused ? 0 : inventory.health(key).failures),
      suspect: (key) => observer.suspect(key),
      mayReconnect: (snapshot) =>
        !deps.settings.coordinator.noop &&
        !deps.globallyDisabled() &&
        matchesClusterFilter(deps.settings.coordinator.primaryFilters, snapshot),
      get settings() {
        return deps.settings.sentinel;
      },
      onCode: (key, cluster, code, before) => {
        storage.analysed(key, code);
        if ((before ?? NO_PROBLEM) !== code) log.info({ instance: keyText(key), cluster, code }, 'analysis changed');
      },
    });
    this.takeover = new GracefulTakeover({
      servers,
      coordinator: this.coordinator,
      get settings() {
        return deps.settings.takeover;
      },
      hooks: (list, failed, successor, snapshot, mandate, record) => {
        const planned = { uid: record?.uid ?? '', code: 'DeadMaster', kind: 'primary', record } as const;
        const words = { description: 'Planned takeover', command: 'graceful-master-takeover' };
        const subject = { ...planned, ...words, failed, snapshot, successor };
        return deps.runHooks(list, subject, () => mandate.confirm());
      },
      acknowledge: async (record) => {
        const acknowledgement = { by: 'orchestrator', comment: 'planned takeover', atMs: clock.nowMs() };
        await this.book.acknowledge((one) => one.uid === record.uid, acknowledgement);
      },
    });
  }

  /** The backend holds another state than memory does: that one counts. */
  reload(restored: Restored): void {
    this.ledger.reload(restored);
    this.#detector.reload(restored.detections);
  }

  /** What this node does to servers while it leads. @throws {OrchestratorError} `NOT_LEADER` */
  get office(): NodeOffice {
    if (this.#office === undefined) throw new OrchestratorError('NOT_LEADER', 'another node leads');
    return this.#office;
  }

  /** This node may act from now on, in the term that it was elected for. */
  takeOffice(): void {
    const { agreement, clock, log } = this.#deps;
    this.#office = new NodeOffice(agreement(), clock, log);
  }

  /** Takes up what an earlier leader, or process, left: fences to be set, recoveries to be finished or let go. */
  takeUp(): void {
    const { settings, log } = this.#deps;
    const open = this.book.open();
    if (settings.coordinator.noop) {
      const left = { fences: [...this.ledger.openFences.keys()], recoveries: open.map(({ uid }) => uid) };
      log.info(left, 'started with --noop: what an earlier process left is not taken up');
      return;
    }
    for (const key of this.ledger.openFences.values()) this.fences.watch(key);
    this.#resumption.begin(this.office);
  }

  /** Another node leads, or this one ends: what is under way stops where it is, for the next leader to finish. */
  async leaveOffice(): Promise<void> {
    const office = this.#office;
    this.#office = undefined;
    this.fences.releaseAll();
    await office?.tasks.stop();
  }

  /** For a process that ends now: finishes, or lets go of, the recoveries that it began and was interrupted in. */
  async settle(): Promise<void> {
    const { restored, settings, clock, inventory, observer, agreement } = this.#deps;
    const signal = clock.timeoutSignal(3 * settings.runner.stepTimeoutMs);
    const earlier = new Set(restored.recoveries.map(({ uid }) => uid));
    const own = this.book.open().filter(({ uid }) => !earlier.has(uid));
    const mandate = { term: agreement().term, signal, confirm: () => agreement().confirm() };
    const surveyed = async (stop: AbortSignal) => {
      await Promise.allSettled(inventory.all().map(({ instance }) => observer.probeNow(instance.key, stop)));
    };
    await this.#resumption.settle(own, surveyed, mandate);
  }

  /** The last writes of a primary stand still while too few semi-sync replicas acknowledge. */
  isStuck(key: InstanceKey): boolean {
    return this.#stuck.isStuck(key, this.#deps.clock.monotonicMs(), this.#deps.settings.lockedSemiSyncMs);
  }

  /** Lets recoveries of what it picks start anew, and its problems be told of anew. */
  acknowledge(selects: (record: RecoveryRecord) => boolean, by: string, comment: string) {
    return this.book.acknowledge(selects, { by, comment, atMs: this.#deps.clock.nowMs() });
  }

  /** A recovery that an operator asks for. The primary may still answer: then it is made read-only first. */
  async recoverNow(
    snapshot: ClusterSnapshot,
    key: InstanceKey,
    options: { code?: string; command?: string; designated?: InstanceKey; skipHooks?: boolean },
  ) {
    const { inventory } = this.#deps;
    const found = this.#findings(snapshot).find((finding) => sameKey(finding.key, key));
    if (options.code === undefined && found?.response !== 'recover') return undefined;
    const answers = inventory.get(key)?.valid ?? false;
    const kind = options.code === undefined ? (found?.kind ?? 'primary') : forcedKind(snapshot, key);
    if (KINDS[kind].replaces) {
      const { designated } = options;
      const plan = this.coordinator.previewTakeover(snapshot, key, designated, kind);
      const why = whyNotForced({ snapshot, key, designated, answers, plan });
      if (why !== undefined) throw new OrchestratorError('RECOVERY_REFUSED', why);
    }
    const verdict: Verdict = {
      code: options.code ?? found?.code ?? '',
      description: found?.description ?? '',
      kind,
      key,
      snapshot,
      suppressedBy: undefined,
      ...(found?.heir === undefined ? {} : { heir: found.heir }),
      command: options.command ?? '',
    };
    const { code: _code, command: _command, ...rest } = options;
    return this.coordinator.force(verdict, { ...rest, primaryAnswers: answers }, this.office);
  }

  /** Of a primary that was read. */
  fenceReturned(instance: Instance): void {
    if (this.#office !== undefined) this.#replaced.returned(instance);
  }

  /** What was found of this server a while ago, as it is found now. */
  #current(verdict: Verdict): Verdict | undefined {
    const { inventory, clock } = this.#deps;
    const snapshot = inventory.snapshot(verdict.snapshot.name, clock.nowMs());
    const found = stillFound(verdict, this.#findings(snapshot));
    return found ? renewed(verdict, found, snapshot) : undefined;
  }

  #findings(snapshot: ClusterSnapshot): readonly Finding[] {
    const { analyse, clock } = this.#deps;
    const analyses = analyse(snapshot);
    for (const { code, facts } of analyses) {
      const { key, ownCoordinates } = facts.instance;
      this.#stuck.look(key, code.startsWith('LockedSemiSyncMaster'), ownCoordinates, clock.monotonicMs());
    }
    return analyses.map(findingOf).map((finding) => this.#withHeir(finding, snapshot));
  }

  /**
   * An intermediate primary that was lost along with its source is in downtime for that. What it left behind is not: it
   * goes to whoever replaced the source.
   */
  #withHeir(finding: Finding, snapshot: ClusterSnapshot): Finding {
    if (finding.kind !== 'intermediatePrimary' || finding.response !== 'recover') return finding;
    const instance = memberOf(snapshot, finding.key)?.instance;
    const above = instance && sourceKey(instance);
    const replaced = above && this.book.replaced(above);
    const heir = replaced?.successor && this.#deps.inventory.get(replaced.successor);
    if (heir === undefined) return finding;
    const lost = snapshot.downtimes.get(keyText(finding.key))?.reason === LOST_IN_RECOVERY;
    return { ...finding, heir, suppressedBy: lost ? undefined : finding.suppressedBy };
  }

  /** Two nodes could not outvote each other anyway: asking begins with the third, or where the operator wants it. */
  #others(): ReturnType<ConstructorParameters<typeof RecoveryCoordinator>[0]['others']> {
    const { opinions, settings } = this.#deps;
    const { confirmations } = settings.coordinator;
    const nodes = opinions?.peers ?? [];
    if (nodes.length === 0 && confirmations <= 0) return { kind: 'off', why: 'no other nodes' };
    if (confirmations < 0) return { kind: 'off', why: 'switched off' };
    if (nodes.length < 2 && confirmations === 0) return { kind: 'off', why: 'two nodes only' };
    return { kind: 'notYet', nodes };
  }

  #onChanged(touched: readonly InstanceKey[]): void {
    for (const key of touched) this.#deps.observer.suspect(key);
  }
}
