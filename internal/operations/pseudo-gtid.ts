// Reads the logs of two servers and finds in the one the place where the other stands. Changes nothing.

import { errorText, OrchestratorError } from '../runtime/errors.ts';
import { compareCoordinates } from '../topology/binlog-position.ts';
import { type BinlogCoordinates, type Instance, replicating, sourceKey } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { coordinatesText } from '../topology/move-steps.ts';
import { type Correlation, correlate } from '../topology/pseudo-gtid-match.ts';
import { type LogFiles, lastMarker, type Marker, twinOf } from '../topology/pseudo-gtid-search.ts';
import { type LoggedTransaction, transactionsOf } from '../topology/pseudo-gtid-transactions.ts';
import { eventsFrom, filesOf, relayLogs, relayLogsUpToNow, standsAt, upTo } from './log-files.ts';
import type { PlacesSeen } from './places-seen.ts';
import type { EventLog, LogKind, OperationSettings, Servers } from './ports.ts';

export interface PseudoGtidDeps {
  /** Where servers stood; without it every log is read from the beginning of its file. */
  readonly places?: Pick<PlacesSeen, 'before'>;
  readonly servers: Pick<Servers, 'readLogs'>;
  readonly settings: OperationSettings;
  readonly clock: { monotonicMs(): number; sleep(ms: number, signal?: AbortSignal): Promise<void> };
}

export type Matched = Extract<Correlation, { kind: 'matched' }>;

interface Found extends Marker {
  readonly kind: LogKind;
  readonly files: readonly string[];
}

interface Pair {
  readonly one: Instance;
  readonly other: Instance;
  readonly mine: EventLog;
  readonly theirs: EventLog;
}

export class PseudoGtid {
  readonly #deps: PseudoGtidDeps;

  constructor(deps: PseudoGtidDeps) {
    this.#deps = deps;
  }

