import type { ErrorCode } from '../runtime/errors.ts';

/** Statuses of `/api/v2`. */
const STATUS_OF: Readonly<Record<ErrorCode, number>> = {
  CONFIG_INVALID: 500,
  INSTANCE_KEY_INVALID: 400,
  GTID_INVALID: 400,
  BINLOG_POSITION_INVALID: 400,
  CONNECT_FAILED: 502,
  CONNECT_TIMEOUT: 504,
  PROBE_FAILED: 502,
  PROBE_TIMEOUT: 504,
  STATEMENT_FAILED: 502,
  STATEMENT_TIMEOUT: 504,
  BACKEND_FAILED: 503,
  BACKEND_CORRUPT: 500,
  RAFT_STORE_FAILED: 500,
  RAFT_STORE_DAMAGED: 500,
  RAFT_NOT_FORMED: 503,
  RAFT_TWO_GROUPS: 503,
  RAFT_REMOVED: 503,
  NOT_FOUND: 404,
  AMBIGUOUS: 409,
  BAD_REQUEST: 400,
  UNAUTHORIZED: 403,
  CONFLICT: 409,
  HOOK_FAILED: 502,
  HOOK_TIMEOUT: 504,
  RECOVERY_REFUSED: 409,
  RECOVERY_FAILED: 500,
  NOT_LEADER: 503,
  UNAVAILABLE: 503,
  OUTCOME_UNKNOWN: 504,
  STOPPED: 503,
};

/** Of `/api` too, in a group: load balancers and clients may ask again, or must not take it for undone (C-45). */
const OF_THE_GROUP: ReadonlySet<ErrorCode> = new Set(['NOT_LEADER', 'UNAVAILABLE', 'OUTCOME_UNKNOWN']);

/** The compatible `/api` knows one status for all other failures, 500. */
export function statusOf(code: ErrorCode, at: { readonly modern: boolean; readonly inGroup: boolean }): number {
  return at.modern || (at.inGroup && OF_THE_GROUP.has(code)) ? STATUS_OF[code] : 500;
}
