// Errant transactions of a replica: where they are, and the two ways to be rid of them. The replica forgets them, or the source of the
// cluster writes each of them down as empty.

import { errorText, OrchestratorError } from '../runtime/errors.ts';
import { type ClusterSnapshot, memberOf, primariesOf, replicasOf } from '../topology/cluster.ts';
import { historyWithout, logsWithErrant } from '../topology/errant-repair.ts';
import { GtidSet } from '../topology/gtid-set.ts';
import { hasSeveralSources, type Instance, sourceKey, type WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { KEEP_HALTED, type Mover } from './mover.ts';
import type { OperationsDeps } from './operations.ts';
import type { OperatorSession } from './ports.ts';
import { hasLeft } from './purge.ts';
import { untilReplicating } from './replicating.ts';
import type { ErrantName, OperationOutcome } from './requests.ts';
import { startAsMeant } from './semi-sync-start.ts';
import { startAgain } from './start-again.ts';

/** More are not a slip of the hand: the source that they are compared with is probably the wrong one. */
const MOST_INJECTED = 1_000n;
const TRIES = 5;
const RETRY_MS = 1_000;

export interface ErrantRoom extends OperationsDeps {
  readonly mover: Mover;
  /** As memory has it. @throws {OrchestratorError} `NOT_FOUND` */
  watched(key: InstanceKey): { readonly snapshot: ClusterSnapshot; readonly member: WatchedInstance };
}

interface Errant {
  readonly snapshot: ClusterSnapshot;
  readonly instance: Instance;
  readonly source: Instance;
  /** Not empty. */
  readonly errant: string;
}

export function actOnErrant(
  room: ErrantRoom,
  operation: ErrantName,
  target: InstanceKey,
  signal: AbortSignal,
): Promise<OperationOutcome> {
  return operation === 'resetErrant' ? reset(room, target, signal) : inject(room, target, signal);
}

/** @returns a GTID set, or the last errant GTID of each (domain, server) of MariaDB; empty: none */
export async function errantNow(room: ErrantRoom, target: InstanceKey, signal: AbortSignal): Promise<string> {
  const first = await room.refresh(target, signal);
  const above = sourceKey(first);
  if (above === undefined) return '';
  await room.refresh(above, signal);
  await room.refresh(first.key, signal); // the read before is judged by what its source had after it
  return room.watched(first.key).member.errantGtid;
}

/** Names of the binary logs that hold them. @throws {OrchestratorError} `CONFLICT`: there are none, or they are purged */
export async function locateErrant(
  room: ErrantRoom,
  target: InstanceKey,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { instance, source, errant } = await examine(room, target, signal);
  const logs = await room.servers.operate(instance.key, room.settings.operationTimeoutMs, signal, (session) =>
    session.binaryLogs(),
  );
  const { gtid } = source;
  const above = gtid.kind === 'mariadb' ? `${gtid.binlogState},${gtid.slavePos}` : '';
  const found = logsWithErrant(instance.family, errant, logs, above);
  if ('kind' in found) throw conflict(`errant GTIDs of ${keyText(instance.key)} (${errant}): ${found.reason}`);
  return found;
}

async function examine(room: ErrantRoom, target: InstanceKey, signal: AbortSignal): Promise<Errant> {
  const { key } = await room.refresh(target, signal);
  const errant = await errantNow(room, key, signal);
  const { snapshot, member } = room.watched(key);
  if (errant === '') throw conflict(`instance has no errant GTIDs: ${keyText(key)}`);
  if (hasSeveralSources(member.instance)) throw conflict(`${keyText(key)} replicates from several sources`);
  const above = sourceKey(member.instance);
  if (above === undefined) throw conflict(`instance is not a replica: ${keyText(key)}`);
  return { snapshot, instance: member.instance, source: room.watched(above).member.instance, errant };
}

/** The binary logs are thrown away. Until the history is told anew the server must not replicate: it would execute everything again. */
async function reset(room: ErrantRoom, target: InstanceKey, signal: AbortSignal): Promise<OperationOutcome> {
  const found = await examine(room, target, signal);
  const { snapshot, instance, errant } = found;
  const { key } = instance;
  const replicas = replicasOf(snapshot, key).map((one) => one.instance.key);
  for (const seen of instance.replicaKeys) {
    const left = memberOf(snapshot, seen) !== undefined && (await hasLeft(seen, instance, room.refresh, signal));
    if (!left) replicas.push(seen);
  }
  const [first] = replicas;
  if (first !== undefined)
    throw conflict(`${keyText(key)} has replicas, which need its binary logs: ${keyText(first)}`);
  const refusal = historyWithout(instance, errant, found.source);
  if (refusal.kind === 'refused') throw conflict(refusal.reason);
  const { operationTimeoutMs, stepTimeoutMs, startLimitMs } = room.settings;
  const limitMs = operationTimeoutMs + TRIES * RETRY_MS + stepTimeoutMs + startLimitMs;
  const reason = `${KEEP_HALTED}gtid-errant-reset-master ${keyText(key)}`;
  const rewriting = new Rewriting(room, found);
  await room.mover.locked([key], reason, async () => {
    try {
      await room.servers.operate(key, limitMs, signal, (session) => rewriting.run(session, signal));
    } catch (cause) {
      throw failed([errorText(cause), ...(await rewriting.undo())].join('; '));
    }
  });
  const text = `Removed errant GTIDs on ${keyText(key)} and reset binary logs: ${errant}`;
  room.audit('gtid-errant-reset-master', key, [text, ...rewriting.statements].join('; '));
  return { subject: key, moved: [], errors: [], text };
}

/** One replica while its history is exchanged. */
class Rewriting {
  readonly #room: ErrantRoom;
  readonly #found: Errant;
  #halted = false;
  /** What the server still has to be told before it may replicate. */
  #untold: readonly string[] = [];
  #statements: readonly string[] = [];

  constructor(room: ErrantRoom, found: Errant) {
    this.#room = room;
    this.#found = found;
  }

  get statements(): readonly string[] {
    return this.#statements;
  }

  async run(session: OperatorSession, signal: AbortSignal): Promise<void> {
    const { instance, errant, source } = this.#found;
    const { clock, audit } = this.#room;
    this.#statements = session.statements;
    this.#halted = true;
    await session.stopReplication(); // whatever MariaDB throws away with its relay log its source has, which was just read
    const before = await session.read();
    const kept = historyWithout(before, errant, source);
    if (kept.kind === 'refused') throw conflict(kept.reason);
    const statements = session.historyStatements(kept);
    audit('gtid-errant-reset-master', instance.key, `about to remove ${errant}: ${statements.join('; ')}`);
    this.#untold = statements.slice(1);
    await this.#forget(session, before);
    for (let left = TRIES - 1; ; left -= 1) {
      try {
        await session.rememberHistory(kept);
        break;
      } catch (err) {
        if (left === 0) throw err;
        await clock.sleep(RETRY_MS, signal);
      }
    }
    this.#untold = [];
    await startAsMeant(this.#room, session);
    await untilReplicating(this.#room, session, signal);
  }

  async #forget(session: OperatorSession, before: Instance): Promise<void> {
    try {
      this.#room.equivalences.forget(before.key);
      await session.forgetHistory();
    } catch (err) {
      const { gtid } = await session.read(); // fails where the connection broke: then nobody knows
      if (JSON.stringify(gtid) === JSON.stringify(before.gtid)) this.#untold = [];
      throw err;
    }
  }

  /** Starts replication again unless that would have everything executed once more. @returns what stays out of order */
  async undo(): Promise<readonly string[]> {
    const { key } = this.#found.instance;
    if (this.#untold.length > 0)
      return [
        `${keyText(key)} may have forgotten its history, and replication stays stopped there: send ${this.#untold.join('; ')} and start it`,
      ];
    if (!this.#halted) return [];
    const left = await startAgain(this.#room, key);
    return left === undefined ? [] : [left];
  }
}

/** Every server of the cluster then has them, as nothing. */
async function inject(room: ErrantRoom, target: InstanceKey, signal: AbortSignal): Promise<OperationOutcome> {
  const { snapshot, instance, errant } = await examine(room, target, signal);
  if (instance.family !== 'mysql')
    throw conflict(`${keyText(instance.key)} is ${instance.family}: GTIDs of others cannot be written there`);
  const set = GtidSet.parse(errant);
  if (set.count() > MOST_INJECTED)
    throw conflict(`${set.count()} errant transactions, more than ${MOST_INJECTED}: ${errant}`);
  const [primary, another] = primariesOf(snapshot).filter(({ instance: one }) => !one.readOnly);
  if (primary === undefined || another !== undefined)
    throw conflict(`cluster ${snapshot.name} does not have exactly one writable master`);
  const source = await room.refresh(primary.instance.key, signal);
  if (source.gtid.kind !== 'mysql' || source.gtid.mode.toUpperCase() !== 'ON')
    throw conflict(`${keyText(source.key)} has no GTIDs`);
  const statements: string[] = [];
  const injected = await room.mover.locked([source.key], `gtid-errant-inject-empty ${keyText(instance.key)}`, () =>
    room.servers.operate(source.key, room.settings.operationTimeoutMs, signal, async (session) => {
      const { readOnly, superReadOnly } = await session.read();
      if (readOnly || superReadOnly) throw conflict(`${keyText(source.key)} is read-only`);
      let count = 0;
      try {
        for (const gtid of set.transactions()) if (await session.writeEmpty(gtid)) count += 1;
      } finally {
        statements.push(...session.statements);
      }
      return count;
    }),
  );
  const text = `Have injected ${injected} transactions on cluster master ${keyText(source.key)}`;
  room.audit('gtid-errant-inject-empty', instance.key, `${text}: ${errant}`);
  return { subject: instance.key, moved: [source.key], errors: [], text };
}

function conflict(message: string): OrchestratorError {
  return new OrchestratorError('CONFLICT', message);
}

function failed(message: string): OrchestratorError {
  return new OrchestratorError('OPERATION_FAILED', message);
}
