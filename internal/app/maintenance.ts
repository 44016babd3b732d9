import type { Command, Stamp } from '../command/command.ts';
import type { Inventory } from '../discovery/inventory.ts';
import type { Clock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { MaintenanceLock } from '../topology/maintenance-lock.ts';
import type { Agreement } from './agreement.ts';
import type { Restored, Storage } from './ports.ts';

export interface HeldLock extends MaintenanceLock {
  /** As the group, or the backend, numbers it; 0: the backend did not answer. */
  readonly id: number;
  readonly key: InstanceKey;
}

export type MaintenanceCommand = Extract<Command, { op: 'maintenance-begin' | 'maintenance-end' }>;

export function isMaintenanceCommand(command: Command): command is MaintenanceCommand {
  return command.op === 'maintenance-begin' || command.op === 'maintenance-end';
}

export interface MaintenanceDeps {
  readonly inventory: Inventory;
  readonly storage: Storage;
  readonly agreement: Agreement;
  readonly clock: Clock;
  readonly restored: Restored['maintenances'];
  /** Something about this cluster changed. */
  readonly touched: (cluster: string) => void;
}

/** It is locked already. */
interface Refused {
  readonly heldFor: string;
}

/** Locks that keep automation away from single servers. One that ran out is as good as none. */
export class Maintenance {
  readonly #deps: MaintenanceDeps;
  readonly #locks = new Map<string, HeldLock>();

  constructor(deps: MaintenanceDeps) {
    this.#deps = deps;
    this.#take(deps.restored);
  }

  /** In place of all there are. */
  reload(restored: Restored['maintenances']): void {
    this.#locks.clear();
    this.#take(restored);
    this.#show();
  }

  /** Oldest first. */
  list(): readonly HeldLock[] {
    const nowMs = this.#deps.clock.nowMs();
    return [...this.#locks.values()].filter(({ endMs }) => endMs > nowMs).sort((a, b) => a.beginMs - b.beginMs);
  }

  /** @throws {OrchestratorError} `CONFLICT`: locked already */
  async begin(key: InstanceKey, owner: string, reason: string, durationMs: number): Promise<HeldLock> {
    const { agreement, clock } = this.#deps;
    const beginMs = clock.nowMs();
    const lock = { owner, reason, beginMs, endMs: beginMs + durationMs, bounded: true };
    const answer = (await agreement.decide({ op: 'maintenance-begin', key, lock })) as HeldLock | Refused;
    if ('id' in answer) return answer;
    throw new OrchestratorError(
      'CONFLICT',
      `Cannot begin maintenance for instance: ${keyText(key)}; maintenance reason: ${answer.heldFor}`,
    );
  }

  /** False: there was no lock. @param how what the audit calls it */
  async end(key: InstanceKey, how: 'end-maintenance' | 'expire-maintenance' = 'end-maintenance'): Promise<boolean> {
    if (!this.#locks.has(keyText(key))) return false;
    return (await this.#deps.agreement.decide({ op: 'maintenance-end', key, how })) === true;
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

  /** Does what was agreed on. */
  apply(command: MaintenanceCommand, stamp: Stamp): unknown {
    return command.op === 'maintenance-begin' ? this.#begin(command, stamp) : this.#end(command);
  }

  #begin({ key, lock }: Extract<Command, { op: 'maintenance-begin' }>, { index }: Stamp): Promise<HeldLock> | Refused {
    const { storage } = this.#deps;
    const held = this.#locks.get(keyText(key));
    if (held !== undefined && held.endMs > lock.beginMs) return { heldFor: held.reason };
    const fresh = { ...lock, key, id: index };
    this.#locks.set(keyText(key), fresh);
    this.#show();
    return storage.maintenanceBegun(key, lock, index).then((id) => this.#numbered(fresh, id));
  }

  /** A lock may have been let go before the backend had numbered it. */
  #numbered(lock: HeldLock, id: number): HeldLock {
    const { storage, inventory } = this.#deps;
    const { key, owner, reason } = lock;
    const numbered = { ...lock, id };
    if (this.#locks.get(keyText(key)) === lock) this.#locks.set(keyText(key), numbered);
    const words = `maintenanceToken: ${id}, owner: ${owner}, reason: ${reason}`;
    storage.audit('begin-maintenance', key, inventory.clusterName(key), words);
    return numbered;
  }

  #end({ key, how }: Extract<Command, { op: 'maintenance-end' }>): boolean | Promise<boolean> {
    const { storage, inventory, touched } = this.#deps;
    const held = this.#locks.get(keyText(key));
    if (held === undefined) return false;
    this.#locks.delete(keyText(key));
    this.#show();
    const cluster = inventory.clusterName(key);
    storage.audit(how, key, cluster, `maintenanceToken: ${held.id}`);
    touched(cluster);
    return storage.maintenanceEnded(key).then(() => true);
  }

  #take(restored: Restored['maintenances']): void {
    for (const lock of restored) this.#locks.set(keyText(lock.key), lock);
  }

  #show(): void {
    const { inventory } = this.#deps;
    inventory.setMaintenances(new Map([...this.#locks].map(([key, { endMs }]) => [key, endMs])));
  }
}
