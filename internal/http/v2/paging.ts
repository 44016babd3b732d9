// Pages of a list. A cursor says behind which entry the next page begins, so that entries that come or go between two calls neither
// repeat nor hide others.

import { z } from 'zod';
import { Refused } from './problem.ts';

export const DEFAULT_LIMIT = 100;
export const MOST_ENTRIES = 500;

/** Compared member by member; all keys of a list are of one form. */
export type SortKey = readonly (string | number)[];

export interface PageAsked {
  readonly limit: number;
  /** Behind this one; undefined: from the beginning. */
  readonly after: SortKey | undefined;
}

/** A whole number in a query string. */
export const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'not a whole number')
    .transform(Number)
    .pipe(z.int().min(least).max(most));

/** `true` or `false` in a query string. */
export const flag = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .pipe(z.boolean());

export const PageQuery = {
  limit: wholeNumber(1, MOST_ENTRIES).optional().describe(`Entries on a page; ${DEFAULT_LIMIT} where it is not given`),
  cursor: z.string().max(2_000).optional().describe('`nextCursor` of the page before'),
};

const SortKeyForm = z.tuple([z.string()], z.union([z.string(), z.number()]));

/** @param list which one: a cursor of another list is no cursor of this one */
export function encodeCursor(list: string, key: SortKey): string {
  return Buffer.from(JSON.stringify([list, ...key])).toString('base64url');
}

/** @throws {Refused} `BAD_REQUEST` */
export function decodeCursor(list: string, cursor: string): SortKey {
  try {
    const [of, ...key] = SortKeyForm.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    if (of === list) return key;
  } catch {
    // told below
  }
  throw noCursor();
}

function noCursor(): Refused {
  const issues = [{ at: 'query.cursor', problem: 'not one that this list gave' }];
  return new Refused('BAD_REQUEST', 'this is no cursor of this list', { issues });
}

const BEYOND = Number.MAX_SAFE_INTEGER;

/** Of a list by number, the newest first: the number that the page begins below. @throws {Refused} `BAD_REQUEST` */
export function numberBehind({ after }: PageAsked): number {
  const [number = BEYOND] = after ?? [];
  if (Number.isSafeInteger(number)) return Number(number);
  throw noCursor();
}

/** One page of what may be more, and where the next one begins. */
export function pageOf<T>(
  list: string,
  items: readonly T[],
  keyOf: (item: T) => SortKey,
  { limit, after, newestFirst = false }: PageAsked & { readonly newestFirst?: boolean },
): { readonly items: readonly T[]; readonly nextCursor: string | null } {
  const sign = newestFirst ? -1 : 1;
  const rest = items
    .map((item) => ({ item, key: keyOf(item) }))
    .filter(({ key }) => after === undefined || sign * compareSortKeys(key, after) > 0)
    .sort((a, b) => sign * compareSortKeys(a.key, b.key));
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  const more = rest.length > limit && last !== undefined;
  return { items: page.map(({ item }) => item), nextCursor: more ? encodeCursor(list, last.key) : null };
}

/** A text stands before, or behind, every number: keys of one list do not mix them unless somebody made one up. */
export function compareSortKeys(a: SortKey, b: SortKey): number {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const [left, right] = [a[at], b[at]];
    if (left === right) continue;
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    if (typeof left !== typeof right) return typeof left < typeof right ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return 0;
}
