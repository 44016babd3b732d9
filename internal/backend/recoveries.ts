import type { RecoveryRecord } from '../recovery/book.ts';
import type { Holder } from '../recovery/claim.ts';
import type { RecoveryKind } from '../recovery/kinds.ts';
import type { Change, Condition, Row, Select } from './database.ts';
import { PeriodEnds, unixSeconds } from './period-ends.ts';
import { bit, keyColumns, keyOf, keysOf, keysText, number, readable, text, whereKey } from './rows.ts';
import { toMs, toText } from './time.ts';
import type { Store } from './write-queue.ts';

const TABLE = 'topology_recovery';
/** Begins the token of what a group has agreed on; the term follows. */
export const TERM = 'term ';

/** The process that wrote a row. */
export interface Node {
  readonly hostname: string;
  readonly token: string;
}

/** What only the table knows of a recovery. */
export interface StoredIdentity {
  /** The number that people name it by; never given to another one. */
  readonly id: number;
  /** The detection that it came of; 0: none. */
  readonly detectionId: number;
  /** The process that ran it. */
  readonly node: Node;
}

/** Ends of active periods that were taken already moved on by this at most, s. */
const LATE_S = 5;

/** `topology_recovery`: one row per recovery, active while it may block another one. */
export class Recoveries {
  readonly #store: Store;
  readonly #node: Node;
  /** Of recoveries whose rows will not change in this respect. */
  readonly #identities = new Map<string, StoredIdentity>();
  readonly #periods: PeriodEnds;

  constructor(store: Store, node: Node) {
    this.#store = store;
    this.#node = node;
    this.#periods = new PeriodEnds(store, TABLE);
  }

