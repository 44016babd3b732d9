// Where the next event of one server lies in the log of another. Both logs are read from the same marker on, transaction by transaction;
// as long as they say the same, the ends of two transactions are the same place. Whatever differs ends the walk with a refusal.

import type { BinlogCoordinates } from './instance.ts';
import type { ComparableEvent, LoggedTransaction } from './pseudo-gtid-transactions.ts';

export type Correlation =
  | {
      readonly kind: 'matched';
      /** In the log of the other server: right behind the last transaction that both have. */
      readonly at: BinlogCoordinates;
      /** The last transaction that both have, in the log of the one. */
      readonly last: BinlogCoordinates;
      /** Where that one lies in the log of the other. */
      readonly twin: BinlogCoordinates;
      readonly transactions: number;
    }
  | { readonly kind: 'refused'; readonly reason: string }
  /** The one server has more than the other has yet: waiting may help. */
  | { readonly kind: 'ahead'; readonly reason: string; readonly first: LoggedTransaction };

/**
 * @param one transactions of the server to be moved, from its marker on, as far as they count
 * @param other transactions of its next source, from the same marker on
 */
export async function correlate(
  one: AsyncIterable<LoggedTransaction>,
  other: AsyncIterable<LoggedTransaction>,
): Promise<Correlation> {
  const theirs = other[Symbol.asyncIterator]();
  let last: { readonly mine: LoggedTransaction; readonly their: LoggedTransaction } | undefined;
  let transactions = 0;
  try {
    for await (const mine of one) {
      const next = await theirs.next();
      if (next.done === true)
        return { kind: 'ahead', first: mine, reason: `the other server does not have what lies at ${text(mine.at)}` };
      const their = next.value;
      const differs = differenceOf(mine, their);
      if (differs !== undefined) {
        const where = `${text(mine.at)} and ${text(their.at)} of the other server`;
        return { kind: 'refused', reason: `mismatching entries at ${where}: ${differs}` };
      }
      last = { mine, their };
      transactions += 1;
    }
  } finally {
    await theirs.return?.();
  }
  if (last === undefined) return { kind: 'refused', reason: 'no transaction could be compared' };
  const { mine, their } = last;
  return { kind: 'matched', at: their.end, last: mine.at, twin: their.at, transactions };
}

/** Undefined: the same transaction, as far as the logs tell. */
function differenceOf(one: LoggedTransaction, other: LoggedTransaction): string | undefined {
  if (one.serverId !== other.serverId) return `written by server ${one.serverId} and by server ${other.serverId}`;
  const theirs = [...other.events];
  for (const event of one.events) {
    while (theirs[0]?.optional === true && !sameEvent(event, theirs[0])) theirs.shift();
    const [their] = theirs;
    if (their !== undefined && sameEvent(event, their)) theirs.shift();
    else if (!event.optional) return `"${shown(event)}" and ${their === undefined ? 'nothing' : `"${shown(their)}"`}`;
  }
  const more = theirs.find(({ optional }) => !optional);
  return more && `nothing and "${shown(more)}"`;
}

function sameEvent(one: ComparableEvent, other: ComparableEvent): boolean {
  return one.type === other.type && one.info === other.info;
}

const SHOWN = 100;

/** A statement may carry much, and what is private: its beginning tells which it is. */
function shown({ type, info }: ComparableEvent): string {
  return `${type} ${info}`.slice(0, SHOWN);
}

function text({ file, position }: BinlogCoordinates): string {
  return `${file}:${position}`;
}
