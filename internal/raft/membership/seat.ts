// What a node remembers of its place in the group, in `membership.json`: so that a list that became shorter is noticed, and a node that was
// removed is told from one that is not in yet.

import type { Configuration, Member, MemberId } from '../core/types.ts';
import { readDocument, writeDocument } from '../store/document.ts';
import { isFull, type Outcome } from '../store/failures.ts';
import type { Files } from '../store/files.ts';

export interface Seat {
  /** `RaftNodes` of the last start, sorted; empty where it named nobody else. */
  readonly list: readonly string[];
  /** Were in the list before, and may belong to the group still. */
  readonly dropped: readonly string[];
  /** A committed configuration has named this incarnation. */
  readonly taken: boolean;
  /** It wants to be no member any more: where it was removed by that, it begins anew at its next start. */
  readonly leaving: boolean;
  /** It was let go for being gone for long: the same. */
  readonly reaped: boolean;
}

export const NO_SEAT: Seat = { list: [], dropped: [], taken: false, leaving: false, reaped: false };

const FORMAT = 1;

/** @throws {DamageFound} */
export function readSeat(files: Files, path: string): Seat {
  const body = readDocument(files, path, FORMAT);
  if (body === undefined) return NO_SEAT;
  const { list, dropped, taken, leaving, reaped } = body;
  return {
    ...{ list: texts(list), dropped: texts(dropped) },
    ...{ taken: taken === true, leaving: leaving === true, reaped: reaped === true },
  };
}

/** `full`: there is no room, and the former one stands. */
export function writeSeat(files: Files, path: string, seat: Seat): Outcome {
  try {
    const { list, dropped, taken, leaving, reaped } = seat;
    writeDocument(files, path, FORMAT, { list, dropped, taken, leaving, reaped });
    return 'durable';
  } catch (err) {
    if (isFull(err)) return 'full';
    throw err;
  }
}

/** What a start makes of it. @param list as it is now. Without one nothing is said, and nothing was meant to go. */
export function relisted(seat: Seat, list: readonly string[]): Seat {
  if (list.length === 0) return { ...seat, list, dropped: [], leaving: false, reaped: false };
  const before = new Set([...seat.dropped, ...seat.list]);
  for (const name of list) before.delete(name);
  return { ...seat, list, dropped: [...before].toSorted(), leaving: false, reaped: false };
}

/** @param configuration committed */
export function seated(seat: Seat, self: MemberId, { members }: Configuration): Seat {
  const stillListed = ({ node, address }: Member) => seat.list.includes(node) || seat.list.includes(address);
  const belongs = (name: string) =>
    members.some((member) => (member.node === name || member.address === name) && !stillListed(member));
  const dropped = seat.dropped.filter(belongs);
  const taken = seat.taken || members.some(({ id }) => id === self);
  return taken === seat.taken && dropped.length === seat.dropped.length ? seat : { ...seat, dropped, taken };
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
