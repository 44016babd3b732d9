import type { BlockedRecord, DetectionRecord } from '../recovery/detections.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { Change, Condition, Row, Select } from './database.ts';
import { PeriodEnds } from './period-ends.ts';
import type { Node, Recoveries } from './recoveries.ts';
import { bit, KEY, keyColumns, keyOf, keysOf, keysText, number, readable, text, whereKey } from './rows.ts';
import { toMs, toText } from './time.ts';
import type { Store } from './write-queue.ts';

const TABLE = 'topology_failure_detection';
const UIDS = 'detection_uid';
const BLOCKED = 'blocked_topology_recovery';

/** A detection as the tables hold it. */
export interface StoredDetection extends DetectionRecord {
  readonly id: number;
  /** Told of already: the same is not told of again. */
  readonly active: boolean;
  readonly node: Node;
  /** The newest recovery that came of it; 0: none. */
  readonly recoveryId: number;
}

export interface StoredBlock extends Omit<BlockedRecord, 'alias'> {
  readonly blockingId: number;
}

/** `before`: numbers below this one. */
export type DetectionFilter = { readonly alias: string } | { readonly id: number } | { readonly before: number };

/** `topology_failure_detection` and `blocked_topology_recovery`. */
export class Detections {
  readonly #store: Store;
  readonly #node: Node;
  readonly #recoveries: Recoveries;
  readonly #periods: PeriodEnds;
  /** What is held back now, by server, and when that was said last. */
  readonly #blocked = new Map<string, BlockedRecord>();

  constructor(store: Store, node: Node, recoveries: Recoveries) {
    this.#store = store;
    this.#node = node;
    this.#recoveries = recoveries;
    this.#periods = new PeriodEnds(store, TABLE);
  }

