// Primaries that a recovery has replaced, when they are seen again.

import type { Inventory } from '../discovery/inventory.ts';
import type { Observer } from '../discovery/observer.ts';
import type { FenceKeeper } from '../recovery/fence.ts';
import type { Clock } from '../runtime/clock.ts';
import { errorText } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { LOST_IN_RECOVERY } from '../topology/downtime.ts';
import { type Instance, sourceKey } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { missingFrom } from '../topology/received.ts';
import type { NodeOffice } from './office.ts';
import type { Storage } from './ports.ts';
import type { RecoveryLedger } from './recovery-ledger.ts';
import type { Settings } from './settings.ts';

export interface ReplacedPrimariesDeps {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly inventory: Inventory;
  readonly observer: Observer;
  readonly ledger: RecoveryLedger;
  readonly fences: FenceKeeper;
  /** @throws {OrchestratorError} `NOT_LEADER` */
  readonly office: () => NodeOffice;
}

export class ReplacedPrimaries {
  readonly #deps: ReplacedPrimariesDeps;

  constructor(deps: ReplacedPrimariesDeps) {
    this.#deps = deps;
  }

  /**
   * A replaced primary that takes writes and follows nobody was started anew after it had been fenced: it is fenced again.
   * An operator who wants it to lead ends its downtime first. One that is being promoted is left alone until its recovery has ended, which
   * ends its downtime, or says that another one leads.
   */
  returned(instance: Instance): void {
    const { settings, clock, log, inventory, ledger, fences } = this.#deps;
    const { key } = instance;
    if (instance.readOnly || sourceKey(instance) !== undefined || fences.isWatched(key)) return;
    if (!settings.coordinator.attempt.fenceReplacedPrimary || settings.coordinator.noop) return;
    if (inventory.downtime(key, clock.nowMs())?.reason !== LOST_IN_RECOVERY || ledger.mayBePromoting(key)) return;
    const record = ledger.book.replaced(key);
    if (record?.successor === undefined) return;
    log.warn({ instance: keyText(key), uid: record.uid }, 'replaced primary takes writes again: fencing it once more');
    ledger.later({ op: 'intend-fence', failed: key, cluster: record.cluster, successor: record.successor });
    fences.watch(key);
  }

  /** It was made read-only. */
  async fenced(key: InstanceKey): Promise<void> {
    const { storage, inventory, observer, ledger } = this.#deps;
    const record = ledger.book.replaced(key);
    const found = await this.#onlyThere(key, record?.successor).catch((err: unknown) => errorText(err));
    const message = `made read-only, client sessions ended; ${found}`;
    storage.audit('fence-replaced-primary', key, inventory.clusterName(key), message);
    if (record !== undefined) ledger.note(record.uid, `${keyText(key)} ${message}`);
    await ledger.endFence(key);
    observer.suspect(key);
  }

  /** What a replaced primary wrote that never reached its successor, in words. */
  async #onlyThere(key: InstanceKey, successor: InstanceKey | undefined): Promise<string> {
    const { observer, office } = this.#deps;
    const { signal } = office();
    if (successor === undefined) return 'its successor is not known';
    const old = await observer.probeNow(key, signal);
    const heir = await observer.probeNow(successor, signal);
    const only = missingFrom(heir, old);
    return only === ''
      ? `holds nothing that ${keyText(successor)} lacks`
      : `holds transactions that ${keyText(successor)} lacks: ${only}`;
  }
}
