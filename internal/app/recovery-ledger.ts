// What all nodes know alike about recoveries: the book, what was told of, and who waits to be fenced. Wishes go out as
// commands; what was agreed on takes effect here, whoever wished for it.

import type { Aftermath, Command } from '../command/command.ts';
import type { Inventory } from '../discovery/inventory.ts';
import { RecoveryBook, type RecoveryRecord, type RecoveryStore } from '../recovery/book.ts';
import type { DetectionRecord } from '../recovery/detections.ts';
import { primaryPairs } from '../recovery/primary-pairs.ts';
import type { Clock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { LOST_IN_RECOVERY } from '../topology/downtime.ts';
import { sourceKey } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import type { Agreement } from './agreement.ts';
import type { Restored, Storage } from './ports.ts';
import type { Settings } from './settings.ts';

const RECOVERY_OPS = [
  'write-recovery',
  'resolve-recovery',
  'ack-recovery',
  'register-failure-detection',
  'recovery-progress',
  'recovery-step-ended',
  'write-recovery-step',
  'intend-fence',
  'end-fence',
] as const;

export type RecoveryCommand = Extract<Command, { op: (typeof RECOVERY_OPS)[number] }>;

export function isRecoveryCommand(command: Command): command is RecoveryCommand {
  return (RECOVERY_OPS as readonly string[]).includes(command.op);
}

/** The recovery of another node, or of an earlier process, is open. */
interface Refused {
  readonly openUid: string;
}

export interface RecoveryLedgerDeps {
  readonly settings: Settings;
  readonly storage: Storage;
  readonly restored: Restored;
  readonly inventory: Inventory;
  readonly clock: Clock;
  readonly log: Log;
  readonly agreement: () => Agreement;
  /** Here alone: for what is agreed on already. */
  readonly endDowntime: (key: InstanceKey) => void;
  readonly onTold: (detection: DetectionRecord) => void;
  readonly onAcknowledged: (records: readonly RecoveryRecord[]) => void;
}

export class RecoveryLedger {
  readonly book: RecoveryBook;
  /** Replaced primaries that wait to be fenced, by `host:port`. */
  readonly openFences: Map<string, InstanceKey>;
  readonly #deps: RecoveryLedgerDeps;

  constructor(deps: RecoveryLedgerDeps) {
    this.#deps = deps;
    const { restored } = deps;
    this.openFences = new Map(restored.openFences.map((key) => [keyText(key), key]));
    this.book = new RecoveryBook(this.#agreed(), () => deps.settings.book, restored.recoveries);
    this.#rememberPromotions();
  }

  /** The backend holds another state than memory does: that one counts. */
  reload({ recoveries, openFences }: Restored): void {
    this.openFences.clear();
    for (const key of openFences) this.openFences.set(keyText(key), key);
    this.book.reload(recoveries);
    this.#rememberPromotions();
  }

  decide(command: RecoveryCommand): Promise<unknown> {
    return this.#deps.agreement().decide(command);
  }

  /** For what nobody waits for. A failover goes on without it. */
  later(command: RecoveryCommand): void {
    this.decide(command).catch((err: unknown) => this.#deps.log.warn({ err, op: command.op }, 'was not agreed on'));
  }

  note(uid: string, message: string): void {
    this.later({ op: 'write-recovery-step', uid, messages: [message] });
  }

  async intendFence(failed: InstanceKey, cluster: string, successor: InstanceKey): Promise<void> {
    await this.decide({ op: 'intend-fence', failed, cluster, successor });
  }

  async endFence(failed: InstanceKey): Promise<void> {
    await this.decide({ op: 'end-fence', failed });
  }

  /** Does what was agreed on. */
  apply(command: RecoveryCommand): unknown {
    const { storage, onTold } = this.#deps;
    switch (command.op) {
      case 'write-recovery': {
        const open = this.book.openOf(command.record.cluster);
        if (open !== undefined && open.uid !== command.record.uid) return { openUid: open.uid } satisfies Refused;
        this.book.learn(command.record);
        return storage.opened(command.record);
      }
      case 'resolve-recovery':
        this.book.learn(command.record);
        if (command.aftermath !== null) this.#settle(command.record, command.aftermath);
        return storage.closed(command.record);
      case 'ack-recovery':
        return this.#acknowledge(command);
      case 'register-failure-detection':
        if (command.told) onTold(command.detection);
        return storage.detected(command.detection);
      case 'recovery-progress':
        return storage.stepStarted(command.uid, command.number, command.text);
      case 'recovery-step-ended':
        return storage.stepEnded(command.uid, command.number, command.text, command.result);
      case 'write-recovery-step':
        for (const message of command.messages) void storage.note(command.uid, message);
        return undefined;
      case 'intend-fence':
        this.openFences.set(keyText(command.failed), command.failed);
        return storage.fenceIntended(command.failed, command.cluster, command.successor);
      case 'end-fence':
        this.openFences.delete(keyText(command.failed));
        return storage.fenced(command.failed);
    }
  }

  /** The book says what all nodes agreed on. */
  #agreed(): RecoveryStore {
    return {
      opened: async (record) => {
        const refused = (await this.decide({ op: 'write-recovery', record })) as Refused | undefined;
        if (refused !== undefined)
          throw new OrchestratorError('CONFLICT', `recovery ${refused.openUid} of this cluster is open`);
      },
      closed: async (record) => {
        await this.decide({ op: 'resolve-recovery', record, aftermath: this.#aftermathOf(record) });
      },
      acknowledged: async (records, acknowledgement) => {
        await this.decide({ op: 'ack-recovery', uids: records.map(({ uid }) => uid), acknowledgement });
      },
    };
  }

  #acknowledge({ uids, acknowledgement }: Extract<Command, { op: 'ack-recovery' }>): Promise<void> {
    const { storage, onAcknowledged } = this.#deps;
    const picked = this.book
      .list()
      .filter(({ uid, acknowledged }) => acknowledged === undefined && uids.includes(uid))
      .map((record) => ({ ...record, acknowledged: acknowledgement }));
    for (const record of picked) this.book.learn(record);
    onAcknowledged(picked);
    return storage.acknowledged(picked);
  }

  /** Null: nothing follows, or it was said when the recovery was closed first. */
  #aftermathOf(record: RecoveryRecord): Aftermath | null {
    const { settings, clock } = this.#deps;
    const known = this.book.list().find(({ uid }) => uid === record.uid);
    if (!record.successful || record.kind === 'intermediatePrimary' || known?.endedMs !== undefined) return null;
    const beginMs = clock.nowMs();
    const endMs = beginMs + settings.lostDowntimeMs;
    const downtime = { owner: 'orchestrator', reason: LOST_IN_RECOVERY, beginMs, endMs };
    const { successor } = record;
    return {
      downtimes: [record.failed, ...record.lost.map(({ key }) => key)].map((key) => ({ key, downtime })),
      successor,
      promoted: settings.coordinator.attempt.plan.applyPromotion,
      pairs: successor === undefined ? [] : [...primaryPairs(settings.kvPrefix, record.alias, successor)],
    };
  }

  #settle(record: RecoveryRecord, { downtimes, successor, promoted, pairs }: Aftermath): void {
    const { storage, inventory, endDowntime } = this.#deps;
    if (successor !== undefined) endDowntime(successor);
    for (const { key, downtime } of downtimes) {
      inventory.setDowntime(key, downtime);
      storage.downtime(key, downtime);
    }
    if (successor === undefined) return;
    if (promoted) this.#leads(record);
    inventory.setAlias(keyText(successor), record.alias);
    storage.clusterRenamed(record.cluster, keyText(successor));
    for (const [name, value] of pairs) storage.published(name, value);
  }

  /** What was last read of the successor may still say that it follows the failed server. */
  #leads({ successor, failed }: RecoveryRecord): void {
    const { inventory } = this.#deps;
    const known = successor && inventory.get(successor)?.instance;
    if (known !== undefined && sameKey(sourceKey(known), failed)) inventory.promoted(known.key);
  }

  /** Those that died, or this process did, before they were read as primaries. */
  #rememberPromotions(): void {
    const { inventory, settings } = this.#deps;
    if (!settings.coordinator.attempt.plan.applyPromotion) return;
    for (const record of this.book.list()) {
      const { successor, successful, kind, endedMs = 0 } = record;
      if (successor === undefined || !successful || kind === 'intermediatePrimary') continue;
      const seenMs = inventory.get(successor)?.lastSeenMs ?? Number.POSITIVE_INFINITY;
      if (seenMs <= endedMs && this.book.replaced(successor) === undefined) this.#leads(record);
    }
  }
}