  /** Of one server, one problem at a time is active: the newer word replaces the older. */
  async detected(detection: DetectionRecord): Promise<void> {
    const actionable = bit(detection.actionable);
    const startedAt = toText(detection.detectedMs);
    await this.#store.write([
      await this.#periods.end(detection.failed, detection.detectedMs, [['is_actionable', '=', actionable]]),
      {
        kind: 'insert',
        table: TABLE,
        row: {
          ...keyColumns(detection.failed),
          in_active_period: 1,
          start_active_period: startedAt,
          end_active_period_unixtime: 0,
          processing_node_hostname: this.#node.hostname,
          processcing_node_token: this.#node.token,
          analysis: detection.code,
          cluster_name: detection.cluster,
          cluster_alias: detection.alias,
          count_affected_slaves: detection.replicas.length,
          slave_hosts: keysText(detection.replicas),
          is_actionable: actionable,
        },
      },
      {
        kind: 'upsert',
        table: UIDS,
        key: ['uid'],
        row: {
          uid: detection.uid,
          ...keyColumns(detection.failed),
          analysis: detection.code,
          started_at: startedAt,
        },
      },
    ]);
  }

  /** What was told of these servers may be told again, after a restart too. */
  async ended(keys: readonly InstanceKey[]): Promise<void> {
    const nowMs = this.#store.nowMs();
    const changes: Change[] = [];
    for (const key of keys) changes.push(await this.#periods.end(key, nowMs));
    await this.#store.write(changes);
  }

  /** Those that a restart must not tell of again. */
  async active(sinceMs: number): Promise<readonly DetectionRecord[]> {
    const rows = await this.#store.read({
      table: TABLE,
      where: [
        ['in_active_period', '=', 1],
        ['start_active_period', '>=', toText(sinceMs)],
      ],
    });
    return Promise.all(readable(rows, detectionOf).map((one) => this.#named(one)));
  }

  /** Newest first. */
  async list(page: Pick<Select, 'limit' | 'offset'>, filter?: DetectionFilter): Promise<readonly StoredDetection[]> {
    const rows = await this.#store.read({
      table: TABLE,
      orderBy: 'detection_id',
      descending: true,
      ...page,
      ...(filter === undefined ? {} : { where: [filterCondition(filter)] }),
    });
    return Promise.all(
      rows.map(async (row) => ({
        ...(await this.#named(detectionOf(row))),
        id: number(row.detection_id),
        active: number(row.in_active_period) === 1,
        node: { hostname: text(row.processing_node_hostname), token: text(row.processcing_node_token) },
        recoveryId: await this.#recoveryOf(number(row.detection_id)),
      })),
    );
  }

  /** The newest block of a server replaces the one before. It counts as long as it is said again. */
  async blocked(block: BlockedRecord): Promise<void> {
    this.#blocked.set(keyText(block.failed), block);
    const id = await this.#recoveries.idOf(block.blockingUid).catch(() => 0);
    if (this.#blocked.get(keyText(block.failed)) !== block) return; // over, or said again, meanwhile
    this.#store.behind(`blocked ${keyText(block.failed)}`, {
      kind: 'upsert',
      table: BLOCKED,
      key: KEY,
      row: {
        ...keyColumns(block.failed),
        cluster_name: block.cluster,
        analysis: block.code,
        last_blocked_timestamp: toText(block.atMs),
        blocking_recovery_id: id === 0 ? null : id,
      },
    });
  }

  /** Lets go of blocks that were said last before then: the problem is gone, or is no longer held back. */
  async endBlocks(beforeMs: number): Promise<void> {
    for (const block of [...this.#blocked.values()]) if (block.atMs < beforeMs) await this.#unblock(block);
  }

  /** Lets go of what an earlier process held back: the one that starts says anew what it holds back. */
  async endAllBlocks(): Promise<void> {
    this.#blocked.clear();
    await this.#store.write([{ kind: 'delete', table: BLOCKED, where: [] }]);
  }

  /** Newest first. */
  async blocks(cluster?: string): Promise<readonly StoredBlock[]> {
    await this.#store.flush();
    const rows = await this.#store.read({
      table: BLOCKED,
      orderBy: 'last_blocked_timestamp',
      descending: true,
      ...(cluster === undefined ? {} : { where: [['cluster_name', '=', cluster]] }),
    });
    return Promise.all(rows.map((row) => this.#block(row)));
  }

  /** Recoveries that were acknowledged block nothing any more. */
  async released(uids: readonly string[]): Promise<void> {
    for (const block of [...this.#blocked.values()]) if (uids.includes(block.blockingUid)) await this.#unblock(block); // also what is not written yet
    const ids = await Promise.all(uids.map((uid) => this.#recoveries.idOf(uid).catch(() => 0)));
    await this.#store.write(
      ids
        .filter((id) => id > 0)
        .map((id) => ({
          kind: 'delete',
          table: BLOCKED,
          where: [['blocking_recovery_id', '=', id]],
        })),
    );
  }

  async #unblock({ failed }: BlockedRecord): Promise<void> {
    this.#blocked.delete(keyText(failed));
    this.#store.dropBehind(`blocked ${keyText(failed)}`);
    await this.#store.write([{ kind: 'delete', table: BLOCKED, where: whereKey(failed) }]);
  }

  async #block(row: Row): Promise<StoredBlock> {
    const blockingId = number(row.blocking_recovery_id);
    const [recovery] = await this.#store.read({
      table: 'topology_recovery',
      where: [['recovery_id', '=', blockingId]],
      limit: 1,
    });
    return {
      failed: keyOf(row),
      code: text(row.analysis),
      cluster: text(row.cluster_name),
      atMs: toMs(row.last_blocked_timestamp),
      blockingUid: text(recovery?.uid),
      blockingId,
    };
  }

  /** With the name that it was told of by, where it was told of by us. */
  async #named(detection: DetectionRecord): Promise<DetectionRecord> {
    const { failed, code, detectedMs } = detection;
    const where = [...whereKey(failed), ['analysis', '=', code], ['started_at', '=', toText(detectedMs)]] as const;
    const [row] = await this.#store.read({ table: UIDS, where, limit: 1 });
    return row === undefined ? detection : { ...detection, uid: text(row.uid) };
  }

  async #recoveryOf(detectionId: number): Promise<number> {
    const [row] = await this.#store.read({
      table: 'topology_recovery',
      where: [['last_detection_id', '=', detectionId]],
      orderBy: 'recovery_id',
      descending: true,
      limit: 1,
    });
    return number(row?.recovery_id);
  }
}

function detectionOf(row: Row): DetectionRecord {
  return {
    uid: `detection:${text(row.detection_id)}`, // the table holds none
    code: text(row.analysis),
    failed: keyOf(row),
    cluster: text(row.cluster_name),
    alias: text(row.cluster_alias),
    replicas: keysOf(row.slave_hosts),
    actionable: number(row.is_actionable) === 1,
    detectedMs: toMs(row.start_active_period),
  };
}

function filterCondition(filter: DetectionFilter): Condition {
  if ('before' in filter) return ['detection_id', '<', filter.before];
  return 'id' in filter ? ['detection_id', '=', filter.id] : ['cluster_alias', '=', filter.alias];
}
