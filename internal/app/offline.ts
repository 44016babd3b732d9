// The world as the backend holds it, without observer, HTTP or recovery: what one command of the command line looks at.
// The snapshots are made by the same inventory as the daemon's.

import { type Analysis, analyseCluster } from '../analysis/analyse.ts';
import { SqliteStore } from '../backend/sqlite-store.ts';
import type { Config } from '../config/keys.ts';
import { Inventory } from '../discovery/inventory.ts';
import { systemClock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { ClusterSnapshot } from '../topology/cluster.ts';
import type { WatchedInstance } from '../topology/instance.ts';
import { keyText } from '../topology/instance-key.ts';
import type { Restored } from './orchestrator.ts';
import type { Settings } from './settings.ts';
import { settingsFrom } from './settings-from-config.ts';
import { restore } from './storage.ts';

/** Nothing is written behind while a command runs, except by `close`. */
const FLUSH_MS = 3_600_000;

export class Offline {
  readonly config: Config;
  readonly settings: Settings;
  readonly store: SqliteStore;
  readonly restored: Restored;
  readonly #inventory = new Inventory();
  #snapshots: readonly ClusterSnapshot[] | undefined;

  private constructor(config: Config, settings: Settings, store: SqliteStore) {
    this.config = config;
    this.settings = settings;
    this.store = store;
    const stored = restore(store);
    this.restored = { ...stored, instances: stored.instances.map(asLastChecked) };
    this.#inventory.restore(
      this.restored.instances.map((watched) => {
        const promotionRule = stored.promotionRules.get(keyText(watched.instance.key));
        return promotionRule === undefined ? watched : { ...watched, instance: { ...watched.instance, promotionRule } };
      }),
    );
    for (const { key, ...downtime } of stored.downtimes) this.#inventory.setDowntime(key, downtime);
  }

  /** @throws {OrchestratorError} `CONFIG_INVALID`, `BACKEND_FAILED` */
  static open(options: { readonly config: Config; readonly noop: boolean; readonly log: Log }): Offline {
    const { config, noop, log } = options;
    if (!config.BackendDB.includes('sqlite'))
      throw new OrchestratorError(
        'CONFIG_INVALID',
        `BackendDB "${config.BackendDB}": only sqlite is there so far; set BackendDB to sqlite and SQLite3DataFile to a file`,
      );
    const store = SqliteStore.open({ file: config.SQLite3DataFile, clock: systemClock, log, flushMs: FLUSH_MS });
    return new Offline(config, settingsFrom(config, noop), store);
  }

  /** Every known cluster, by name. */
  snapshots(): readonly ClusterSnapshot[] {
    this.#snapshots ??= this.#inventory.clusters(systemClock.nowMs());
    return this.#snapshots;
  }

  analyse(snapshot: ClusterSnapshot): readonly Analysis[] {
    return analyseCluster(snapshot, {
      ...this.settings.analysis,
      staleCoordinates: () => false,
    });
  }

  close(): void {
    this.store.close();
  }
}

/** A daemon trusts only what it read itself; a command shows what the last check found (contract: `last_checked <= last_seen`). */
function asLastChecked(watched: WatchedInstance): WatchedInstance {
  return { ...watched, valid: watched.lastSeenMs > 0 && watched.lastCheckedMs <= watched.lastSeenMs };
}
