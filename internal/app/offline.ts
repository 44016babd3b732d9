// The world as the backend holds it, without observer, HTTP or recovery: what one command of the command line looks at.
// The snapshots are made by the same inventory as the daemon's.

import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Analysis } from '../analysis/analyse.ts';
import type { Backend } from '../backend/backend.ts';
import { SoleUse } from '../backend/sole-use.ts';
import type { Config } from '../config/keys.ts';
import { HostnameResolver, INTRODUCED_MS } from '../discovery/hostname-resolver.ts';
import { Inventory } from '../discovery/inventory.ts';
import type { NameService } from '../discovery/ports.ts';
import { systemNames } from '../mysql/name-service.ts';
import type { VirtualNames } from '../mysql/told-addresses.ts';
import { systemClock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { ClusterSnapshot } from '../topology/cluster.ts';
import type { WatchedInstance } from '../topology/instance.ts';
import type { InstanceKey } from '../topology/instance-key.ts';
import { livingMembers, type PoolMember } from '../topology/pools.ts';
import type { Actions } from './actions.ts';
import { analysesOf } from './analyses.ts';
import { BackendFailures } from './backend-failures.ts';
import type { LogReader } from './log-reader.ts';
import type { Orchestrator } from './orchestrator.ts';
import { openBackend, usesSqlite } from './own-backend.ts';
import type { Restored } from './ports.ts';
import { fillInventory } from './restored-inventory.ts';
import type { Settings } from './settings.ts';
import { settingsFrom } from './settings-from-config.ts';
import { restore } from './storage.ts';

/** Nothing is written behind while a command runs, except by `close`. */
const FLUSH_MS = 3_600_000;
/** How long a command tries to write what it did, ms. */
const CHECK_LIMIT_MS = 500;

export class Offline {
  readonly config: Config;
  readonly settings: Settings;
  readonly store: Backend;
  readonly restored: Restored;
  readonly #log: Log;
  readonly #failures: BackendFailures;
  readonly #inventory = new Inventory(() => this.settings.clusterNameToAlias);
  #snapshots: readonly ClusterSnapshot[] | undefined;
  #actions: Actions | undefined;
  #soleUse: SoleUse | undefined;

  private constructor(options: {
    readonly config: Config;
    readonly settings: Settings;
    readonly store: Backend;
    readonly log: Log;
    readonly failures: BackendFailures;
    readonly stored: Restored;
  }) {
    const { config, settings, store, log, failures, stored } = options;
    this.#log = log;
    this.#failures = failures;
    this.config = config;
    this.settings = settings;
    this.store = store;
    this.restored = { ...stored, instances: stored.instances.map(asLastChecked) };
    fillInventory(this.#inventory, this.restored);
  }

  /**
   * @param options.inGroup only beside the daemon of this node, and while that hears its leader: what its backend holds may be old otherwise,
   * and nothing can be agreed on (C-110)
   * @throws {OrchestratorError} `CONFIG_INVALID`, `BACKEND_FAILED`; `UNAVAILABLE`, `CONFLICT` in a group
   */
  static async open(options: {
    readonly config: Config;
    readonly noop: boolean;
    readonly virtualNames?: VirtualNames;
    readonly log: Log;
    readonly inGroup: boolean;
  }): Promise<Offline> {
    const { config, log, inGroup } = options;
    if (inGroup) await requireMember(config);
    const failures = new BackendFailures(log);
    const store = await openBackend(config, {
      node: { hostname: hostname(), token: randomBytes(32).toString('hex') },
      clock: systemClock,
      log: failures,
      flushMs: FLUSH_MS,
    });
    try {
      const settings = settingsFrom(config, options);
      return new Offline({ config, settings, store, log, failures, stored: await restored(store, settings) });
    } catch (err) {
      await store.close();
      throw err;
    }
  }

  /** Servers in pools, by pool, then by server. */
  pools(): readonly PoolMember[] {
    return livingMembers(this.restored.pools, systemClock.nowMs(), this.settings.pools.lifeMs);
  }

  /** Every known cluster, by name. */
  snapshots(): readonly ClusterSnapshot[] {
    this.#snapshots ??= this.#inventory.clusters(systemClock.nowMs());
    return this.#snapshots;
  }

  /** Host names and what they stand for: all that is stored, and these, looked up as the configuration says, within a bounded time. */
  async namesBehind(
    hostnames: readonly string[],
    names: NameService = systemNames,
  ): Promise<ReadonlyMap<string, string>> {
    const { resolvedNames } = this.restored;
    const resolver = new HostnameResolver({
      ...{ settings: this.settings.hostnames, names, clock: systemClock, log: this.#log },
    });
    await resolver.introduce(
      hostnames.filter((hostname) => !resolvedNames.has(hostname)),
      INTRODUCED_MS,
    );
    return new Map([...resolvedNames, ...resolver.entries().map(({ given, resolved }) => [given, resolved] as const)]);
  }

  analyse(snapshot: ClusterSnapshot): readonly Analysis[] {
    return analysesOf(snapshot, this.settings, () => false);
  }

  /**
   * Whoever may change something: the daemon that runs on this backend, else this process.
   *
   * @param alone act here even if a daemon runs
   * @throws {OrchestratorError} `CONFLICT`: a daemon may run and does not answer, or another process acts on the backend
   */
  async actions(alone: boolean): Promise<Actions> {
    if (this.#actions !== undefined) return this.#actions;
    const daemon = alone ? undefined : await this.#daemonActions();
    this.#actions = daemon ?? (await this.#localActions(alone));
    return this.#actions;
  }

  /** To be stopped when it is not needed any more. */
  async logReader(): Promise<LogReader> {
    const { LogReader } = await import('./log-reader.ts');
    return new LogReader(this.settings, this.#log);
  }

  /**
   * Whether the backend took and gave everything so far. A daemon outlives that; a command must not claim what is not so.
   *
   * @throws {OrchestratorError} `BACKEND_FAILED`
   */
  async check(): Promise<void> {
    const written = await this.store.settle(CHECK_LIMIT_MS);
    if (!written) this.#failures.error({ err: new Error(this.store.health().message) }, 'not everything was stored');
    this.#failures.check();
  }

  async close(): Promise<void> {
    await this.#actions?.close();
    await this.store.close();
    this.#soleUse?.release();
    this.#failures.check();
  }

  /** On a shared server a daemon may run elsewhere: what it does about a cluster must not cross what is done here. */
  async #keepOthersOut(): Promise<void> {
    if (usesSqlite(this.config)) {
      this.#soleUse = SoleUse.take(this.config.SQLite3DataFile);
      return;
    }
    const active = await this.store.nodes.livingLeader();
    if (active !== undefined)
      throw new OrchestratorError(
        'CONFLICT',
        `the daemon on ${active.hostname} works on this backend: use its API, or -ignore-raft-setup to act on the backend all the same`,
      );
  }

  async #daemonActions(): Promise<Actions | undefined> {
    const { DaemonClient } = await import('./daemon-client.ts');
    const daemon = await DaemonClient.find(this.config);
    if (daemon === undefined) return undefined;
    this.#log.info({ daemon: daemon.address }, 'a daemon runs on this backend: it carries out the command');
    if (this.settings.servers.virtualNames !== 'verified')
      this.#log.error(
        { daemon: daemon.address },
        '-skip-unresolve and -skip-unresolve-check have no effect: a daemon carries out the command',
      );
    const { DaemonActions } = await import('./daemon-actions.ts');
    return new DaemonActions(daemon);
  }

  /** Loading takes longest, and keeps nobody out. */
  async #localActions(alone: boolean): Promise<Actions> {
    const { assemble } = await import('./assemble.ts');
    const { LocalActions } = await import('./local-actions.ts');
    const { AuditTrail } = await import('./audit-trail.ts');
    const { InstanceTags } = await import('./instance-tags.ts');
    const { publishingOn } = await import('./publishing-on.ts');
    if (!alone) await this.#keepOthersOut();
    const log = this.#log;
    const publishing = await publishingOn({
      ...{ world: () => orchestrator, current: () => this, store: this.store, clock: systemClock, log },
    });
    const orchestrator: Orchestrator = assemble({
      current: this,
      store: this.store,
      restored: await restored(this.store, this.settings), // not what was read before others were kept out
      trail: new AuditTrail({ audits: this.store.audits, config: () => this.config, clock: systemClock, log }),
      hostname: hostname(),
      clock: systemClock,
      log,
      hooksLog: log,
      onProbed: () => {},
      watcher: { recovered: (record) => publishing.recovered(record), stepped: () => {} },
      addressesOf: (host) => publishing.addressesOf(host),
      published: () => publishing.settled(),
      passive: true,
    });
    const stored = (key?: InstanceKey) => this.store.names.tags(key);
    const tags = new InstanceTags({ agreement: orchestrator.agreement, stored });
    return new LocalActions({ orchestrator, publishing, tags, history: this.store.topologyHistory, log });
  }
}

async function requireMember(config: Config): Promise<void> {
  const { DaemonClient } = await import('./daemon-client.ts');
  const daemon = await DaemonClient.find(config);
  const missing = daemon === undefined ? 'the daemon of this node does not run' : await daemon.outOfGroup();
  if (missing === undefined) return;
  throw new OrchestratorError(
    'UNAVAILABLE',
    `RaftEnabled is set: ${missing}. Use the API of another node, or orchestrator-client; -ignore-raft-setup acts on the backend of this node all the same, behind the back of the group`,
  );
}

function restored(store: Backend, { detector }: Settings): Promise<Restored> {
  return restore(store, systemClock.nowMs() - detector.periodMs);
}

/** A daemon trusts only what it read itself; a command shows what the last check found (contract: `last_checked <= last_seen`). */
function asLastChecked(watched: WatchedInstance): WatchedInstance {
  return { ...watched, valid: watched.lastSeenMs > 0 && watched.lastCheckedMs <= watched.lastSeenMs };
}
