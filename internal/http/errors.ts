import type { ErrorCode } from '../runtime/errors.ts';
import { PROBLEM_KINDS } from './v2/problem-codes.ts';

/** Of `/api` too, in a group: load balancers and clients may ask again, or must not take it for undone (C-45). */
const OF_THE_GROUP: ReadonlySet<ErrorCode> = new Set(['NOT_LEADER', 'UNAVAILABLE', 'OUTCOME_UNKNOWN']);

/** The compatible `/api` knows one status for all other failures, 500. */
export function statusOf(code: ErrorCode, inGroup: boolean): number {
  const told = code === 'OUTCOME_UNKNOWN' || (inGroup && OF_THE_GROUP.has(code));
  return told ? PROBLEM_KINDS[code].status : 500;
}
