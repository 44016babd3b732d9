// What operators look up in the logs of servers. Changes nothing, and halts nobody.

import type { Clock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { BinlogCoordinates, Instance } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { coordinatesText } from '../topology/move-steps.ts';
import { isBookkeeping, type LogEvent } from '../topology/pseudo-gtid-event.ts';
import { type Marker, twinOf } from '../topology/pseudo-gtid-search.ts';
import { filesOf, relayLogs, standsAt } from './log-files.ts';
import type { Servers } from './ports.ts';
import { inTime } from './progress.ts';
import { PseudoGtid, type PseudoGtidDeps } from './pseudo-gtid.ts';

export interface LookUpsDeps extends PseudoGtidDeps {
  readonly clock: Clock;
  /** Reads a server now. */
  refresh(key: InstanceKey, signal: AbortSignal): Promise<Instance>;
}

/** Places in the relay logs of two replicas where both have the same transaction, and what follows it on the second one. */
export interface RelayedPlaces {
  readonly last: BinlogCoordinates;
  readonly twin: BinlogCoordinates;
  readonly next: BinlogCoordinates;
}

/** What a look-up has of servers, and until when. */
interface Logs {
  readonly deadline: AbortSignal;
  readonly readLogs: Servers['readLogs'];
  readonly pseudoGtid: PseudoGtid;
}

/** Every method has the deadline of an operation and throws `OrchestratorError`: `OPERATION_FAILED` where nothing certain is found. */
export class LookUps {
  readonly #deps: LookUpsDeps;

  constructor(deps: LookUpsDeps) {
    this.#deps = deps;
  }

  /** @param relayOnly looks in the relay logs of a replica alone */
  lastMarker(key: InstanceKey, signal: AbortSignal, relayOnly = false): Promise<Marker> {
    return this.#on([key], signal, ([one], { pseudoGtid, deadline }) => pseudoGtid.newest(one, deadline, relayOnly));
  }

  /**
   * Where the newest event lies whose text is this one.
   *
   * @param exhaustive looks also into files whose markers all seem to be newer
   */
  entry(key: InstanceKey, text: string, exhaustive: boolean, signal: AbortSignal): Promise<BinlogCoordinates> {
    const { settings } = this.#deps;
    return this.#on([key], signal, ([one], { readLogs, deadline }) =>
      readLogs(one.key, deadline, async (log) => {
        const files = filesOf(log, 'binary', await log.binaryLogs());
        const found = await twinOf(files, text, settings.pseudoGtid.marker, exhaustive);
        if (found !== undefined) return found.at;
        throw failed(`no event of the binary logs of ${keyText(one.key)} is: ${text}`);
      }),
    );
  }

  /** @param at undefined: where the binary log of the first server stands now */
  correlate(
    key: InstanceKey,
    otherKey: InstanceKey,
    at: BinlogCoordinates | undefined,
    signal: AbortSignal,
  ): Promise<BinlogCoordinates> {
    return this.#on([key, otherKey], signal, async ([one, other = one], { pseudoGtid, deadline }) => {
      const end = at ?? standsAt(one, 'binary');
      return (await pseudoGtid.correlate(one, other, end, deadline)).at;
    });
  }

  /** @param at undefined: what the first server has applied of its relay logs */
  correlateRelayed(
    key: InstanceKey,
    otherKey: InstanceKey,
    at: BinlogCoordinates | undefined,
    signal: AbortSignal,
  ): Promise<RelayedPlaces> {
    return this.#on([key, otherKey], signal, ([one, other = one], { pseudoGtid, deadline }) => {
      mustReplicate(one);
      mustReplicate(other);
      return pseudoGtid.correlateRelayed(one, other, at ?? standsAt(one, 'relay'), deadline);
    });
  }

  /** The last event of its relay logs that a replica has applied. */
  lastApplied(key: InstanceKey, signal: AbortSignal): Promise<LogEvent> {
    return this.#on([key], signal, ([one], { readLogs, deadline }) => {
      mustReplicate(one);
      const end = standsAt(one, 'relay');
      return readLogs(one.key, deadline, async (log) => {
        for (const file of [...relayLogs(one)].reverse()) {
          let last: LogEvent | undefined;
          for await (const event of log.events('relay', file)) {
            if (file === end.file && event.at.position >= end.position) break;
            if (!isBookkeeping(event)) last = event;
          }
          if (last !== undefined) return last;
        }
        throw failed(`the relay logs of ${keyText(one.key)} hold nothing that was applied`);
      });
    });
  }

  /** Waits until a replica has applied the log of its source up to a place. */
  awaitApplied(key: InstanceKey, at: BinlogCoordinates, signal: AbortSignal): Promise<void> {
    const { operationTimeoutMs, stepTimeoutMs } = this.#deps.settings;
    const limitMs = Math.max(operationTimeoutMs / 2, operationTimeoutMs - stepTimeoutMs);
    return this.#on([key], signal, ([one], { readLogs, deadline }) => {
      mustReplicate(one);
      return readLogs(one.key, deadline, async (log) => {
        if (await log.executes(at, limitMs)) return;
        throw failed(
          `${keyText(one.key)} did not reach ${coordinatesText(at)}: its applier stopped, or ${limitMs} ms passed`,
        );
      });
    });
  }

  #on<T>(
    keys: readonly InstanceKey[],
    signal: AbortSignal,
    work: (instances: readonly [Instance, ...Instance[]], logs: Logs) => Promise<T>,
  ): Promise<T> {
    return inTime(this.#deps, signal, async (deadline, readLogs) => {
      const [first, ...others] = await Promise.all(keys.map((key) => this.#deps.refresh(key, deadline)));
      if (first === undefined) throw failed('no server was named');
      const pseudoGtid = new PseudoGtid({ ...this.#deps, servers: { readLogs } });
      return work([first, ...others], { deadline, readLogs, pseudoGtid });
    });
  }
}

function mustReplicate({ key, replication }: Instance): void {
  if (replication === undefined) throw new OrchestratorError('CONFLICT', `instance is not a replica: ${keyText(key)}`);
}

function failed(message: string): OrchestratorError {
  return new OrchestratorError('OPERATION_FAILED', message);
}
