import { type ErrorCode, OrchestratorError } from '../runtime/errors.ts';

/** What a supervisor, and whoever reads its log, can tell a failure by. Everything else that fails is 1. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  RAFT_NOT_FORMED: 10,
  RAFT_STORE_FAILED: 11,
  RAFT_STORE_DAMAGED: 12,
  RAFT_TWO_GROUPS: 13,
  RAFT_REMOVED: 14,
  RAFT_REAPED: 15,
};

export function exitStatusOf(err: unknown): number {
  return (err instanceof OrchestratorError ? STATUS[err.code] : undefined) ?? 1;
}
