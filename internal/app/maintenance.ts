import type { Inventory } from '../discovery/inventory.ts';
import type { Clock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { MaintenanceLock, Restored, Storage } from './ports.ts';

export interface HeldLock extends MaintenanceLock {
  /** As the backend numbers it; 0: it did not answer. */
  readonly id: number;
  readonly key: InstanceKey;
}

export interface MaintenanceDeps {
  readonly inventory: Inventory;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly restored: Restored['maintenances'];
  /** Something about this cluster changed. */
  readonly touched: (cluster: string) => void;
}

/** Locks that keep automation away from single servers. One that ran out is as good as none. */
export class Maintenance {
  readonly #deps: MaintenanceDeps;
  readonly #locks = new Map<string, HeldLock>();

  constructor(deps: MaintenanceDeps) {
    this.#deps = deps;
    for (const lock of deps.restored) this.#locks.set(keyText(lock.key), lock);
  }

  /** Oldest first. */
  list(): readonly HeldLock[] {
    const nowMs = this.#deps.clock.nowMs();
    return [...this.#locks.values()].filter(({ endMs }) => endMs > nowMs).sort((a, b) => a.beginMs - b.beginMs);
  }

  /** @throws {OrchestratorError} `CONFLICT`: locked already */
  async begin(key: InstanceKey, owner: string, reason: string, durationMs: number): Promise<HeldLock> {
    const { storage, clock, inventory } = this.#deps;
    const beginMs = clock.nowMs();
    const held = this.#locks.get(keyText(key));
    if (held !== undefined && held.endMs > beginMs)
      throw new OrchestratorError(
        'CONFLICT',
        `Cannot begin maintenance for instance: ${keyText(key)}; maintenance reason: ${held.reason}`,
      );
    const lock = { key, owner, reason, beginMs, endMs: beginMs + durationMs, bounded: true };
    this.#locks.set(keyText(key), { ...lock, id: 0 });
    this.#show();
    const numbered = { ...lock, id: await storage.maintenanceBegun(key, lock) };
    if (this.#locks.has(keyText(key))) this.#locks.set(keyText(key), numbered);
    const words = `maintenanceToken: ${numbered.id}, owner: ${owner}, reason: ${reason}`;
    storage.audit('begin-maintenance', key, inventory.clusterName(key), words);
    return numbered;
  }

  /** False: there was no lock. @param how what the audit calls it */
  async end(key: InstanceKey, how: 'end-maintenance' | 'expire-maintenance' = 'end-maintenance'): Promise<boolean> {
    const { storage, inventory, touched } = this.#deps;
    const held = this.#locks.get(keyText(key));
    if (held === undefined) return false;
    this.#locks.delete(keyText(key));
    this.#show();
    await storage.maintenanceEnded(key);
    const cluster = inventory.clusterName(key);
    storage.audit(how, key, cluster, `maintenanceToken: ${held.id}`);
    touched(cluster);
    return true;
  }

  async endById(id: number): Promise<boolean> {
    const held = [...this.#locks.values()].find((lock) => lock.id === id);
    return held === undefined ? false : this.end(held.key);
  }

  /** Lets go of what ran out. */
  async expire(): Promise<void> {
    const nowMs = this.#deps.clock.nowMs();
    for (const { key, endMs } of [...this.#locks.values()])
      if (endMs <= nowMs) await this.end(key, 'expire-maintenance');
  }

  #show(): void {
    const { inventory } = this.#deps;
    inventory.setMaintenances(new Map([...this.#locks].map(([key, { endMs }]) => [key, endMs])));
  }
}
