import type { Clock } from '../runtime/clock.ts';
import { wallTimeOf } from '../runtime/wall-clock.ts';
import type { BinlogCoordinates } from '../topology/instance.ts';
import type { InstanceKey } from '../topology/instance-key.ts';
import { sameKey } from '../topology/instance-key.ts';
import type { ClaimTerms, Holder } from './claim.ts';
import { KINDS, type RecoveryKind } from './kinds.ts';
import type { LostReplica } from './plan.ts';
import type { ScriptsList } from './scripts-behind.ts';

/** One recovery, open until `endedMs` is set. Times are milliseconds, by the wall clock of the node that ran it. */
export interface RecoveryRecord {
  readonly uid: string;
  readonly kind: RecoveryKind;
  readonly code: string;
  readonly failed: InstanceKey;
  readonly cluster: string;
  readonly alias: string;
  readonly startedMs: number;
  readonly endedMs?: number;
  readonly successful: boolean;
  readonly successor?: InstanceKey;
  readonly successorAlias?: string;
  /** Where the successor's own binary log stood when it was made writable. Not stored. */
  readonly successorCoordinates?: BinlogCoordinates;
  readonly lost: readonly LostReplica[];
  readonly participants: readonly InstanceKey[];
  readonly errors: readonly string[];
  /** Ended before any server was changed: no reason to hold the next one back. */
  readonly harmless: boolean;
  /** Who runs it, or ran it last; known once that was agreed on. */
  readonly holder?: Holder;
  readonly acknowledged?: { readonly by: string; readonly comment: string; readonly atMs: number };
}

/** Who has to agree before the book says so. All throw where that cannot be had. */
export interface RecoveryStore {
  /**
   * The record as it was agreed on, held by this node. For one that is open it is the take-over.
   *
   * @throws {OrchestratorError} `RECOVERY_REFUSED`: the claim was not granted
   */
  opened(record: RecoveryRecord, terms: ClaimTerms): Promise<RecoveryRecord>;
  /** @param scripts lists of which scripts are to follow */
  closed(record: RecoveryRecord, scripts: readonly ScriptsList[]): Promise<void>;
  acknowledged(
    records: readonly RecoveryRecord[],
    acknowledgement: NonNullable<RecoveryRecord['acknowledged']>,
  ): Promise<void>;
}

/** How a claim is meant. */
export type ClaimWish = Omit<ClaimTerms, 'blockMs'>;

export interface BookSettings {
  /** How long after its start a recovery keeps others of its kind from starting. */
  readonly blockMs: number;
}

/** Attempts that came to nothing which are kept in memory: where something is in the way for days there is one each few seconds. */
const MOST_FUTILE = 100;

/** All recoveries this node knows of, newest first, and the rules that keep one from chasing another. */
export class RecoveryBook {
  readonly #store: RecoveryStore;
  readonly #settings: () => BookSettings;
  readonly #clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  #records: readonly RecoveryRecord[];
  /** When the end of a recovery was heard of here, by its uid; of all others when they were loaded. By the monotonic clock. */
  readonly #heardMs = new Map<string, number>();
  #loadedMs: number;

  constructor(
    store: RecoveryStore,
    settings: () => BookSettings,
    clock: Pick<Clock, 'nowMs' | 'monotonicMs'>,
    records: readonly RecoveryRecord[] = [],
  ) {
    this.#store = store;
    this.#settings = settings;
    this.#clock = clock;
    this.#records = records;
    this.#loadedMs = clock.monotonicMs();
  }

  list(): readonly RecoveryRecord[] {
    return this.#records;
  }

  /** In place of all that it says. */
  reload(records: readonly RecoveryRecord[]): void {
    this.#records = records;
    this.#heardMs.clear();
    this.#loadedMs = this.#clock.monotonicMs();
  }

