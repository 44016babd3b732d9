// Everything that heals: from the analysis of a cluster to recoveries, takeovers and fences. Built here, wired to the
// working copy in memory and to the servers.

import { type Analysis, NO_PROBLEM } from '../analysis/analyse.ts';
import { StuckWrites } from '../analysis/stuck-writes.ts';
import type { Inventory } from '../discovery/inventory.ts';
import type { Observer } from '../discovery/observer.ts';
import type { MysqlServers } from '../mysql/servers.ts';
import { RecoveryAttempt } from '../recovery/attempt.ts';
import type { RecoveryBook, RecoveryRecord } from '../recovery/book.ts';
import { type HookList, RecoveryCoordinator } from '../recovery/coordinator.ts';
import { Detector } from '../recovery/detector.ts';
import { FenceKeeper } from '../recovery/fence.ts';
import { matchesClusterFilter } from '../recovery/filters.ts';
import type { Mandate } from '../recovery/mandate.ts';
import { resumeRecovery } from '../recovery/resume.ts';
import { RecoveryRunner } from '../recovery/runner.ts';
import { type Finding, Sentinel } from '../recovery/sentinel.ts';
import { GracefulTakeover } from '../recovery/takeover.ts';
import type { Verdict } from '../recovery/verdict.ts';
import type { Clock } from '../runtime/clock.ts';
import { errorText, OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { TaskGroup } from '../runtime/task-group.ts';
import { type ClusterSnapshot, memberOf } from '../topology/cluster.ts';
import { LOST_IN_RECOVERY } from '../topology/downtime.ts';
import { type Instance, sourceKey } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import { missingFrom } from '../topology/received.ts';
import type { Agreement } from './agreement.ts';
import { findingOf } from './findings.ts';
import { NodeOffice } from './office.ts';
import type { Opinions } from './opinions.ts';
import type { Restored, RunHooks, Storage } from './ports.ts';
import { RecoveryLedger } from './recovery-ledger.ts';
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
  /** Undefined: there are no other nodes. */
  readonly opinions: Opinions | undefined;
  /** Here alone: for what is agreed on already. */
  readonly endDowntime: (key: InstanceKey) => void;
}

