// Builds every object from plain values, starts and stops them in order.

import { type Analysis, analyseCluster } from '../analysis/analyse.ts';
import type { AnalysisOptions } from '../analysis/facts.ts';
import type { RecoveryClass } from '../analysis/problems.ts';
import { StuckWrites } from '../analysis/stuck-writes.ts';
import { Inventory } from '../discovery/inventory.ts';
import { Observer, type ProbeEvent } from '../discovery/observer.ts';
import { MysqlServers } from '../mysql/servers.ts';
import { RecoveryAttempt } from '../recovery/attempt.ts';
import { RecoveryBook, type RecoveryKind, type RecoveryRecord, type RecoveryStore } from '../recovery/book.ts';
import { type HookList, RecoveryCoordinator } from '../recovery/coordinator.ts';
import type { BlockedRecord, DetectionRecord } from '../recovery/detections.ts';
import { Detector } from '../recovery/detector.ts';
import { FenceKeeper } from '../recovery/fence.ts';
import { matches, matchesClusterFilter } from '../recovery/filters.ts';
import type { PlanOptions } from '../recovery/plan.ts';
import type { Journal } from '../recovery/ports.ts';
import { resumeRecovery } from '../recovery/resume.ts';
import { RecoveryRunner } from '../recovery/runner.ts';
import { type Finding, Sentinel } from '../recovery/sentinel.ts';
import { GracefulTakeover } from '../recovery/takeover.ts';
import type { Verdict } from '../recovery/verdict.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { TaskGroup } from '../runtime/task-group.ts';
import type { ClusterSnapshot } from '../topology/cluster.ts';
import { sourceKey, type WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, keyText, parseKey, sameKey } from '../topology/instance-key.ts';
import type { PromotionRule } from '../topology/promotion-rule.ts';
import type { Settings } from './settings.ts';
import { newRecoveryUid } from './uid.ts';

/** What the working copy in memory is kept in. Every call logs its own failures and never throws. */
export interface Storage extends RecoveryStore, Journal {
  instanceSeen(watched: WatchedInstance, cluster: string): void;
  fenceIntended(failed: InstanceKey, cluster: string, successor: InstanceKey): Promise<void>;
  fenced(key: InstanceKey): Promise<void>;
  promotionStarted(uid: string): InstanceKey | undefined;
  audit(type: string, key: InstanceKey, cluster: string, message: string): void;
  recoveriesDisabled(disabled: boolean): void;
  promotionRule(key: InstanceKey, rule: PromotionRule): void;
  downtime(
    key: InstanceKey,
    downtime: { owner: string; reason: string; beginMs: number; endMs: number } | undefined,
  ): void;
  forgotten(key: InstanceKey): void;
  detected(detection: DetectionRecord): void;
  blocked(record: BlockedRecord): void;
}

/** What the backend still knew at start. */
export interface Restored {
  readonly instances: readonly WatchedInstance[];
  readonly recoveries: readonly RecoveryRecord[];
  readonly detections: readonly DetectionRecord[];
  readonly openFences: readonly InstanceKey[];
  readonly recoveriesDisabled: boolean;
  readonly promotionRules: ReadonlyMap<string, PromotionRule>;
  readonly downtimes: readonly {
    readonly key: InstanceKey;
    readonly owner: string;
    readonly reason: string;
    readonly beginMs: number;
    readonly endMs: number;
  }[];
}

export type RunHooks = (
  list: HookList | 'detection' | 'preGraceful' | 'postGraceful',
  context: HookSubject,
) => Promise<boolean>;

/** What a hook is told about. */
export interface HookSubject {
  readonly uid: string;
  readonly code: string;
  readonly description: string;
  readonly command: string;
  readonly kind: RecoveryKind;
  readonly failed: InstanceKey;
  readonly snapshot: ClusterSnapshot;
  readonly record: RecoveryRecord | undefined;
  readonly successor: InstanceKey | undefined;
}

