// Builds every object from plain values, starts and stops them in order.

import type { Analysis } from '../analysis/analyse.ts';
import type { Command, Stamp } from '../command/command.ts';
import { HostnameResolver, INTRODUCED_MS } from '../discovery/hostname-resolver.ts';
import { Inventory } from '../discovery/inventory.ts';
import { IDLE_FACTOR, Observer, type ProbeEvent } from '../discovery/observer.ts';
import type { Executor } from '../mysql/change-lock.ts';
import { systemNames } from '../mysql/name-service.ts';
import { MysqlServers } from '../mysql/servers.ts';
import { Operations } from '../operations/operations.ts';
import { PlacesSeen } from '../operations/places-seen.ts';
import type { HostAddresses } from '../recovery/primary-pairs.ts';
import type { News } from '../recovery/sentinel.ts';
import type { Clock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { TaskGroup } from '../runtime/task-group.ts';
import { noticing } from '../runtime/wall-clock.ts';
import type { ClusterSnapshot } from '../topology/cluster.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { PromotionRule } from '../topology/promotion-rule.ts';
import { afterProbe } from './after-probe.ts';
import { AgreedCalls, isCallCommand } from './agreed-calls.ts';
import { type Agreement, Alone, type Apply } from './agreement.ts';
import { analysesOf } from './analyses.ts';
import { type FailoverPreview, failoverPlan } from './failover-plan.ts';
import { GroupTokens } from './group-tokens.ts';
import { isLeftOut, isUnwanted } from './left-out.ts';
import { isMaintenanceCommand, Maintenance } from './maintenance.ts';
import { isMarkCommand, MarkedClusters } from './marked-clusters.ts';
import { confirmIn } from './office.ts';
import { OperatorRequests } from './operator-requests.ts';
import { OperatorWishes } from './operator-wishes.ts';
import type { OpinionPort, Opinions } from './opinions.ts';
import { opinionsOf } from './own-opinion.ts';
import { Pools } from './pools.ts';
import type { Restored, RunHooks, Storage } from './ports.ts';
import { isRecoveryCommand } from './recovery-ledger.ts';
import { RecoveryRoom } from './recovery-room.ts';
import { Seeds } from './seeds.ts';
import type { Settings } from './settings.ts';

export interface OrchestratorDeps {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly restored: Restored;
  readonly runHooks: RunHooks;
  /** Two servers have changed places on request. */
  readonly tookSource: (successor: InstanceKey, demoted: InstanceKey) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly onProbed: (event: ProbeEvent) => void;
  /** Does what it is asked and nothing by itself: follows no server to another one, starts no recovery. */
  readonly passive?: boolean;
  /** This node is about to hand over: it begins no recovery any more. */
  readonly draining?: () => boolean;
  /** How this node is called where commands are agreed on. */
  readonly node: string;
  /** Of a host, as they were looked up last. */
  readonly addressesOf?: (hostname: string) => HostAddresses;
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
  readonly pools: Pools;
  readonly tokens: GroupTokens;
  readonly operations: Operations;
  /** For Pseudo-GTID. */
  readonly marked: MarkedClusters;
  readonly agreement: Agreement;
  readonly requests: OperatorRequests;
  /** Calls of the API that were made under a key. */
  readonly calls: AgreedCalls;
  /** Undefined: there are no other nodes. */
  readonly opinions: Opinions | undefined;
  readonly #deps: OrchestratorDeps;
  readonly #clock: Clock;
  readonly #wishes: OperatorWishes;
  readonly #places: PlacesSeen;
  readonly #seeds: Seeds;

  constructor(deps: OrchestratorDeps) {
    const { restored, log } = deps;
    this.#deps = deps;
    this.inventory = new Inventory(
      () => deps.settings.clusterNameToAlias,
      () => this.#freshForMs(),
    );
    const clock = noticing(deps.clock, (byMs) => this.inventory.clockSet(byMs));
    this.#clock = clock;
    const apply: Apply = (command, stamp) => this.#apply(command, stamp);
    this.agreement = deps.agreementOn?.(apply) ?? new Alone(apply, clock, deps.node);
    this.requests = new OperatorRequests(this.agreement, clock);
    this.calls = new AgreedCalls(deps.storage, () => this.agreement, restored.calls);
    this.tasks = new TaskGroup(log);
    this.pools = new Pools(
      {
        storage: deps.storage,
        agreement: () => this.agreement,
        known: () => this.inventory.all().map(({ instance }) => instance.key),
        canonical: (key) => this.observer.canonical(key),
        introduce: (hostnames) => this.introduce(hostnames),
        settings: () => deps.settings.pools,
      },
      restored.pools,
    );
    const toDecide = { storage: deps.storage, agreement: () => this.agreement, clock, log };
    this.tokens = new GroupTokens({ ...toDecide, settings: () => deps.settings.tokens }, restored.tokens);
    this.#wishes = new OperatorWishes({
      storage: deps.storage,
      restored,
      inventory: this.inventory,
      observer: () => this.observer,
      virtualName: (hostname, virtual) => this.hostnames.setVirtualName(hostname, virtual),
      pools: this.pools,
      tokens: this.tokens,
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
      marked: (key) => this.marked.isMarked(key),
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
    this.#seeds = new Seeds({ settings: () => deps.settings, observer: this.observer, log });
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
      match: (halted, other, signal) => this.operations.placeBelow(halted, other, signal),
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
    this.marked = new MarkedClusters({
      ...{ storage: deps.storage, restored: restored.markedClusters, inventory: this.inventory, clock, log },
      get settings() {
        return deps.settings;
      },
      servers: () => this.servers,
      agreement: () => this.agreement,
      recovery: () => this.recovery,
    });
    this.#places = new PlacesSeen(() => clock.monotonicMs());
    this.operations = new Operations({
      ...{ servers: this.servers, locks: this.maintenance, equivalences: deps.storage.equivalences, clock, log },
      places: this.#places,
      get settings() {
        return deps.settings.operations;
      },
      snapshots: () => this.snapshots(),
      refresh: (key, signal) => {
        const answers = this.inventory.health(this.observer.canonical(key)).failures === 0; // who does not is not waited for as long
        return this.observer.probeNow(key, signal, answers ? deps.settings.operations.stepTimeoutMs : undefined);
      },
      audit: (type, key, message) => deps.storage.audit(type, key, this.inventory.clusterName(key), message),
      tookSource: deps.tookSource,
    });
  }

  start(): void {
    for (const { instance } of this.#deps.restored.instances) this.observer.watch(instance.key);
    this.#seeds.watch();
    this.observer.start();
    if (this.agreement.mayAct) this.takeOffice();
  }

  /** This node leads from now on: it decides about servers, and goes on with what was begun. */
  takeOffice(): void {
    this.recovery.takeOffice();
    this.recovery.takeUp();
    const locks = this.maintenance.list();
    this.tasks.run('abandoned operations', (signal) => this.operations.endAbandoned(locks, signal));
    this.#touchAll();
  }

  /** Another node leads. What was under way here is left as it is. */
  leaveOffice(): Promise<void> {
    return this.recovery.leaveOffice();
  }

  /** To be called when the settings have changed: new seeds are watched, and every cluster is looked at anew. */
  refresh(): void {
    if (this.#deps.passive !== true) this.#seeds.watch();
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
    this.calls.reload(restored.calls);
    this.marked.reload(restored.markedClusters);
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

  snapshots(): readonly ClusterSnapshot[] {
    return this.inventory.clusters(this.#clock.nowMs());
  }

  analyse(snapshot: ClusterSnapshot): readonly Analysis[] {
    return analysesOf(snapshot, this.#deps.settings, (key) => this.recovery.isStuck(key));
  }

  failoverPlan(snapshot: ClusterSnapshot): Promise<FailoverPreview> {
    const virtualName = (hostname: string) => this.hostnames.virtualName(hostname);
    return failoverPlan(snapshot, this.recovery.coordinator, this.#deps.settings, virtualName);
  }

  /** By `host:port`. */
  promotionRules(): ReadonlyMap<string, PromotionRule> {
    return this.#wishes.promotionRules;
  }

  /** The name service is asked where nobody has asked it before. */
  async resolve({ hostname, port }: InstanceKey): Promise<InstanceKey> {
    return { hostname: this.hostnames.known(hostname) ?? (await this.hostnames.resolve(hostname)), port };
  }

  /** So that `observer.canonical` knows what names that nobody has used before stand for. */
  introduce(hostnames: readonly string[]): Promise<void> {
    const watched = new Set(this.inventory.all().map(({ instance }) => instance.key.hostname));
    return this.hostnames.introduce(
      hostnames.filter((hostname) => !watched.has(hostname)),
      INTRODUCED_MS,
    );
  }

  /**
   * What keeps automation away from a server must not be filed under a name that nobody can look up: it would protect nothing, unseen.
   *
   * @throws {OrchestratorError} `NOT_FOUND`
   */
  mustBeMeant(key: InstanceKey): void {
    if (this.inventory.get(key) !== undefined || !this.hostnames.isUnresolved(key.hostname)) return;
    throw new OrchestratorError('NOT_FOUND', `cannot look up which server ${keyText(key)} is: name it as it is known`);
  }

  forgetResolvedNames(): Promise<void> {
    this.hostnames.reset();
    return this.#deps.storage.resolvedNamesForgotten();
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
    if (isCallCommand(command)) return this.calls.apply(command, stamp);
    if (isMarkCommand(command)) return this.marked.apply(command, stamp);
    if (command.op === 'expire') this.calls.expire(stamp.atMs);
    return this.#wishes.apply(command, stamp);
  }

  #onProbed(event: ProbeEvent): void {
    const cluster = this.inventory.clusterName(event.key);
    afterProbe(event, cluster, this, { ...this.#deps, wishes: this.#wishes, places: this.#places });
    this.#touch(cluster, event.steady ? 'steady' : 'change');
  }

  /** What was decided about a server stays with it when its address changes. */
  #moved(from: InstanceKey, to: InstanceKey): void {
    const { storage } = this.#deps;
    const rule = this.#wishes.ruleOf(from);
    if (rule !== undefined) this.#wishes.setPromotionRule(to, rule);
    const downtime = this.inventory.downtime(to, this.#clock.nowMs());
    if (downtime !== undefined) storage.downtime(to, downtime);
    storage.downtime(from, undefined);
    storage.forgotten(from);
  }

  #touchAll(): void {
    for (const { name } of this.snapshots()) this.#touch(name);
  }

  #touch(cluster: string, news: News = 'change'): void {
    if (this.#deps.passive !== true && !this.observer.paused) this.recovery.sentinel.touch(cluster, news);
  }
}