/** How often it is looked for recoveries that nobody is at. */
const ORPHANS_MS = 1_000;

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
  readonly #detector: Detector;
  readonly #stuck = new StuckWrites();
  /** What this node does to servers; none while another one leads. */
  #office: NodeOffice | undefined;
  /** Open recoveries that are being finished or let go here. */
  readonly #resuming = new Set<string>();

  constructor(deps: RecoveryRoomDeps) {
    this.#deps = deps;
    const { storage, restored, clock, log, tasks, servers, inventory, observer } = deps;
    const shared = { servers, tasks, clock, log };
    const newUid = () => newRecoveryUid(clock);
    this.ledger = new RecoveryLedger({
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

    this.#runner = new RecoveryRunner({
      ...shared,
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
      onFenced: (key) => this.#office?.tasks.run(`fenced ${keyText(key)}`, () => this.#onFenced(key)),
    });
    this.#detector = new Detector({
      get settings() {
        return deps.settings.detector;
      },
      clock,
      newUid,
      known: restored.detections,
      store: (detection, told) => this.ledger.detected(detection, told),
      hooks: ({ uid }, verdict, mandate) => this.#hooks('detection', uid, verdict, mandate),
    });
    const attempt = new RecoveryAttempt({
      runner: this.#runner,
      fences: this.fences,
      get settings() {
        return deps.settings.coordinator.attempt;
      },
      preFailoverHooks: (record, verdict, mandate) => this.#hooks('preFailover', record.uid, verdict, mandate, record),
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
      isWatched: (key) => observer.isWatched(key),
      globallyDisabled: deps.globallyDisabled,
      reconnectAskedMs: (primary, replica) => this.sentinel.reconnectAskedMs(primary, replica),
      hooks: (list, record, verdict, mandate) => this.#hooks(list, record.uid, verdict, mandate, record),
      note,
      audit: (type, key, cluster, message) => storage.audit(type, key, cluster, message),
      onChanged: (_, touched) => this.#onChanged(touched),
      blocked: (record) => storage.blocked(record),
      electedMs: () => this.#office?.sinceMs ?? 0,
      others: () => this.#others(),
      ask: async (key) => (await deps.opinions?.ask(key)) ?? [],
      suspect: (key) => observer.suspect(key),
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
      ...shared,
      coordinator: this.coordinator,
      get settings() {
        return deps.settings.takeover;
      },
      hooks: (list, failed, successor, snapshot, mandate) => {
        const planned = { uid: '', code: 'DeadMaster', kind: 'primary', record: undefined } as const;
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
    const { settings, log, inventory } = this.#deps;
    const open = this.book.open();
    if (settings.coordinator.noop) {
      const left = { fences: [...this.ledger.openFences.keys()], recoveries: open.map(({ uid }) => uid) };
      log.info(left, 'started with --noop: what an earlier process left is not taken up');
      return;
    }
    const known = inventory.all().map(({ instance }) => instance.key);
    for (const key of this.ledger.openFences.values()) this.fences.watch(key);
    this.office.tasks.run('open recoveries', (signal) => this.#resumeOrphans(known, signal));
  }

  /** Those that an earlier leader left, or that this node had to stop in before it was known to lead again. */
  async #resumeOrphans(known: readonly InstanceKey[], signal: AbortSignal): Promise<void> {
    for (;;) {
      for (const record of this.book.open()) {
        const { uid } = record;
        if (!this.#resuming.has(uid) && !this.coordinator.isRunning(uid)) this.#resume(record, known);
      }
      await this.#deps.clock.sleep(ORPHANS_MS, signal);
    }
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
    for (const record of own) await this.#finish(record, surveyed, mandate);
  }

  /** The last writes of a primary stand still while too few semi-sync replicas acknowledge. */
  isStuck(key: InstanceKey): boolean {
    return this.#stuck.isStuck(key, this.#deps.clock.nowMs(), this.#deps.settings.lockedSemiSyncMs);
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
    const verdict: Verdict = {
      code: options.code ?? found?.code ?? '',
      description: found?.description ?? '',
      kind: found?.kind ?? 'primary',
      key,
      snapshot,
      suppressedBy: undefined,
      command: options.command ?? '',
    };
    const { code: _code, command: _command, ...rest } = options;
    return this.coordinator.force(verdict, { ...rest, primaryAnswers: answers }, this.office);
  }

  /**
   * A replaced primary that takes writes and follows nobody was started anew after it had been fenced: it is fenced again.
   * An operator who wants it to lead ends its downtime first.
   */
  fenceReturned(instance: Instance): void {
    const { settings, clock, log, inventory } = this.#deps;
    const { key } = instance;
    if (
      this.#office === undefined ||
      instance.readOnly ||
      sourceKey(instance) !== undefined ||
      this.fences.isWatched(key)
    )
      return;
    if (!settings.coordinator.attempt.fenceReplacedPrimary || settings.coordinator.noop) return;
    if (inventory.downtime(key, clock.nowMs())?.reason !== LOST_IN_RECOVERY) return;
    const record = this.book.replaced(key);
    if (record?.successor === undefined) return;
    log.warn({ instance: keyText(key), uid: record.uid }, 'replaced primary takes writes again: fencing it once more');
    this.ledger.later({ op: 'intend-fence', failed: key, cluster: record.cluster, successor: record.successor });
    this.fences.watch(key);
  }

  #findings(snapshot: ClusterSnapshot): readonly Finding[] {
    const { analyse, clock } = this.#deps;
    const analyses = analyse(snapshot);
    for (const { code, facts } of analyses) {
      const { key, ownCoordinates } = facts.instance;
      this.#stuck.look(key, code.startsWith('LockedSemiSyncMaster'), ownCoordinates, clock.nowMs());
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
    const replaced = this.book.list().find(({ successful, failed }) => successful && sameKey(failed, above));
    const heir = replaced?.successor && this.#deps.inventory.get(replaced.successor);
    if (heir === undefined) return finding;
    const lost = snapshot.downtimes.get(keyText(finding.key))?.reason === LOST_IN_RECOVERY;
    return { ...finding, heir, suppressedBy: lost ? undefined : finding.suppressedBy };
  }

  #resume(record: RecoveryRecord, knownKeys: readonly InstanceKey[]): void {
    const { settings, clock, inventory } = this.#deps;
    const seen = (key: InstanceKey) => inventory.get(key)?.valid === true || inventory.health(key).failures > 0;
    const { office } = this;
    const surveyed = async (stop: AbortSignal) => {
      while (!knownKeys.every(seen)) await clock.sleep(settings.observer.hotIntervalMs, stop);
      if (office.term > 0) await this.#readAnew(record, stop);
    };
    this.#resuming.add(record.uid);
    office.tasks.run(`resume ${record.uid}`, () =>
      this.#finish(record, surveyed, office).finally(() => this.#resuming.delete(record.uid)),
    );
  }

  /** Who has just been elected has read the servers before; what counts is what they say now. */
  async #readAnew({ cluster, failed }: RecoveryRecord, signal: AbortSignal): Promise<void> {
    const { inventory, observer, clock } = this.#deps;
    const near = [cluster, inventory.clusterName(failed)].flatMap(
      (name) => inventory.snapshot(name, clock.nowMs()).members,
    );
    await Promise.allSettled(near.map(({ instance }) => observer.probeNow(instance.key, signal)));
  }

  /** Those that the leader would have run that was deposed before it could close the recovery. */
  async #scriptsBehind(record: RecoveryRecord, mandate: Mandate): Promise<void> {
    const { uid, kind, code, failed, successor } = record;
    const { inventory, clock } = this.#deps;
    const snapshot = inventory.snapshot(inventory.clusterName(successor ?? failed), clock.nowMs());
    const words = { description: '', command: '', suppressedBy: undefined };
    const verdict: Verdict = { code, kind, key: failed, snapshot, ...words };
    const lists = [kind === 'intermediatePrimary' ? 'postIntermediate' : 'postPrimary', 'postFailover'] as const;
    for (const list of lists) await this.#hooks(list, uid, verdict, mandate, record);
  }

  #finish(record: RecoveryRecord, surveyed: (signal: AbortSignal) => Promise<void>, mandate: Mandate): Promise<void> {
    const { settings, clock, log, inventory, servers } = this.#deps;
    return resumeRecovery(
      record,
      {
        servers,
        runner: this.#runner,
        book: this.book,
        fences: this.fences,
        clock,
        log,
        probeTimeoutMs: settings.runner.probeTimeoutMs,
        stepTimeoutMs: settings.runner.stepTimeoutMs,
        limitOf: (uid) => this.ledger.limitOf(uid),
        retryMs: settings.fence.retryMs,
        journalled: (uid) => this.ledger.journalled(uid),
        planOf: (uid) => this.ledger.planOf(uid),
        surveyed,
        replicasOf: (key) =>
          inventory
            .all()
            .filter(({ valid, instance }) => valid && sameKey(sourceKey(instance), key))
            .map(({ instance }) => instance.key),
        fenceDropped: (key) => this.ledger.endFence(key),
        scripts: (ended) => this.#scriptsBehind(ended, mandate),
        onResumed: (_, touched) => this.#onChanged(touched),
      },
      mandate,
    );
  }

  async #onFenced(key: InstanceKey): Promise<void> {
    const { storage, inventory, observer } = this.#deps;
    const record = this.book.list().find(({ successful, failed }) => successful && sameKey(failed, key));
    const found = await this.#onlyThere(key, record?.successor).catch((err: unknown) => errorText(err));
    const message = `made read-only, client sessions ended; ${found}`;
    storage.audit('fence-replaced-primary', key, inventory.clusterName(key), message);
    if (record !== undefined) this.ledger.note(record.uid, `${keyText(key)} ${message}`);
    await this.ledger.endFence(key);
    observer.suspect(key);
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

  /** What a replaced primary wrote that never reached its successor, in words. */
  async #onlyThere(key: InstanceKey, successor: InstanceKey | undefined): Promise<string> {
    const { observer } = this.#deps;
    const { signal } = this.office;
    if (successor === undefined) return 'its successor is not known';
    const old = await observer.probeNow(key, signal);
    const heir = await observer.probeNow(successor, signal);
    const only = missingFrom(heir, old);
    return only === ''
      ? `holds nothing that ${keyText(successor)} lacks`
      : `holds transactions that ${keyText(successor)} lacks: ${only}`;
  }

  #onChanged(touched: readonly InstanceKey[]): void {
    for (const key of touched) this.#deps.observer.suspect(key);
  }

  #hooks(
    list: HookList | 'detection',
    uid: string,
    verdict: Verdict,
    mandate: Mandate,
    record?: RecoveryRecord,
  ): Promise<boolean> {
    const { key: failed, code, description, command, kind, snapshot } = verdict;
    const holder = record?.holder;
    if (holder !== undefined && holder.term > 0)
      this.ledger.note(uid, `scripts (${list}) are run by ${holder.node} in term ${holder.term}`);
    const successor = record?.successor;
    const subject = { uid, code, description, command, kind, failed, snapshot, record, successor };
    return this.#deps.runHooks(list, subject, () => mandate.confirm());
  }
}