export interface OrchestratorDeps {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly restored: Restored;
  readonly runHooks: RunHooks;
  readonly clock: Clock;
  readonly log: Log;
  readonly onProbed: (event: ProbeEvent) => void;
  /** Does what it is asked and nothing by itself: follows no server to another one, starts no recovery. */
  readonly passive?: boolean;
}

export class Orchestrator {
  readonly inventory = new Inventory();
  readonly tasks: TaskGroup;
  readonly servers: MysqlServers;
  readonly observer: Observer;
  readonly book: RecoveryBook;
  readonly fences: FenceKeeper;
  readonly coordinator: RecoveryCoordinator;
  readonly sentinel: Sentinel;
  readonly takeover: GracefulTakeover;
  readonly #runner: RecoveryRunner;
  readonly #deps: OrchestratorDeps;
  readonly #rules: Map<string, PromotionRule>;
  readonly #detector: Detector;
  readonly #stuck = new StuckWrites();
  #disabled: boolean;

  constructor(deps: OrchestratorDeps) {
    const { settings, storage, restored, clock, log } = deps;
    this.#deps = deps;
    this.#rules = new Map(restored.promotionRules);
    this.#disabled = restored.recoveriesDisabled;
    this.tasks = new TaskGroup(log);
    this.inventory.restore(restored.instances.map((watched) => this.#withRule(watched)));
    for (const { key, ...downtime } of restored.downtimes) this.inventory.setDowntime(key, downtime);

    this.servers = new MysqlServers({
      login: () => settings.login,
      clock,
      replicationCredentialsQuery: settings.replicationCredentialsQuery,
      onDisconnect: (key) => this.observer.suspect(key),
    });
    this.observer = new Observer({
      prober: this.servers,
      inventory: this.inventory,
      tasks: this.tasks,
      clock,
      log,
      settings: { ...settings.observer, ignored: (key, found) => deps.passive === true || this.#ignored(key, found) },
      onProbed: (event) => this.#onProbed(event),
    });
    const journal: Journal = storage;
    this.#runner = new RecoveryRunner({
      servers: this.servers,
      journal,
      clock,
      log,
      ...settings.runner,
      mayAct: () => undefined,
    });
    this.book = new RecoveryBook(storage, settings.blockMs, restored.recoveries);
    this.fences = new FenceKeeper({
      servers: this.servers,
      tasks: this.tasks,
      clock,
      log,
      ...settings.fence,
      onFenced: (key) => void this.#onFenced(key),
    });
    this.#detector = new Detector({
      settings: { detectionPeriodMs: settings.detection.periodMs },
      clock,
      newUid: () => newRecoveryUid(clock),
      known: restored.detections,
      store: (detection) => storage.detected(detection),
      hooks: ({ uid }, verdict) => this.#hooks('detection', uid, verdict),
    });
    const attemptSettings = { ...settings.recovery, catchUpMs: this.#catchUpMs, plan: this.#planOptions() };
    const attempt = new RecoveryAttempt({
      runner: this.#runner,
      fences: this.fences,
      settings: attemptSettings,
      preFailoverHooks: (record, verdict) => this.#hooks('preFailover', record.uid, verdict, record),
      note: (uid, message) => void storage.note(uid, message),
      storeFence: (failed, cluster, successor) => storage.fenceIntended(failed, cluster, successor),
      dropFence: (failed) => storage.fenced(failed),
    });
    this.coordinator = new RecoveryCoordinator({
      attempt,
      detector: this.#detector,
      book: this.book,
      fences: this.fences,
      clock,
      log,
      settings: { ...settings.recovery, attempt: attemptSettings },
      newUid: () => newRecoveryUid(clock),
      evidence: (key) => this.inventory.health(key),
      globallyDisabled: () => this.#disabled,
      hooks: (list, record, verdict) => this.#hooks(list, record.uid, verdict, record),
      note: (uid, message) => void storage.note(uid, message),
      audit: (type, key, cluster, message) => storage.audit(type, key, cluster, message),
      onChanged: (record, touched) => this.#onChanged(record, touched),
      blocked: (record) => storage.blocked(record),
    });
    this.sentinel = new Sentinel({
      analyse: (snapshot) => this.#findings(snapshot),
      snapshot: (cluster) => this.inventory.snapshot(cluster, clock.nowMs()),
      coordinator: this.coordinator,
      servers: this.servers,
      tasks: this.tasks,
      clock,
      log,
      failures: (key) => this.inventory.health(key).failures,
      suspect: (key) => this.observer.suspect(key),
      mayReconnect: (snapshot) => !this.#disabled && matchesClusterFilter(settings.recovery.primaryFilters, snapshot),
      settings: {
        reconnectThrottleMs: settings.reconnectThrottleMs,
        stepTimeoutMs: settings.runner.stepTimeoutMs,
        detectionHoldMs: settings.detection.holdMs,
      },
      onCode: (key, cluster, code) => log.info({ instance: keyText(key), cluster, code }, 'analysis changed'),
    });
    this.takeover = new GracefulTakeover({
      servers: this.servers,
      coordinator: this.coordinator,
      clock,
      log,
      probeTimeoutMs: settings.runner.probeTimeoutMs,
      stepTimeoutMs: settings.runner.stepTimeoutMs,
      catchUpMs: this.#catchUpMs,
      reasonableLagSeconds: settings.recovery.maintenanceLagSeconds,
      isBanned: (key) => this.#isBanned(key),
      hooks: (list, failed, successor, snapshot) =>
        deps.runHooks(list, {
          uid: '',
          code: 'DeadMaster',
          description: 'Planned takeover',
          command: 'graceful-master-takeover',
          kind: 'primary',
          failed,
          snapshot,
          record: undefined,
          successor,
        }),
      acknowledge: async (record) => {
        const acknowledgement = { by: 'orchestrator', comment: 'planned takeover', atMs: clock.nowMs() };
        await this.book.acknowledge((one) => one.uid === record.uid, acknowledgement);
      },
    });
  }

