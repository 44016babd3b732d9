// Builds every object from plain values, starts and stops them in order.

import type { Analysis } from '../analysis/analyse.ts';
import type { Retention } from '../backend/retention.ts';
import type { Command, Stamp } from '../command/command.ts';
import { HostnameResolver } from '../discovery/hostname-resolver.ts';
import { Inventory } from '../discovery/inventory.ts';
import { IDLE_FACTOR, Observer, type ProbeEvent } from '../discovery/observer.ts';
import type { Executor } from '../mysql/change-lock.ts';
import { systemNames } from '../mysql/name-service.ts';
import { MysqlServers } from '../mysql/servers.ts';
import type { News } from '../recovery/sentinel.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { TaskGroup } from '../runtime/task-group.ts';
import type { ClusterSnapshot } from '../topology/cluster.ts';
import type { Downtime } from '../topology/downtime.ts';
import type { WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, keyText, parseKey } from '../topology/instance-key.ts';
import type { PromotionRule } from '../topology/promotion-rule.ts';
import { type Agreement, Alone, type Apply } from './agreement.ts';
import { analysesOf } from './analyses.ts';
import { type FailoverPreview, failoverPlan } from './failover-plan.ts';
import { isLeftOut, isUnwanted } from './left-out.ts';
import { isMaintenanceCommand, Maintenance } from './maintenance.ts';
import { confirmIn } from './office.ts';
import { OperatorWishes } from './operator-wishes.ts';
import type { OpinionPort, Opinions } from './opinions.ts';
import { opinionsOf } from './own-opinion.ts';
import type { Restored, RunHooks, Storage } from './ports.ts';
import { isRecoveryCommand } from './recovery-ledger.ts';
import { RecoveryRoom } from './recovery-room.ts';
import type { Settings } from './settings.ts';

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
  /** How this node is called where commands are agreed on. */
  readonly node: string;
  /** With whom things are agreed on; with nobody else, where it is not given. */
  readonly agreementOn?: (apply: Apply) => Agreement;
  /** The way to the other nodes, where there are any. What comes from them is for `opinions` to hear. */
  readonly peers?: OpinionPort;
}

export class Orchestrator {
  readonly inventory: Inventory;
  /** What host names are known as; for listing and reset. */
  readonly hostnames: HostnameResolver;
  readonly tasks: TaskGroup;
  readonly servers: MysqlServers;
  readonly observer: Observer;
  readonly recovery: RecoveryRoom;
  readonly maintenance: Maintenance;
  readonly agreement: Agreement;
  /** Undefined: there are no other nodes. */
  readonly opinions: Opinions | undefined;
  readonly #deps: OrchestratorDeps;
  readonly #wishes: OperatorWishes;
  readonly #seeded = new Set<string>();

