// What all nodes know alike about recoveries: the book, what was told of, and who waits to be fenced. Wishes go out as
// commands; what was agreed on takes effect here, whoever wished for it.

import type { Aftermath, Command, Stamp } from '../command/command.ts';
import type { Inventory } from '../discovery/inventory.ts';
import { RecoveryBook, type RecoveryRecord, type RecoveryStore } from '../recovery/book.ts';
import { isHeldBy, whyNotGranted } from '../recovery/claim.ts';
import type { DetectionRecord } from '../recovery/detections.ts';
import { KINDS } from '../recovery/kinds.ts';
import { lost, underMandate } from '../recovery/mandate.ts';
import type { FailoverPlan } from '../recovery/plan.ts';
import { lastPlanIn } from '../recovery/plan-note.ts';
import { type HostAddresses, primaryPairs } from '../recovery/primary-pairs.ts';
import type { ScriptsList } from '../recovery/scripts-behind.ts';
import type { Clock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { LOST_IN_RECOVERY } from '../topology/downtime.ts';
import { sourceKey } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import type { Agreement } from './agreement.ts';
import type { Restored, Storage } from './ports.ts';
import { ScriptsLeft } from './scripts-left.ts';
import type { Settings } from './settings.ts';

const RECOVERY_OPS = [
  'write-recovery',
  'resolve-recovery',
  'effects-begun',
  'effects-done',
  'ack-recovery',
  'register-failure-detection',
  'recovery-progress',
  'recovery-step-ended',
  'write-recovery-step',
  'intend-fence',
  'end-fence',
  'abandon-recoveries',
] as const;

export type RecoveryCommand = Extract<Command, { op: (typeof RECOVERY_OPS)[number] }>;

export function isRecoveryCommand(command: Command): command is RecoveryCommand {
  return (RECOVERY_OPS as readonly string[]).includes(command.op);
}

type Of<Op extends RecoveryCommand['op']> = Extract<RecoveryCommand, { op: Op }>;

/** Agreed on as well, by all nodes alike: it changes nothing. */
interface Refused {
  readonly refused: string;
}

/** What an open recovery has said of itself since this process knows of it. */
interface Course {
  /** In the words of `stepText`, by their numbers. */
  readonly steps: string[];
  /** Of the longest of them, ms. */
  limitMs: number;
  plan: Extract<FailoverPlan, { kind: 'promote' }> | undefined;
}

/** So many words that must not be written twice are remembered. */
const MOST_HEARD = 1_000;

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
  readonly globallyDisabled: () => boolean;
  readonly newUid: () => string;
  /** As they were looked up last. */
  readonly addressesOf: (hostname: string) => HostAddresses;
  readonly onTold: (detection: DetectionRecord) => void;
  readonly onAcknowledged: (records: readonly RecoveryRecord[]) => void;
}

export class RecoveryLedger {
  readonly book: RecoveryBook;
  /** Replaced primaries that wait to be fenced, by `host:port`. */
  readonly openFences: Map<string, InstanceKey>;
  readonly scripts: ScriptsLeft;
  readonly #deps: RecoveryLedgerDeps;
  /** Of open recoveries, by uid. */
  readonly #courses = new Map<string, Course>();
  readonly #heard = new Set<string>();