  /**
   * By when a recovery had ended for certain, by the wall clock of this node, milliseconds: the node that ran it has a clock of its
   * own, which may be ahead or behind.
   */
  endedByMs({ uid }: RecoveryRecord): number {
    return wallTimeOf(this.#heardMs.get(uid) ?? this.#loadedMs, this.#clock);
  }

  find(uid: string): RecoveryRecord | undefined {
    return this.#records.find((record) => record.uid === uid);
  }

  open(): readonly RecoveryRecord[] {
    return this.#records.filter(({ endedMs }) => endedMs === undefined);
  }

  openOf(cluster: string): RecoveryRecord | undefined {
    return this.open().find((record) => record.cluster === cluster);
  }

  /**
   * The recovery that keeps an automatic one of this kind from starting: one of the same family in the same cluster, or
   * whose successor is the server that failed now, started within the block period and not acknowledged. Moving replicas of
   * an intermediate primary below a server says nothing about that server.
   */
  blocking(
    cluster: string,
    kind: RecoveryKind,
    failed: InstanceKey,
    nowMs: number,
    blockMs = this.#settings().blockMs,
  ): RecoveryRecord | undefined {
    return this.#records.find(
      (record) =>
        record.acknowledged === undefined &&
        !record.harmless &&
        nowMs - record.startedMs < blockMs &&
        KINDS[record.kind].family === KINDS[kind].family &&
        (record.cluster === cluster || sameKey(record.successor, failed)),
    );
  }

  /**
   * The last attempt of this kind that ended after `sinceMs`, failed, and changed nothing. By whichever clock says that it is longer ago: one
   * that is ahead must not hold the next attempt back.
   */
  failedSince(cluster: string, kind: RecoveryKind, sinceMs: number): RecoveryRecord | undefined {
    return this.#records.find(
      (record) =>
        record.cluster === cluster &&
        record.kind === kind &&
        record.harmless &&
        !record.successful &&
        record.acknowledged === undefined &&
        record.endedMs !== undefined &&
        Math.min(record.endedMs, this.endedByMs(record)) > sinceMs,
    );
  }

  /** The recovery that gave this server's place to another one; undefined where it was never replaced, or has led since. */
  replaced(key: InstanceKey): RecoveryRecord | undefined {
    const last = this.#records.find(
      ({ successful, kind, failed, successor }) =>
        successful && KINDS[kind].replaces && (sameKey(failed, key) || sameKey(successor, key)),
    );
    return sameKey(last?.failed, key) ? last : undefined;
  }

  /** @throws {OrchestratorError} `RECOVERY_REFUSED`: another node, or another recovery, was first */
  async claim(record: RecoveryRecord, wish: ClaimWish): Promise<RecoveryRecord> {
    const held = await this.#store.opened(record, { ...wish, blockMs: this.#settings().blockMs });
    this.learn(held);
    return held;
  }

  async close(record: RecoveryRecord, scripts: readonly ScriptsList[] = []): Promise<void> {
    await this.#store.closed(record, scripts);
    this.learn(record);
  }

  /** What was agreed on, by whomever it was asked for. */
  learn(record: RecoveryRecord): void {
    const known = this.find(record.uid);
    this.#records = known
      ? this.#records.map((one) => (one === known ? record : one))
      : [record, ...this.#withoutOldest()];
    if (record.endedMs !== undefined && known?.endedMs === undefined)
      this.#heardMs.set(record.uid, this.#clock.monotonicMs());
  }

  /** Acknowledges what `selects` picks; returns those that were not acknowledged before. */
  async acknowledge(
    selects: (record: RecoveryRecord) => boolean,
    acknowledgement: NonNullable<RecoveryRecord['acknowledged']>,
  ): Promise<readonly RecoveryRecord[]> {
    const picked = this.#records
      .filter((record) => record.acknowledged === undefined && selects(record))
      .map((record) => ({ ...record, acknowledged: acknowledgement }));
    if (picked.length > 0) await this.#store.acknowledged(picked, acknowledgement);
    for (const record of picked) this.learn(record);
    return picked;
  }

  /** Room for one more; whatever came to something stays, and so does what is open. */
  #withoutOldest(): readonly RecoveryRecord[] {
    const futile = this.#records.filter(
      ({ endedMs, harmless, successful }) => endedMs !== undefined && harmless && !successful,
    );
    const oldest = new Set(futile.slice(MOST_FUTILE - 1));
    for (const { uid } of oldest) this.#heardMs.delete(uid);
    return oldest.size === 0 ? this.#records : this.#records.filter((record) => !oldest.has(record));
  }
}