  constructor(deps: OrchestratorDeps) {
    const { restored, clock, log } = deps;
    this.#deps = deps;
    const apply: Apply = (command, stamp) => this.#apply(command, stamp);
    this.agreement = deps.agreementOn?.(apply) ?? new Alone(apply, clock, deps.node);
    this.tasks = new TaskGroup(log);
    this.inventory = new Inventory(
      () => deps.settings.clusterNameToAlias,
      () => this.#freshForMs(),
    );
    this.#wishes = new OperatorWishes({
      storage: deps.storage,
      restored,
      inventory: this.inventory,
      observer: () => this.observer,
      touched: (cluster) => this.#touch(cluster),
      touchedAll: () => this.#touchAll(),
    });

    this.hostnames = new HostnameResolver({
      clock,
      log,
      names: systemNames,
      get settings() {
        return deps.settings.hostnames;
      },
      onLearnt: (given, resolved) => deps.storage.resolved(given, resolved),
    });
    this.hostnames.restore(restored.resolvedNames);
    this.hostnames.setVirtualNames(restored.virtualNames);
    this.servers = new MysqlServers({
      clock,
      log,
      get settings() {
        return deps.settings.servers;
      },
      onDisconnect: (key) => this.observer.suspect(key),
      virtualName: (hostname) => this.hostnames.virtualName(hostname),
      whyNoChange: () => (deps.settings.coordinator.noop ? 'started with --noop' : undefined),
      leads: () => this.agreement.mayAct,
      executor: () => this.#executor(),
    });
    this.observer = new Observer({
      prober: this.servers,
      inventory: this.inventory,
      hostnames: this.hostnames,
      tasks: this.tasks,
      clock,
      log,
      get settings() {
        return deps.settings.observer;
      },
      idle: () => !this.agreement.inTouch,
      ignored: (key, found) => deps.passive === true || isLeftOut(deps.settings.ignore, key, found),
      unwanted: (instance) => isUnwanted(deps.settings.servers.replicas, instance, log),
      onProbed: (event) => this.#onProbed(event),
      onMoved: (from, to) => this.#moved(from, to),
      onUnseen: (key) => this.#wishes.forget(key),
    });
    this.opinions =
      deps.peers &&
      opinionsOf(
        {
          ...{ clock, log, inventory: this.inventory, servers: this.servers, tasks: this.tasks },
          observer: () => this.observer,
          get settings() {
            return deps.settings;
          },
        },
        deps.peers,
      );
    this.recovery = new RecoveryRoom({
      ...deps,
      get settings() {
        return deps.settings;
      },
      tasks: this.tasks,
      inventory: this.inventory,
      observer: this.observer,
      servers: this.servers,
      analyse: (snapshot) => this.analyse(snapshot),
      globallyDisabled: () => this.#wishes.recoveriesDisabled,
      endDowntime: (key) => void this.#wishes.endDowntime(key, 'end-downtime'),
      agreement: () => this.agreement,
      opinions: this.opinions,
    });
    if (deps.passive === true) this.recovery.takeOffice(); // an operator's command is all that happens here
    this.maintenance = new Maintenance({
      inventory: this.inventory,
      storage: deps.storage,
      clock,
      restored: restored.maintenances,
      agreement: this.agreement,
      touched: (cluster) => this.#touch(cluster),
    });
  }

  start(): void {
    for (const { instance } of this.#deps.restored.instances) this.observer.watch(instance.key);
    this.#watchSeeds();
    this.observer.start();
    if (this.agreement.mayAct) this.takeOffice();
  }

  /** This node leads from now on: it decides about servers, and goes on with what was begun. */
  takeOffice(): void {
    this.recovery.takeOffice();
    this.recovery.takeUp();
    this.#touchAll();
  }

  /** Another node leads. What was under way here is left as it is. */
  leaveOffice(): Promise<void> {
    return this.recovery.leaveOffice();
  }

  /** To be called when the settings have changed: new seeds are watched, and every cluster is looked at anew. */
  refresh(): void {
    if (this.#deps.passive !== true) this.#watchSeeds();
    this.#touchAll();
  }

  /**
   * The backend holds what another node agreed to, and memory does not: it is taken over.
   *
   * @param servers all that are to be watched
   */
  reload(restored: Restored, servers: readonly InstanceKey[]): void {
    this.#wishes.reload(restored);
    this.recovery.reload(restored);
    this.maintenance.reload(restored.maintenances);
    const wanted = new Set(servers.map(keyText));
    for (const key of servers) this.observer.watch(key);
    for (const { instance } of this.inventory.all()) {
      if (wanted.has(keyText(instance.key))) continue;
      this.observer.unwatch(instance.key); // where others still name it, it is found again
      this.inventory.forget(instance.key);
    }
  }

  /** The backend holds words of operators that another node was given: they count, and what this node does goes on. */
  reloadWords(restored: Restored): void {
    this.#wishes.reload(restored);
    this.maintenance.reload(restored.maintenances);
  }

  /** Does what was agreed on at another node. */
  async hear(command: Command, stamp: Stamp): Promise<void> {
    await this.#apply(command, stamp);
  }

  async stop(): Promise<void> {
    this.observer.stop();
    await this.recovery.leaveOffice();
    await this.tasks.stop();
    this.servers.stop();
  }

  get recoveriesDisabled(): boolean {
    return this.#wishes.recoveriesDisabled;
  }

  async setRecoveriesDisabled(disabled: boolean): Promise<void> {
    await this.agreement.decide({ op: disabled ? 'disable-global-recoveries' : 'enable-global-recoveries' });
  }

  snapshots(): readonly ClusterSnapshot[] {
    return this.inventory.clusters(this.#deps.clock.nowMs());
  }

  analyse(snapshot: ClusterSnapshot): readonly Analysis[] {
    return analysesOf(snapshot, this.#deps.settings, (key) => this.recovery.isStuck(key));
  }

  failoverPlan(snapshot: ClusterSnapshot): Promise<FailoverPreview> {
    const virtualName = (hostname: string) => this.hostnames.virtualName(hostname);
    return failoverPlan(snapshot, this.recovery.coordinator, this.#deps.settings, virtualName);
  }

  async setPromotionRule(key: InstanceKey, rule: PromotionRule): Promise<void> {
    await this.agreement.decide({ op: 'register-candidate', key, rule });
  }

  /** One that must not run out. */
  async renewPromotionRule(key: InstanceKey, rule: PromotionRule): Promise<void> {
    await this.agreement.decide({ op: 'register-candidate', key, rule, quiet: true });
  }

  /** Rows of an age go, on all nodes of the group. */
  async expire(retention: Retention): Promise<void> {
    await this.agreement.decide({ op: 'expire', retention });
  }

  async beginDowntime(key: InstanceKey, owner: string, reason: string, durationMs: number): Promise<void> {
    const beginMs = this.#deps.clock.nowMs();
    const downtime = { owner, reason, beginMs, endMs: beginMs + durationMs };
    await this.agreement.decide({ op: 'begin-downtime', key, downtime });
  }

  /**
   * False: there was none.
   *
   * @param how what the audit calls it
   */
  async endDowntime(key: InstanceKey, how: 'end-downtime' | 'expire-downtime' = 'end-downtime'): Promise<boolean> {
    return (await this.agreement.decide({ op: 'end-downtime', key, how })) === true;
  }

  /** One that must not run out. */
  async renewDowntime(key: InstanceKey, downtime: Downtime): Promise<void> {
    await this.agreement.decide({ op: 'begin-downtime', key, downtime, quiet: true });
  }

  /** By `host:port`. */
  promotionRules(): ReadonlyMap<string, PromotionRule> {
    return this.#wishes.promotionRules;
  }

  /** `undefined`: the cluster is called what its servers suggest. */
  async setAliasOverride(cluster: string, alias: string | undefined): Promise<void> {
    await this.agreement.decide({ op: 'set-cluster-alias-manual-override', cluster, alias: alias ?? null });
  }

  /** The name service is asked where nobody has asked it before. */
  async resolve({ hostname, port }: InstanceKey): Promise<InstanceKey> {
    return { hostname: this.hostnames.known(hostname) ?? (await this.hostnames.resolve(hostname)), port };
  }

  forgetResolvedNames(): Promise<void> {
    this.hostnames.reset();
    return this.#deps.storage.resolvedNamesForgotten();
  }

  /** False: it was not known. */
  async forget(key: InstanceKey): Promise<boolean> {
    return (await this.agreement.decide({ op: 'forget', key })) === true;
  }

  async forgetCluster({ name, members }: ClusterSnapshot): Promise<void> {
    const keys = members.map(({ instance }) => instance.key);
    await this.agreement.decide({ op: 'forget-cluster', cluster: name, keys });
  }

  /** Has a server watched, by all nodes. */
  async watch(key: InstanceKey): Promise<void> {
    await this.agreement.decide({ op: 'discover', key });
  }

  /** Undefined: this node is alone. */
  #executor(): Executor | undefined {
    const { settings, node } = this.#deps;
    const { term } = this.agreement;
    if (term === 0) return undefined;
    return { group: settings.groupName, node, term, confirm: () => confirmIn(this.agreement, term) };
  }

  /** A command reads on demand, and a node that can decide nothing less often than others. */
  #freshForMs(): number {
    if (this.#deps.passive === true) return Number.POSITIVE_INFINITY;
    return this.#deps.settings.freshForMs * (this.agreement.inTouch ? 1 : IDLE_FACTOR);
  }

  #apply(command: Command, stamp: Stamp): unknown {
    if (isRecoveryCommand(command)) return this.recovery.ledger.apply(command, stamp);
    if (isMaintenanceCommand(command)) return this.maintenance.apply(command, stamp);
    return this.#wishes.apply(command, stamp);
  }

  /** Each seed once: one that was forgotten since stays forgotten. */
  #watchSeeds(): void {
    const { settings, log } = this.#deps;
    for (const seed of settings.seeds) {
      if (this.#seeded.has(seed)) continue;
      this.#seeded.add(seed);
      try {
        this.observer.watch(parseKey(seed, settings.defaultPort));
      } catch (err) {
        log.warn({ seed, err }, 'this entry of DiscoverySeeds names no server: skipped');
      }
    }
  }

  #onProbed(event: ProbeEvent): void {
    const { storage, onProbed } = this.#deps;
    const cluster = this.inventory.clusterName(event.key);
    if (event.watched !== undefined) {
      this.#registerDetectedRule(event.watched);
      const watched = this.#wishes.withRule(event.watched);
      if (watched !== event.watched) this.inventory.restore([watched]);
      storage.instanceSeen(watched, cluster);
    }
    onProbed(event);
    if (event.ok && this.#deps.passive !== true) {
      this.#keepReady(event.key);
      if (event.watched !== undefined) this.recovery.fenceReturned(event.watched.instance);
    }
    this.#touch(cluster, event.steady ? 'steady' : 'change');
  }

  /** What was decided about a server stays with it when its address changes. */
  #moved(from: InstanceKey, to: InstanceKey): void {
    const { storage, clock } = this.#deps;
    const rule = this.#wishes.ruleOf(from);
    if (rule !== undefined) this.#wishes.setPromotionRule(to, rule);
    const downtime = this.inventory.downtime(to, clock.nowMs());
    if (downtime !== undefined) storage.downtime(to, downtime);
    storage.downtime(from, undefined);
    storage.forgotten(from);
  }

  /** What a server's own query says about its rule takes the place of what was registered. */
  #registerDetectedRule({ instance: { key, detectedPromotionRule } }: WatchedInstance): void {
    if (detectedPromotionRule === undefined || this.#wishes.ruleOf(key) === detectedPromotionRule) return;
    if (!this.agreement.mayAct) return; // the leader says it for everybody
    this.setPromotionRule(key, detectedPromotionRule).catch((err: unknown) => {
      this.#deps.log.debug({ instance: keyText(key), err }, 'promotion rule was not agreed on');
    });
  }

  /** Servers that lead others may have to be fenced one day. */
  #keepReady(key: InstanceKey): void {
    const { settings, log } = this.#deps;
    const instance = this.inventory.get(key)?.instance;
    if (!settings.coordinator.attempt.fenceReplacedPrimary || instance === undefined) return;
    if (instance.readOnly || instance.replicaKeys.length === 0) {
      this.servers.dropReady(key);
      return;
    }
    this.tasks.run(`ready ${keyText(key)}`, (signal) =>
      this.servers.keepReady(key, settings.observer.probeTimeoutMs, signal).catch((err: unknown) => {
        log.debug({ instance: keyText(key), err }, 'no second connection for fencing');
      }),
    );
  }

  #touchAll(): void {
    for (const { name } of this.snapshots()) this.#touch(name);
  }

  #touch(cluster: string, news: News = 'change'): void {
    if (this.#deps.passive !== true && !this.observer.paused) this.recovery.sentinel.touch(cluster, news);
  }
}
