// Events to transactions: a replica can only be told to go on between two of them.

import type { BinlogCoordinates } from './instance.ts';
import { isBookkeeping, isOptional, type LogEvent, normalInfo, normalType } from './pseudo-gtid-event.ts';

/** One transaction, or one statement that is none of a transaction. */
export interface LoggedTransaction {
  readonly at: BinlogCoordinates;
  /** In a relay log meaningless. */
  readonly end: BinlogCoordinates;
  readonly serverId: number;
  /** What it says, comparable between servers. */
  readonly events: readonly ComparableEvent[];
}

export interface ComparableEvent {
  readonly type: string;
  readonly info: string;
  /** One server may write it and another not. */
  readonly optional: boolean;
}

/** Why a log cannot be read as a list of transactions, in words for an operator. */
export class UnreadableLog extends Error {
  override readonly name = 'UnreadableLog';
}

export interface TransactionOptions {
  readonly kind: 'binary' | 'relay';
  /** Events that hold one of these texts count as not there. */
  readonly skipContaining: readonly string[];
}

const OPENS = /^(BEGIN|XA START|XA BEGIN)\b/;
const CLOSES = /^(COMMIT|ROLLBACK)$/;
const GTID = /^(Gtid|Gtid_tagged|Anonymous_Gtid|Gtid_log)$/i;
const LAST = /^(Xid|XA_prepare)/i;
const STATEMENT_PARTS = /^(Intvar|User_var|RAND|Rows_query|Annotate_rows)$/i;

interface Open {
  readonly first: LogEvent;
  readonly events: ComparableEvent[];
  /** After its `BEGIN`. */
  inside: boolean;
}

/**
 * Transactions in the order of the log, across its files. What the log leaves unfinished at its end is not part of the answer.
 *
 * @throws {UnreadableLog} compressed transactions, an incident, or events out of place: nothing behind them is certain
 */
export async function* transactionsOf(
  events: AsyncIterable<LogEvent>,
  { kind, skipContaining }: TransactionOptions,
): AsyncGenerator<LoggedTransaction> {
  let open: Open | undefined;
  for await (const event of events) {
    if (isBookkeeping(event)) continue;
    const { type, info } = event;
    mustBeLegible(event);
    if (kind === 'binary' && event.endPosition <= event.at.position)
      throw unreadable(event, 'ends beyond what a position can tell');
    if (GTID.test(type) && open !== undefined) {
      // a receiver that lost its source within a transaction may have fetched it again from the beginning
      if (kind === 'binary') throw unreadable(open.first, 'begins a transaction that does not end');
      open = undefined;
    }
    open ??= { first: event, events: [], inside: false };
    const says = normalInfo(info);
    const name = normalType(type);
    if (!skipContaining.some((text) => text !== '' && info.includes(text)))
      open.events.push({ type: name, info: says, optional: isOptional({ type }) });
    if (endsTransaction(open, name, says)) {
      yield { at: open.first.at, end: { file: event.at.file, position: event.endPosition }, ...contentOf(open) };
      open = undefined;
    }
  }
}

function endsTransaction(open: Open, type: string, info: string): boolean {
  if (GTID.test(type)) {
    if (OPENS.test(info)) open.inside = true; // MariaDB says both in one event
    return false;
  }
  if (LAST.test(type)) return true;
  if (type !== 'Query') {
    if (!open.inside && !STATEMENT_PARTS.test(type))
      throw unreadable(open.first, `is followed by ${type} out of place`);
    return false;
  }
  if (open.inside) return CLOSES.test(info);
  if (OPENS.test(info)) open.inside = true;
  return !open.inside;
}

function contentOf({ first, events }: Open): Pick<LoggedTransaction, 'serverId' | 'events'> {
  return { serverId: first.serverId, events };
}

function mustBeLegible(event: LogEvent): void {
  if (/^Transaction_payload/i.test(event.type)) throw unreadable(event, 'is compressed: its content is not shown');
  if (/^(Incident|Unknown)/i.test(event.type)) throw unreadable(event, `is an event of type ${event.type}`);
}

function unreadable({ at }: LogEvent, why: string): UnreadableLog {
  return new UnreadableLog(`what lies at ${at.file}:${at.position} ${why}`);
}