  /**
   * Where `other` has the event behind the last one that `one` has. A server that lags is waited for, as long as a lag is reasonable.
   *
   * @param one halted, as it was read since
   * @param relayOnly reads the relay logs of `one` alone
   * @param replicated whether `other` may have logged as a replica what it is asked about, and is none any more
   * @throws {OrchestratorError} `OPERATION_FAILED`: why there is no such place that is certain
   */
  match(
    one: Instance,
    other: Instance,
    signal: AbortSignal,
    { relayOnly = false, replicated = false }: { readonly relayOnly?: boolean; readonly replicated?: boolean } = {},
  ): Promise<Matched> {
    return this.#both(one, other, signal, async (pair) => {
      const { clock, settings } = this.#deps;
      if (replicated) await this.#mustKeepOrder(other, pair.theirs);
      const marker = await this.#newest(one, pair.mine, kindsOf(one, { other, relayOnly }));
      const twin = await this.#twin(pair, marker);
      const end = clock.monotonicMs() + settings.reasonableMaintenanceLagSeconds * 1000;
      for (;;) {
        const found = await this.#walk(pair, marker, twin, standsAt(one, marker.kind));
        if (found.kind === 'matched') return found;
        // what a server wrote itself comes to no other one by waiting
        const comes = found.kind === 'ahead' && found.first.serverId !== one.serverId;
        if (!comes || !replicating(other) || clock.monotonicMs() >= end)
          throw failed(`${keyText(one.key)} below ${keyText(other.key)}: ${found.reason}`);
        await clock.sleep(settings.startPollMs, signal);
      }
    });
  }

  /** The newest marker of a server. */
  newest(instance: Instance, signal: AbortSignal, relayOnly = false): Promise<Marker> {
    return this.#deps.servers.readLogs(instance.key, signal, (log) =>
      this.#newest(instance, log, kindsOf(instance, { relayOnly })),
    );
  }

  /**
   * The place in the binary log of `other` that is `at` in the one of `one`. Neither has to stand still.
   *
   * @throws {OrchestratorError} `OPERATION_FAILED`: why there is none that is certain
   */
  correlate(one: Instance, other: Instance, at: BinlogCoordinates, signal: AbortSignal): Promise<Matched> {
    return this.#both(one, other, signal, async (pair) => {
      if (!kindsOf(one, { other }).includes('binary'))
        throw failed(`the binary log of ${keyText(one.key)} does not tell what that of ${keyText(other.key)} does`);
      const marker = await this.#newest(one, pair.mine, ['binary'], at);
      return certain(pair, await this.#walk(pair, marker, await this.#twin(pair, marker), at));
    });
  }

  /**
   * The same in the relay logs of two replicas, for the last transaction that begins before `at`.
   *
   * @returns where it lies in the one and in the other, and what follows it there
   */
  correlateRelayed(one: Instance, other: Instance, at: BinlogCoordinates, signal: AbortSignal) {
    return this.#both(one, other, signal, async (pair) => {
      const marker = await this.#newest(one, pair.mine, ['relay'], at);
      const files = await relayLogsUpToNow(pair.theirs, other);
      const twin = await this.#twinIn(pair, marker, filesOf(pair.theirs, 'relay', files));
      const { last, twin: found } = certain(pair, await this.#walk(pair, marker, twin, at, { kind: 'relay', files }));
      const next = await this.#placeBehind(pair, files, found);
      return { last, twin: found, next };
    });
  }

  async #placeBehind({ other, theirs }: Pair, files: readonly string[], at: BinlogCoordinates) {
    const { skipContaining } = this.#deps.settings.pseudoGtid;
    const transactions = transactionsOf(eventsFrom(theirs, 'relay', files, at), { kind: 'relay', skipContaining });
    let first = true;
    for await (const transaction of transactions) {
      if (!first) return transaction.at;
      first = false;
    }
    const executed = standsAt(other, 'relay');
    if ((compareCoordinates(executed, at) ?? 0) > 0) return executed;
    throw failed(`the relay log of ${keyText(other.key)} has nothing behind ${coordinatesText(at)} yet`);
  }

  #both<T>(one: Instance, other: Instance, signal: AbortSignal, work: (pair: Pair) => Promise<T>): Promise<T> {
    const { servers } = this.#deps;
    return servers.readLogs(one.key, signal, (mine) =>
      servers.readLogs(other.key, signal, (theirs) => work({ one, other, mine, theirs })),
    );
  }

  /** In its binary logs where these hold what it replicates, in the same way as the other server logs it; else in its relay logs. */
  async #newest(
    instance: Instance,
    log: EventLog,
    kinds: readonly LogKind[],
    before?: BinlogCoordinates,
  ): Promise<Found> {
    const { marker } = this.#deps.settings.pseudoGtid;
    if (marker.pattern === '') throw new OrchestratorError('CONFLICT', 'PseudoGTIDPattern is not set');
    for (const kind of kinds) {
      if (kind === 'binary' && sourceKey(instance) !== undefined) await this.#mustKeepOrder(instance, log);
      const end = before ?? standsAt(instance, kind);
      const relayed = () => (before === undefined ? relayLogs(instance) : relayLogsUpToNow(log, instance));
      const files = upTo(await (kind === 'binary' ? log.binaryLogs() : relayed()), end);
      const look = (from: LogFiles) => lastMarker(from, marker, end);
      const recent = await this.#recently(instance.key, log, kind, files.at(-1), look);
      const found = recent ?? (await look(filesOf(log, kind, files)));
      if (found !== undefined) return { ...found, kind, files };
    }
    throw failed(`no Pseudo-GTID entry found on ${keyText(instance.key)}`);
  }

  async #twin(pair: Pair, marker: Marker): Promise<Marker> {
    const { other, theirs } = pair;
    if (sourceKey(other) !== undefined) await this.#mustKeepOrder(other, theirs);
    const files = await theirs.binaryLogs();
    const { marker: settings } = this.#deps.settings.pseudoGtid;
    // others may not be the only ones of their text: the whole file is looked through
    const grows = settings.monotonicHint !== '' && marker.text.includes(settings.monotonicHint);
    const look = (from: LogFiles) => twinOf(from, marker.text, settings);
    const recent = grows ? await this.#recently(other.key, theirs, 'binary', files.at(-1), look) : undefined;
    return recent ?? this.#twinIn(pair, marker, filesOf(theirs, 'binary', files));
  }

  /** In the newest file, from where the server stood some minutes ago; undefined: it is not there, or no event begins there any more. */
  async #recently(
    key: InstanceKey,
    log: EventLog,
    kind: LogKind,
    newest: string | undefined,
    look: (from: LogFiles) => Promise<Marker | undefined>,
  ): Promise<Marker | undefined> {
    const seen = this.#deps.places?.before(key, kind);
    if (seen === undefined || seen.file !== newest) return undefined;
    const read = (file: string) => log.events(kind, file, seen.position);
    return look({ names: [seen.file], read }).catch(() => undefined);
  }

  async #twinIn({ other }: Pair, { text }: Marker, files: LogFiles): Promise<Marker> {
    const { marker } = this.#deps.settings.pseudoGtid;
    const twin = await twinOf(files, text, marker).catch((err: unknown) => {
      throw err instanceof OrchestratorError ? err : failed(`${keyText(other.key)}: ${errorText(err)}`);
    });
    if (twin !== undefined) return twin;
    throw failed(`${keyText(other.key)} does not have the Pseudo-GTID entry ${text}`);
  }

  /** @param their the log of the other server; undefined: its binary logs as they are now */
  async #walk(
    { mine, theirs }: Pair,
    from: Found,
    twin: Marker,
    end: BinlogCoordinates,
    their?: { readonly kind: LogKind; readonly files: readonly string[] },
  ): Promise<Correlation> {
    const { skipContaining } = this.#deps.settings.pseudoGtid;
    const { kind, files } = their ?? { kind: 'binary', files: await theirs.binaryLogs() };
    const read = (log: EventLog, kind: LogKind, files: readonly string[], at: BinlogCoordinates) =>
      transactionsOf(eventsFrom(log, kind, files, at), { kind, skipContaining });
    try {
      return await correlate(
        until(read(mine, from.kind, from.files, from.at), end, from.kind),
        read(theirs, kind, files, twin.at),
      );
    } catch (err) {
      if (err instanceof OrchestratorError) throw err;
      return { kind: 'refused', reason: errorText(err) };
    }
  }

  async #mustKeepOrder({ key }: Instance, log: EventLog): Promise<void> {
    if (await log.keepsOrder()) return;
    throw failed(`${keyText(key)} logs transactions in another order than its source: parallel workers do not keep it`);
  }
}