  constructor(deps: RecoveryLedgerDeps) {
    this.#deps = deps;
    const { restored } = deps;
    this.openFences = new Map(restored.openFences.map((key) => [keyText(key), key]));
    this.scripts = new ScriptsLeft(deps.storage, restored.scriptsLeft);
    this.book = new RecoveryBook(this.#agreed(), () => deps.settings.book, deps.clock, restored.recoveries);
    this.#rememberPromotions();
  }

  /** The backend holds another state than memory does: that one counts. */
  reload({ recoveries, openFences, scriptsLeft }: Restored): void {
    this.scripts.reload(scriptsLeft);
    this.openFences.clear();
    for (const key of openFences) this.openFences.set(keyText(key), key);
    this.book.reload(recoveries);
    this.#courses.clear(); // the backend has them
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
    this.later({ op: 'write-recovery-step', id: this.#deps.newUid(), uid, messages: [message] });
  }

  /** @throws {OrchestratorError} `NOT_LEADER`: nobody must be told */
  async detected(detection: DetectionRecord, told: boolean): Promise<void> {
    await underMandate(this.decide({ op: 'register-failure-detection', detection, told }));
  }

  /** @throws {OrchestratorError} `NOT_LEADER`: the step must not be taken */
  async begin(uid: string, number: number, text: string, limitMs: number): Promise<void> {
    await this.#held({ op: 'recovery-progress', uid, number, text, limitMs });
  }

  /** @throws {OrchestratorError} `NOT_LEADER`: the script must not be run */
  async beginScript(uid: string, list: ScriptsList, number: number): Promise<void> {
    await this.#held({ op: 'effects-begun', uid, list, number, term: this.#deps.agreement().term });
  }

  /** Steps of an open recovery that were begun, in order; the backend knows of those before this process. */
  async journalled(uid: string): Promise<readonly string[]> {
    const steps = [...(await this.#deps.storage.journalled(uid))];
    for (const [number, text] of (this.#courses.get(uid)?.steps ?? []).entries()) steps[number] = text ?? steps[number];
    return steps.filter((text) => text !== undefined);
  }

  /** How long a step of an open recovery may take, ms; what the configuration says, of one that is known from the backend alone. */
  limitOf(uid: string): number {
    const { stepMaxMs } = this.#deps.settings.runner;
    const { drainLimitMs } = this.#deps.settings.coordinator.attempt.plan;
    return this.#courses.get(uid)?.limitMs || stepMaxMs + drainLimitMs;
  }

  /** The plan of an open recovery that was noted last. */
  async planOf(uid: string): Promise<Course['plan']> {
    return this.#courses.get(uid)?.plan ?? this.#deps.storage.planOf(uid);
  }

  /** A recovery that is open makes this server writable, or has not said yet whom it does. */
  mayBePromoting(key: InstanceKey): boolean {
    return this.book.open().some(({ uid, kind }) => {
      const plan = this.#courses.get(uid)?.plan;
      return KINDS[kind].replaces && (plan === undefined || sameKey(plan.successor, key));
    });
  }

  /** @throws {OrchestratorError} `NOT_LEADER`: it may be agreed on yet, and whoever leads next sees to it */
  async intendFence(failed: InstanceKey, cluster: string, successor: InstanceKey): Promise<void> {
    await underMandate(this.decide({ op: 'intend-fence', failed, cluster, successor }));
  }

  /** @throws {OrchestratorError} `NOT_LEADER` */
  async endFence(failed: InstanceKey): Promise<void> {
    await underMandate(this.decide({ op: 'end-fence', failed }));
  }

  /** Does what was agreed on. The same command may come again: that changes nothing and writes no second row. */
  apply(command: RecoveryCommand, stamp: Stamp): unknown {
    const { storage, onTold } = this.#deps;
    switch (command.op) {
      case 'write-recovery':
        return this.#claim(command, stamp);
      case 'resolve-recovery':
        return this.#close(command, stamp);
      case 'effects-begun':
        return this.scripts.begin(command, stamp);
      case 'effects-done':
        return this.scripts.done(command);
      case 'ack-recovery':
        return this.#acknowledge(command);
      case 'register-failure-detection':
        if (!this.#isNews(command.detection.uid)) return undefined;
        if (command.told) onTold(command.detection);
        return storage.detected(command.detection);
      case 'recovery-progress':
        return this.#progress(command, stamp);
      case 'recovery-step-ended':
        if (!this.#isNews(`ended ${command.uid} ${command.number}`)) return undefined;
        return storage.stepEnded(command.uid, command.number, command.text, command.result);
      case 'write-recovery-step':
        return this.#note(command);
      case 'intend-fence':
        this.openFences.set(keyText(command.failed), command.failed);
        this.openFences.delete(keyText(command.successor));
        return storage.fenceIntended(command.failed, command.cluster, command.successor);
      case 'end-fence':
        this.openFences.delete(keyText(command.failed));
        return storage.fenced(command.failed);
      case 'abandon-recoveries':
        return this.#abandon(command, stamp);
    }
  }

  /** The servers may be others by now than those that a recovery, or a fence, was meant for. */
  #abandon({ why }: Of<'abandon-recoveries'>, { atMs: endedMs, index }: Stamp): Promise<unknown> {
    const { storage } = this.#deps;
    const open = this.#isNews(`abandoned ${index}`) ? this.book.open() : [];
    const ended = open.map((record) => ({ ...record, endedMs, successful: false, errors: [...record.errors, why] }));
    for (const record of ended) {
      this.book.learn(record);
      this.#courses.delete(record.uid);
    }
    const fences = [...this.openFences.values()];
    const scripts = this.scripts.uids().map((uid) => this.scripts.done({ uid }));
    this.openFences.clear();
    return Promise.all([
      ...ended.map((record) => storage.closed(record)),
      ...fences.map((key) => storage.fenced(key)),
      ...scripts,
    ]);
  }

  /** The book says what all nodes agreed on. */
  #agreed(): RecoveryStore {
    return {
      opened: async (record, claim) => {
        const answer = await underMandate(this.decide({ op: 'write-recovery', record, claim }));
        if (isRefused(answer)) throw new OrchestratorError('RECOVERY_REFUSED', `not granted: ${answer.refused}`);
        return this.book.find(record.uid) ?? record;
      },
      closed: async (record, scripts) => {
        await this.#held({ op: 'resolve-recovery', record, aftermath: this.#aftermathOf(record), scripts });
      },
      acknowledged: async (records, acknowledgement) => {
        await this.decide({ op: 'ack-recovery', uids: records.map(({ uid }) => uid), acknowledgement });
      },
    };
  }

  /** What only the holder of a claim may say. @throws {OrchestratorError} `NOT_LEADER`: that is somebody else by now */
  async #held(command: Of<'recovery-progress' | 'resolve-recovery' | 'effects-begun'>): Promise<void> {
    const answer = await underMandate(this.decide(command));
    if (isRefused(answer)) throw lost(answer.refused);
  }

  #claim({ record, claim }: Of<'write-recovery'>, stamp: Stamp): Promise<void> | Refused {
    const { storage, globallyDisabled } = this.#deps;
    const { uid, cluster, kind, failed } = record;
    const known = this.book.find(uid);
    const name = `claim ${uid} ${claim.term}`;
    if (this.#heard.has(name)) return { refused: 'it was refused before' }; // whatever has changed since
    const refused = whyNotGranted(claim, stamp, {
      known,
      open: this.book.open().find((one) => one.uid !== uid && (one.cluster === cluster || sameKey(one.failed, failed))),
      blocking: this.book.blocking(cluster, kind, failed, stamp.atMs, claim.blockMs),
      disabled: globallyDisabled(),
    });
    if (refused !== undefined) {
      this.#isNews(name);
      return { refused };
    }
    const held = { ...(known ?? record), holder: { node: stamp.node, term: stamp.term } };
    this.book.learn(held);
    if (known === undefined) this.#courses.set(uid, { steps: [], limitMs: 0, plan: undefined });
    return known === undefined ? storage.opened(held) : storage.takenOver(held);
  }

  #progress({ uid, number, text, limitMs }: Of<'recovery-progress'>, stamp: Stamp): Promise<void> | Refused {
    const known = this.book.find(uid);
    if (known?.endedMs !== undefined || !isHeldBy(stamp, known?.holder)) return { refused: 'it is not ours any more' };
    const course = this.#courseOf(uid);
    if (course.steps[number] !== undefined) return Promise.resolve();
    course.steps[number] = text;
    course.limitMs = Math.max(course.limitMs, limitMs);
    return this.#deps.storage.stepStarted(uid, number, text);
  }

  #close({ record, aftermath, scripts = [] }: Of<'resolve-recovery'>, stamp: Stamp): Promise<unknown> | Refused {
    const known = this.book.find(record.uid);
    if (known === undefined || !isHeldBy(stamp, known.holder)) return { refused: 'it is not ours any more' };
    const { holder, acknowledged } = known;
    const closed = {
      ...record,
      ...(holder === undefined ? {} : { holder }),
      ...(acknowledged === undefined ? {} : { acknowledged }),
    };
    this.book.learn(closed);
    this.#courses.delete(record.uid);
    if (aftermath !== null && known.endedMs === undefined) this.#settle(closed, aftermath);
    const due = known.endedMs === undefined ? this.scripts.due(record.uid, scripts) : undefined;
    return Promise.all([this.#deps.storage.closed(closed), due]);
  }

  #note({ id, uid, messages }: Of<'write-recovery-step'>): void {
    if (!this.#isNews(id)) return;
    const plan = lastPlanIn(messages);
    const open = this.book.find(uid)?.endedMs === undefined;
    if (plan !== undefined && open) this.#courseOf(uid).plan = plan;
    for (const message of messages) void this.#deps.storage.note(uid, message);
  }

  #courseOf(uid: string): Course {
    const course = this.#courses.get(uid) ?? { steps: [], limitMs: 0, plan: undefined };
    this.#courses.set(uid, course);
    return course;
  }

  /** False: what is called so was heard before. */
  #isNews(id: string): boolean {
    if (this.#heard.has(id)) return false;
    this.#heard.add(id);
    const [oldest] = this.#heard;
    if (this.#heard.size > MOST_HEARD && oldest !== undefined) this.#heard.delete(oldest);
    return true;
  }

  #acknowledge({ uids, acknowledgement }: Of<'ack-recovery'>): Promise<void> {
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
    const { settings, clock, inventory, addressesOf } = this.#deps;
    const known = this.book.find(record.uid);
    if (!record.successful || !KINDS[record.kind].replaces || known?.endedMs !== undefined) return null;
    const beginMs = clock.nowMs();
    const endMs = beginMs + settings.lostDowntimeMs;
    const downtime = { owner: 'orchestrator', reason: LOST_IN_RECOVERY, beginMs, endMs };
    const { successor } = record;
    const pairsOf = (key: InstanceKey) => primaryPairs(settings.kvPrefix, record.alias, key, addressesOf(key.hostname));
    return {
      downtimes: [record.failed, ...record.lost.map(({ key }) => key)].map((key) => ({ key, downtime })),
      successor,
      promoted: settings.coordinator.attempt.plan.applyPromotion,
      pairs: successor === undefined ? [] : pairsOf(successor),
      domain: inventory.snapshot(record.cluster, beginMs).domain,
    };
  }

  #settle(record: RecoveryRecord, { downtimes, successor, promoted, pairs, domain = '' }: Aftermath): void {
    const { storage, inventory, endDowntime } = this.#deps;
    if (successor !== undefined) endDowntime(successor);
    for (const { key, downtime } of downtimes) {
      inventory.setDowntime(key, downtime);
      storage.downtime(key, downtime);
    }
    if (successor === undefined) return;
    if (promoted) this.#leads(record);
    const [from, to] = [record.cluster, keyText(successor)];
    if (from !== to) inventory.setAlias(from, undefined);
    inventory.setAlias(to, record.alias);
    if (domain !== '') inventory.rememberDomain(to, domain);
    storage.clusterRenamed(from, to);
    storage.writerOf(domain || from, successor);
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
      if (successor === undefined || !successful || !KINDS[kind].replaces) continue;
      const seenMs = inventory.get(successor)?.lastSeenMs ?? Number.POSITIVE_INFINITY;
      if (seenMs <= endedMs && this.book.replaced(successor) === undefined) this.#leads(record);
    }
  }
}

function isRefused(answer: unknown): answer is Refused {
  return typeof answer === 'object' && answer !== null && 'refused' in answer;
}
