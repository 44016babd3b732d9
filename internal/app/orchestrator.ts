// Builds every object from plain values, starts and stops them in order.

import { type Analysis, analyseCluster } from '../analysis/analyse.ts';
import type { AnalysisOptions } from '../analysis/facts.ts';
import { Inventory } from '../discovery/inventory.ts';
import { Observer, type ProbeEvent } from '../discovery/observer.ts';
import { MysqlServers } from '../mysql/servers.ts';
import { RecoveryBook, type RecoveryKind, type RecoveryRecord, type RecoveryStore } from '../recovery/book.ts';
import { type HookList, RecoveryCoordinator, type Verdict } from '../recovery/coordinator.ts';
import { FenceKeeper } from '../recovery/fence.ts';
import { matches, matchesClusterFilter } from '../recovery/filters.ts';
import type { PlanOptions } from '../recovery/plan.ts';
import type { Journal } from '../recovery/ports.ts';
import { resumeRecovery } from '../recovery/resume.ts';
import { RecoveryRunner } from '../recovery/runner.ts';
import { Sentinel } from '../recovery/sentinel.ts';
import { GracefulTakeover } from '../recovery/takeover.ts';
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
}

/** What the backend still knew at start. */
export interface Restored {
  readonly instances: readonly WatchedInstance[];
  readonly recoveries: readonly RecoveryRecord[];
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

export type RunHooks = (list: HookList | 'preGraceful' | 'postGraceful', context: HookSubject) => Promise<boolean>;

/** What a hook is told about. */
export interface HookSubject {
  readonly uid: string;
  readonly code: string;
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
      settings: { ...settings.observer, ignored: (key, found) => this.#ignored(key, found) },
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
    this.coordinator = new RecoveryCoordinator({
      runner: this.#runner,
      book: this.book,
      fences: this.fences,
      clock,
      log,
      settings: { ...settings.recovery, plan: this.#planOptions() },
      newUid: () => newRecoveryUid(clock),
      evidence: (key) => this.inventory.health(key),
      globallyDisabled: () => this.#disabled,
      hooks: (list, record, verdict) => this.#hooks(list, record, verdict),
      note: (uid, message) => void storage.note(uid, message),
      audit: (type, key, cluster, message) => storage.audit(type, key, cluster, message),
      onChanged: (record, touched) => this.#onChanged(record, touched),
      storeFence: (failed, cluster, successor) => storage.fenceIntended(failed, cluster, successor),
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
      reconnectThrottleMs: settings.reconnectThrottleMs,
      stepTimeoutMs: settings.runner.stepTimeoutMs,
      onCode: (key, cluster, code) => log.info({ instance: keyText(key), cluster, code }, 'analysis changed'),
    });
    this.takeover = new GracefulTakeover({
      servers: this.servers,
      coordinator: this.coordinator,
      clock,
      log,
      probeTimeoutMs: settings.runner.probeTimeoutMs,
      stepTimeoutMs: settings.runner.stepTimeoutMs,
      catchUpMs: settings.recovery.maintenanceLagSeconds * 1000,
      reasonableLagSeconds: settings.recovery.maintenanceLagSeconds,
      isBanned: (key) => this.#isBanned(key),
      hooks: (list, failed, successor, snapshot) =>
        deps.runHooks(list, {
          uid: '',
          code: 'DeadMaster',
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
    this.sentinel.touch(this.inventory.clusterName(key));
    return had;
  }

  forget(key: InstanceKey): boolean {
    this.observer.unwatch(key);
    this.#deps.storage.forgotten(key);
    return this.inventory.forget(key);
  }

  /** A recovery that an operator asks for. The primary may still answer: then it is made read-only first. */
  async recoverNow(
    snapshot: ClusterSnapshot,
    key: InstanceKey,
    options: { code?: string; designated?: InstanceKey; skipHooks?: boolean },
  ) {
    const found = this.#findings(snapshot).find((finding) => sameKey(finding.key, key));
    const answers = this.inventory.get(key)?.valid ?? false;
    const kind = options.code === undefined ? found?.recovery : 'primary';
    if (kind === undefined) return undefined;
    const verdict: Verdict = { code: options.code ?? found?.code ?? '', kind, key, snapshot, suppressedBy: undefined };
    const { code: _code, ...rest } = options;
    return this.coordinator.force(verdict, { ...rest, primaryAnswers: answers }, this.tasks.signal);
  }

  #findings(snapshot: ClusterSnapshot) {
    return this.analyse(snapshot).map((analysis) => ({
      key: analysis.facts.instance.key,
      code: analysis.code,
      recovery: recoveryKind(analysis),
      silent:
        analysis.code.startsWith('UnreachableMaster') || analysis.code.startsWith('UnreachableIntermediateMaster'),
      suppressedBy: analysis.suppressedBy,
    }));
  }

  #analysisOptions(): AnalysisOptions {
    const { settings } = this.#deps;
    return { ...settings.analysis, staleCoordinates: () => false, errantGtid: () => '' };
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
    this.sentinel.touch(cluster);
  }

  #withRule(watched: WatchedInstance): WatchedInstance {
    const rule = this.#rules.get(keyText(watched.instance.key));
    if (rule === undefined || rule === watched.instance.promotionRule) return watched;
    return { ...watched, instance: { ...watched.instance, promotionRule: rule } };
  }

  #touchAll(): void {
    for (const { name } of this.snapshots()) this.sentinel.touch(name);
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

  #hooks(list: HookList, record: RecoveryRecord, verdict: Verdict): Promise<boolean> {
    return this.#deps.runHooks(list, {
      uid: record.uid,
      code: verdict.code,
      kind: verdict.kind,
      failed: verdict.key,
      snapshot: verdict.snapshot,
      record,
      successor: record.successor,
    });
  }
}

function recoveryKind(analysis: Analysis): RecoveryKind | undefined {
  switch (analysis.recovery) {
    case 'primary':
    case 'intermediatePrimary':
      return analysis.recovery;
    default:
      return undefined;
  }
}