  /** Ends the active period of an earlier one of the same server: the table takes one at a time. */
  async opened(record: RecoveryRecord): Promise<void> {
    await this.#store.write([
      await this.#periods.end(record.failed, record.startedMs),
      {
        kind: 'insert',
        table: TABLE,
        row: {
          ...keyColumns(record.failed),
          in_active_period: 1,
          start_active_period: toText(record.startedMs),
          end_active_period_unixtime: 0,
          ...this.#ownColumns(),
          analysis: record.code,
          cluster_name: record.cluster,
          cluster_alias: record.alias,
          slave_hosts: keysText(record.participants),
          count_affected_slaves: record.participants.length,
          uid: record.uid,
        },
      },
    ]);
  }

  /** Another node runs it from now on, or this one in another term. */
  async takenOver({ uid }: RecoveryRecord): Promise<void> {
    const where = [whereUid(uid)];
    await this.#store.write([{ kind: 'update', table: TABLE, row: this.#ownColumns(), where }]);
  }

  async closed(record: RecoveryRecord): Promise<void> {
    const endedMs = record.endedMs ?? this.#store.nowMs();
    await this.#store.write([
      {
        kind: 'update',
        table: TABLE,
        row: {
          end_recovery: toText(endedMs),
          is_successful: bit(record.successful),
          successor_hostname: record.successor?.hostname ?? null,
          successor_port: record.successor?.port ?? null,
          successor_alias: record.successorAlias ?? null,
          slave_hosts: keysText(record.participants),
          count_affected_slaves: record.participants.length,
          participating_instances: keysText(record.participants),
          lost_slaves: keysText(record.lost.map(({ key }) => key)),
          all_errors: record.errors.join('\n'),
          last_detection_id: await this.#lastDetection(record),
        },
        where: [whereUid(record.uid)],
      },
      ...(record.harmless ? [await this.#periods.end(record.failed, endedMs, [whereUid(record.uid)])] : []),
    ]);
  }

  async acknowledged(records: readonly RecoveryRecord[]): Promise<void> {
    const changes: Change[] = [];
    for (const { uid, failed, acknowledged } of records) {
      if (acknowledged === undefined) continue;
      const { by, comment, atMs } = acknowledged;
      const row = {
        acknowledged: 1,
        acknowledged_at: toText(atMs),
        acknowledged_by: by,
        acknowledge_comment: comment,
      };
      changes.push({ kind: 'update', table: TABLE, row, where: [whereUid(uid)] });
      changes.push(await this.#periods.end(failed, atMs, [whereUid(uid)]));
    }
    await this.#store.write(changes);
  }

  /** The newest, newest first. */
  async load(limit: number): Promise<readonly RecoveryRecord[]> {
    const rows = await this.#store.read({ table: TABLE, orderBy: 'recovery_id', descending: true, limit });
    return readable(rows, (row) => {
      const record = recoveryOf(row);
      const identity = identityOf(row);
      if (identity.detectionId > 0) this.#identities.set(record.uid, identity);
      return record;
    });
  }

  /** Undefined: it is not stored yet. @throws {OrchestratorError} `BACKEND_FAILED`, `BACKEND_CORRUPT` */
  async identity(record: RecoveryRecord): Promise<StoredIdentity | undefined> {
    const known = this.#identities.get(record.uid);
    if (known !== undefined) return known;
    const [row] = await this.#store.read({ table: TABLE, where: [whereUid(record.uid)], limit: 1 });
    if (row === undefined) return undefined;
    const stored = identityOf(row);
    const identity = { ...stored, detectionId: stored.detectionId || (await this.#lastDetection(record)) };
    if (record.endedMs !== undefined) this.#identities.set(record.uid, identity);
    return identity;
  }

  async idOf(uid: string): Promise<number> {
    const [row] = await this.#store.read({ table: TABLE, where: [whereUid(uid)], limit: 1 });
    return number(row?.recovery_id);
  }

  #ownColumns(): Row {
    return { processing_node_hostname: this.#node.hostname, processcing_node_token: this.#node.token };
  }

  /** For people only, so a database that does not answer is no reason to fail. */
  async #lastDetection({ failed }: RecoveryRecord): Promise<number> {
    const newest: Select = {
      table: 'topology_failure_detection',
      where: whereKey(failed),
      orderBy: 'detection_id',
      descending: true,
      limit: 1,
    };
    const found = this.#store.read(newest, true);
    return number((await found.catch(() => []))[0]?.detection_id);
  }
}

/** A row that another program wrote may hold no uid: it goes by its number then. */
function whereUid(uid: string): Condition {
  const byId = /^id:(\d+)$/.exec(uid);
  return byId === null ? ['uid', '=', uid] : ['recovery_id', '=', Number(byId[1])];
}

function identityOf(row: Row): StoredIdentity {
  return {
    id: number(row.recovery_id),
    detectionId: number(row.last_detection_id),
    node: { hostname: text(row.processing_node_hostname), token: text(row.processcing_node_token) },
  };
}

export function recoveryOf(row: Row): RecoveryRecord {
  const acknowledged = number(row.acknowledged) === 1;
  // one that somebody acknowledged is over, whatever became of the process that ran it
  const endedMs = toMs(row.end_recovery) || (acknowledged ? toMs(row.acknowledged_at) : 0);
  const code = text(row.analysis);
  const holder = holderOf(row);
  return {
    uid: text(row.uid) || `id:${text(row.recovery_id)}`,
    kind: kindOfCode(code),
    code,
    failed: keyOf(row),
    cluster: text(row.cluster_name),
    alias: text(row.cluster_alias),
    startedMs: toMs(row.start_active_period),
    ...(endedMs > 0 ? { endedMs } : {}),
    successful: number(row.is_successful) === 1,
    ...(text(row.successor_hostname) !== ''
      ? { successor: { hostname: text(row.successor_hostname), port: number(row.successor_port) } }
      : {}),
    successorAlias: text(row.successor_alias),
    lost: keysOf(row.lost_slaves).map((key) => ({ key, reason: '', reachable: false })),
    participants: keysOf(row.participating_instances),
    errors: text(row.all_errors)
      .split('\n')
      .filter((line) => line.trim() !== ''),
    // its active period ended together with it
    ...(holder === undefined ? {} : { holder }),
    harmless: !acknowledged && endedMs > 0 && number(row.in_active_period) === 0 && isEndOf(row, endedMs),
    ...(acknowledged
      ? {
          acknowledged: {
            by: text(row.acknowledged_by),
            comment: text(row.acknowledge_comment),
            atMs: toMs(row.acknowledged_at),
          },
        }
      : {}),
  };
}

/** Undefined: a node that was alone. */
function holderOf(row: Row): Holder | undefined {
  const token = text(row.processcing_node_token);
  if (!token.startsWith(TERM)) return undefined;
  return { node: text(row.processing_node_hostname), term: number(token.slice(TERM.length)) };
}

/** The table holds no kind. */
function kindOfCode(code: string): RecoveryKind {
  switch (code) {
    case 'LockedSemiSyncMaster':
      return 'lockedSemiSync';
    case 'MasterWithTooManySemiSyncReplicas':
      return 'surplusSemiSync';
    case 'NoWriteableMasterStructureWarning':
      return 'readOnlyPrimary';
    case 'DeadReplicationGroupMemberWithReplicas':
      return 'groupMember';
    default:
      if (code.includes('CoMaster')) return 'coPrimary';
      return code.includes('IntermediateMaster') ? 'intermediatePrimary' : 'primary';
  }
}

/** Whether the active period ended because the recovery did. */
function isEndOf(row: Row, endedMs: number): boolean {
  const lateS = number(row.end_active_period_unixtime) - unixSeconds(endedMs);
  return lateS >= 0 && lateS <= LATE_S;
}
