// What an earlier leader, or process, left for this node to end: open recoveries, and scripts behind those that have ended.

import type { Inventory } from '../discovery/inventory.ts';
import type { Observer } from '../discovery/observer.ts';
import type { MysqlServers } from '../mysql/servers.ts';
import type { RecoveryRecord } from '../recovery/book.ts';
import type { RecoveryCoordinator } from '../recovery/coordinator.ts';
import type { FenceKeeper } from '../recovery/fence.ts';
import type { LateForget } from '../recovery/late-forget.ts';
import type { Mandate } from '../recovery/mandate.ts';
import { resumeRecovery } from '../recovery/resume.ts';
import type { RecoveryRunner } from '../recovery/runner.ts';
import { runScriptsBehind, type ScriptsBehindDeps } from '../recovery/scripts-behind.ts';
import type { StandstillDeps } from '../recovery/standstill.ts';
import type { Verdict } from '../recovery/verdict.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { sourceKey } from '../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import type { NodeOffice } from './office.ts';
import type { Storage } from './ports.ts';
import type { RecoveryLedger } from './recovery-ledger.ts';
import type { Settings } from './settings.ts';

export interface ResumptionDeps {
  readonly settings: Settings;
  readonly storage: Pick<Storage, 'audit' | 'notes'>;
  readonly ledger: RecoveryLedger;
  readonly coordinator: RecoveryCoordinator;
  readonly runner: RecoveryRunner;
  readonly standstill: StandstillDeps;
  readonly fences: FenceKeeper;
  readonly lateForget: LateForget;
  readonly inventory: Inventory;
  readonly observer: Observer;
  readonly servers: MysqlServers;
  readonly scripts: ScriptsBehindDeps;
  readonly onChanged: (touched: readonly InstanceKey[]) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often it is looked for what nobody is at. */
const ORPHANS_MS = 1_000;
/** MySQL has a server wait a minute before it lets go of its source. */
const FORGETTING_MS = 75_000;

type Surveyed = (signal: AbortSignal) => Promise<void>;

export class Resumption {
  readonly #deps: ResumptionDeps;
  /** By uid: being finished or let go here, or having their scripts run. */
  readonly #underWay = new Set<string>();

  constructor(deps: ResumptionDeps) {
    this.#deps = deps;
  }

  /** Takes up what an earlier leader left, or this node had to stop in before it was known to lead again. Until the office ends. */
  begin(office: NodeOffice): void {
    const { inventory, clock, ledger, lateForget, storage } = this.#deps;
    office.tasks.run('sources to be forgotten', () => lateForget.takeUp(ledger.book, (uid) => storage.notes(uid)));
    const known = inventory.all().map(({ instance }) => instance.key);
    office.tasks.run('open recoveries', async (signal) => {
      for (;;) {
        for (const record of ledger.book.open())
          this.#once(record.uid, office, () => this.#resume(record, known, office));
        for (const uid of ledger.scripts.uids()) this.#once(uid, office, () => this.#scriptsOf(uid));
        await clock.sleep(ORPHANS_MS, signal);
      }
    });
  }

  /** A process that ends now finishes these, and waits until those that it promoted have forgotten their sources, or says who has not. */
  async settle(own: readonly RecoveryRecord[], surveyed: Surveyed, mandate: Mandate): Promise<void> {
    try {
      for (const record of own) await this.finish(record, surveyed, mandate);
    } finally {
      await this.#untilForgotten();
    }
  }

  async #untilForgotten(): Promise<void> {
    const { lateForget, log } = this.#deps;
    for (const key of await lateForget.settled(0))
      log.warn({ instance: keyText(key) }, 'waiting for the promoted server to let go of the source that it had');
    for (const key of await lateForget.settled(FORGETTING_MS))
      log.error(
        { instance: keyText(key) },
        'the promoted server keeps the source that it had: a daemon started on this backend has it forgotten',
      );
  }