/** @param other whose log they will be compared with */
function kindsOf(
  instance: Instance,
  { other, relayOnly = false }: { readonly other?: Instance; readonly relayOnly?: boolean },
): readonly LogKind[] {
  const kinds: LogKind[] = [];
  const logsAll = instance.binlogEnabled && (instance.replication === undefined || instance.logReplicaUpdates);
  // what a filter leaves out of the data is left out of the binary log, too
  const whole = logsAll && instance.replication?.hasFilters !== true;
  if (whole && !relayOnly && (other === undefined || other.binlogFormat === instance.binlogFormat))
    kinds.push('binary');
  if (instance.replication !== undefined) kinds.push('relay');
  return kinds;
}

/** @throws {OrchestratorError} `OPERATION_FAILED` where the logs differ, or the one has more */
function certain({ one, other }: Pair, found: Correlation): Matched {
  if (found.kind === 'matched') return found;
  throw failed(`${keyText(one.key)} and ${keyText(other.key)}: ${found.reason}`);
}

/**
 * Only what begins before a place.
 *
 * @throws {OrchestratorError} where the place is within a transaction
 */
async function* until(
  transactions: AsyncIterable<LoggedTransaction>,
  end: BinlogCoordinates,
  kind: LogKind,
): AsyncGenerator<LoggedTransaction> {
  for await (const transaction of transactions) {
    const distance = compareCoordinates(transaction.at, end);
    if (distance === undefined) throw failed(`${coordinatesText(end)} is no place of this log`);
    if (distance >= 0) return;
    if (kind === 'binary' && (compareCoordinates(transaction.end, end) ?? 0) > 0)
      throw failed(`${coordinatesText(end)} lies within the transaction at ${coordinatesText(transaction.at)}`);
    yield transaction;
  }
}

function failed(message: string): OrchestratorError {
  return new OrchestratorError('OPERATION_FAILED', message);
}