  start(): void {
    const { settings, restored } = this.#deps;
    for (const key of restored.openFences) this.fences.watch(key);
    const knownKeys = restored.instances.map(({ instance }) => instance.key);
    for (const key of knownKeys) this.observer.watch(key);
    for (const seed of settings.seeds) this.observer.watch(parseKey(seed, settings.defaultPort));
    this.observer.start();
    for (const record of restored.recoveries) if (record.endedMs === undefined) this.#resume(record, knownKeys);
  }

  #resume(record: RecoveryRecord, knownKeys: readonly InstanceKey[]): void {
    const { settings, storage, clock, log } = this.#deps;
    const seen = (key: InstanceKey) =>
      this.inventory.get(key)?.valid === true || this.inventory.health(key).failures > 0;
    this.tasks.run(`resume ${record.uid}`, (signal) =>
      resumeRecovery(
        record,
        {
          servers: this.servers,
          runner: this.#runner,
          book: this.book,
          fences: this.fences,
          clock,
          log,
          probeTimeoutMs: settings.runner.probeTimeoutMs,
          stepTimeoutMs: settings.runner.stepTimeoutMs,
          retryMs: settings.fence.retryMs,
          promotionStarted: (uid) => storage.promotionStarted(uid),
          surveyed: async (stop) => {
            while (!knownKeys.every(seen)) await clock.sleep(settings.observer.hotIntervalMs, stop);
          },
          replicasOf: (key) =>
            this.inventory
              .all()
              .filter(({ valid, instance }) => valid && sameKey(sourceKey(instance), key))
              .map(({ instance }) => instance.key),
          fenceDropped: (key) => storage.fenced(key),
          onResumed: (closed, touched) => this.#onChanged(closed, touched),
        },
        signal,
      ),
    );
  }

  async stop(): Promise<void> {
    this.observer.stop();
    await this.tasks.stop();
    this.servers.stop();
  }

  get recoveriesDisabled(): boolean {
    return this.#disabled;
  }

  set recoveriesDisabled(disabled: boolean) {
    this.#disabled = disabled;
    this.#deps.storage.recoveriesDisabled(disabled);
    this.#touchAll();
  }

  snapshots(): readonly ClusterSnapshot[] {
    return this.inventory.clusters(this.#deps.clock.nowMs());
  }

  analyse(snapshot: ClusterSnapshot): readonly Analysis[] {
    return analyseCluster(snapshot, this.#analysisOptions());
  }

  setPromotionRule(key: InstanceKey, rule: PromotionRule): void {
    this.#rules.set(keyText(key), rule);
    this.#deps.storage.promotionRule(key, rule);
    const known = this.inventory.get(key);
    if (known !== undefined) this.inventory.restore([this.#withRule(known)]);
  }

  beginDowntime(key: InstanceKey, owner: string, reason: string, durationMs: number): void {
    const beginMs = this.#deps.clock.nowMs();
    const downtime = { owner, reason, beginMs, endMs: beginMs + durationMs };
    this.inventory.setDowntime(key, downtime);
    this.#deps.storage.downtime(key, downtime);
    this.#deps.storage.audit(
      'begin-downtime',
      key,
      this.inventory.clusterName(key),
      `owner: ${owner}, reason: ${reason}`,
    );
  }

  endDowntime(key: InstanceKey): boolean {
    const had = this.inventory.downtime(key, this.#deps.clock.nowMs()) !== undefined;
    this.inventory.setDowntime(key, undefined);
    this.#deps.storage.downtime(key, undefined);
    if (had) this.#deps.storage.audit('end-downtime', key, this.inventory.clusterName(key), '');
    this.#touch(this.inventory.clusterName(key));
    return had;
  }

  forget(key: InstanceKey): boolean {
    this.observer.unwatch(key);
    this.#deps.storage.forgotten(key);
    return this.inventory.forget(key);
  }

  /** Lets recoveries of what it picks start anew, and its problems be told of anew. */
  async acknowledge(selects: (record: RecoveryRecord) => boolean, by: string, comment: string) {
    const acknowledgement = { by, comment, atMs: this.#deps.clock.nowMs() };
    const picked = await this.book.acknowledge(selects, acknowledgement);
    this.#detector.forget((one) => picked.some(({ failed }) => sameKey(failed, one.failed)));
    return picked;
  }

  /** A recovery that an operator asks for. The primary may still answer: then it is made read-only first. */
  async recoverNow(
    snapshot: ClusterSnapshot,
    key: InstanceKey,
    options: { code?: string; command?: string; designated?: InstanceKey; skipHooks?: boolean },
  ) {
    const found = this.#findings(snapshot).find((finding) => sameKey(finding.key, key));
    if (options.code === undefined && found?.response !== 'recover') return undefined;
    const answers = this.inventory.get(key)?.valid ?? false;
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
    return this.coordinator.force(verdict, { ...rest, primaryAnswers: answers }, this.tasks.signal);
  }

  #findings(snapshot: ClusterSnapshot): readonly Finding[] {
    const analyses = this.analyse(snapshot);
    for (const { code, facts } of analyses) {
      const { key, ownCoordinates } = facts.instance;
      this.#stuck.look(key, code.startsWith('LockedSemiSyncMaster'), ownCoordinates, this.#deps.clock.nowMs());
    }
    return analyses.map((analysis) => ({
      key: analysis.facts.instance.key,
      code: analysis.code,
      description: analysis.description,
      kind: kindOf(analysis),
      response: responseTo(analysis.recovery),
      silent:
        analysis.code.startsWith('UnreachableMaster') || analysis.code.startsWith('UnreachableIntermediateMaster'),
      suppressedBy: analysis.suppressedBy,
    }));
  }

  #analysisOptions(): AnalysisOptions {
    const { settings, clock } = this.#deps;
    const nowMs = clock.nowMs();
    return {
      ...settings.analysis,
      staleCoordinates: (key) => this.#stuck.isStuck(key, nowMs, settings.lockedSemiSyncMs),
    };
  }

  get #catchUpMs(): number {
    return this.#deps.settings.recovery.maintenanceLagSeconds * 1000;
  }

  #planOptions(): PlanOptions {
    return { ...this.#deps.settings.recovery.plan, isBanned: (key) => this.#isBanned(key) };
  }

  #isBanned(key: InstanceKey): boolean {
    return this.#deps.settings.promotionIgnore.some((filter) => matches(filter, keyText(key)));
  }

  #ignored(key: InstanceKey, found: 'seed' | 'replica' | 'source'): boolean {
    const { ignore } = this.#deps.settings;
    const filters = [
      ...ignore.any,
      ...(found === 'replica' ? ignore.replicas : []),
      ...(found === 'source' ? ignore.sources : []),
    ];
    return filters.some((filter) => matches(filter, keyText(key)));
  }

  #onProbed(event: ProbeEvent): void {
    const { storage, onProbed } = this.#deps;
    const cluster = this.inventory.clusterName(event.key);
    if (event.watched !== undefined) {
      const watched = this.#withRule(event.watched);
      if (watched !== event.watched) this.inventory.restore([watched]);
      storage.instanceSeen(watched, cluster);
    }
    onProbed(event);
    this.#touch(cluster);
  }

  #withRule(watched: WatchedInstance): WatchedInstance {
    const rule = this.#rules.get(keyText(watched.instance.key));
    if (rule === undefined || rule === watched.instance.promotionRule) return watched;
    return { ...watched, instance: { ...watched.instance, promotionRule: rule } };
  }

  #touchAll(): void {
    for (const { name } of this.snapshots()) this.#touch(name);
  }

  #touch(cluster: string): void {
    if (this.#deps.passive !== true) this.sentinel.touch(cluster);
  }

  async #onFenced(key: InstanceKey): Promise<void> {
    this.#deps.storage.audit(
      'fence-replaced-primary',
      key,
      this.inventory.clusterName(key),
      'made read-only, client sessions ended',
    );
    await this.#deps.storage.fenced(key);
    this.observer.suspect(key);
  }

  #onChanged(record: RecoveryRecord, touched: readonly InstanceKey[]): void {
    const { settings, storage, clock } = this.#deps;
    for (const key of touched) this.observer.suspect(key);
    if (!record.successful || record.kind === 'intermediatePrimary') return;
    if (record.successor !== undefined) this.endDowntime(record.successor);
    const beginMs = clock.nowMs();
    const downtime = {
      owner: 'orchestrator',
      reason: 'lost-in-recovery',
      beginMs,
      endMs: beginMs + settings.lostDowntimeMs,
    };
    const lost = [record.failed, ...record.lost.map(({ key }) => key)];
    for (const key of lost) {
      this.inventory.setDowntime(key, downtime);
      storage.downtime(key, downtime);
    }
    if (record.successor !== undefined) this.inventory.setAlias(keyText(record.successor), record.alias);
  }

  #hooks(list: HookList | 'detection', uid: string, verdict: Verdict, record?: RecoveryRecord): Promise<boolean> {
    const { key: failed, code, description, command, kind, snapshot } = verdict;
    const successor = record?.successor;
    return this.#deps.runHooks(list, { uid, code, description, command, kind, failed, snapshot, record, successor });
  }
}

function responseTo(recovery: RecoveryClass): Finding['response'] {
  switch (recovery) {
    case 'primary':
    case 'coPrimary':
    case 'intermediatePrimary':
      return 'recover';
    case 'semiSync':
    case 'readOnlyPrimary':
    case 'detectionOnly':
      return 'tell';
    case 'none':
      return 'show';
  }
}

function kindOf({ facts, recovery }: Analysis): RecoveryKind {
  if (recovery === 'primary' || recovery === 'coPrimary' || recovery === 'intermediatePrimary') return recovery;
  if (facts.isCoPrimary) return 'coPrimary';
  return facts.isPrimary ? 'primary' : 'intermediatePrimary';
}