  /** Unless somebody here is at it. */
  #once(uid: string, { tasks }: NodeOffice, work: () => Promise<void>): void {
    if (this.#underWay.has(uid) || this.#deps.coordinator.isRunning(uid)) return;
    this.#underWay.add(uid);
    tasks.run(`resume ${uid}`, () => work().finally(() => this.#underWay.delete(uid)));
  }

  #resume(record: RecoveryRecord, known: readonly InstanceKey[], office: NodeOffice): Promise<void> {
    const surveyed = async (stop: AbortSignal) => {
      await this.#untilSeen(known, stop);
      if (office.term > 0) await this.#readAnew(record, stop);
    };
    return this.finish(record, surveyed, office);
  }

  /** One that was forgotten, is left alone, or goes by another name now is not waited for. */
  async #untilSeen(known: readonly InstanceKey[], signal: AbortSignal): Promise<void> {
    const { settings, clock, inventory, observer } = this.#deps;
    const unseen = (key: InstanceKey) => inventory.get(key)?.valid !== true && inventory.health(key).failures === 0;
    const until = clock.monotonicMs() + settings.freshForMs;
    while (known.some(unseen) && clock.monotonicMs() < until)
      await clock.sleep(settings.observer.hotIntervalMs, signal);
    const left = known.filter((key) => unseen(key) && observer.isWatched(key));
    await Promise.allSettled(left.map((key) => observer.probeNow(key, signal)));
    signal.throwIfAborted();
  }

  /** Who has just been elected has read the servers before; what counts is what they say now. */
  async #readAnew({ cluster, failed }: RecoveryRecord, signal: AbortSignal): Promise<void> {
    const { inventory, observer, clock } = this.#deps;
    const near = [cluster, inventory.clusterName(failed)].flatMap(
      (name) => inventory.snapshot(name, clock.nowMs()).members,
    );
    await Promise.allSettled(near.map(({ instance }) => observer.probeNow(instance.key, signal)));
  }

  /** Finishes one open recovery, or lets go of it. */
  finish(record: RecoveryRecord, surveyed: Surveyed, mandate: Mandate): Promise<void> {
    const { settings, storage, ledger, inventory, onChanged } = this.#deps;
    const { probeTimeoutMs, stepTimeoutMs } = settings.runner;
    return resumeRecovery(
      record,
      {
        ...this.#deps,
        ...{ probeTimeoutMs, stepTimeoutMs, surveyed, book: ledger.book, retryMs: settings.fence.retryMs },
        limitOf: (uid) => ledger.limitOf(uid),
        journalled: (uid) => ledger.journalled(uid),
        planOf: (uid) => ledger.planOf(uid),
        replicasOf: (key) =>
          inventory
            .all()
            .filter(({ valid, instance }) => valid && sameKey(sourceKey(instance), key))
            .map(({ instance }) => instance.key),
        dropFence: (key) => ledger.endFence(key),
        scripts: ({ uid }) => this.#scriptsOf(uid),
        audit: ({ failed, cluster }, message) => storage.audit('resume-recovery', failed, cluster, message),
        onResumed: (_, touched) => onChanged(touched),
      },
      mandate,
    );
  }

  /** Those that the leader had not begun whose recovery it was; none for a successor that has been replaced since. */
  async #scriptsOf(uid: string): Promise<void> {
    const { ledger, inventory, clock, storage, scripts } = this.#deps;
    const record = ledger.book.find(uid);
    const successor = record?.successor;
    if (record === undefined || (successor !== undefined && ledger.book.replaced(successor) !== undefined)) {
      await ledger.decide({ op: 'effects-done', uid });
      return;
    }
    const { kind, code, failed, cluster } = record;
    const left = ledger.scripts.of(uid);
    storage.audit(
      'resume-recovery',
      failed,
      cluster,
      `scripts left to run: ${left.map(({ list }) => list).join(', ')}`,
    );
    const snapshot = inventory.snapshot(inventory.clusterName(successor ?? failed), clock.nowMs());
    const words = { description: '', command: '', suppressedBy: undefined };
    const verdict: Verdict = { code, kind, key: failed, snapshot, ...words };
    const failures = await runScriptsBehind(record, verdict, left, scripts);
    if (failures.length > 0) storage.audit('resume-recovery', failed, cluster, failures.join('; '));
  }
}
