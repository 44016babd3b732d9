/** Stable machine-readable reasons. A code is never reused for another meaning. */
export type ErrorCode =
  | 'CONFIG_INVALID'
  | 'INSTANCE_KEY_INVALID'
  | 'GTID_INVALID'
  | 'BINLOG_POSITION_INVALID'
  | 'CONNECT_FAILED'
  | 'CONNECT_TIMEOUT'
  | 'PROBE_FAILED'
  | 'PROBE_TIMEOUT'
  | 'STATEMENT_FAILED'
  | 'STATEMENT_TIMEOUT'
  | 'BACKEND_FAILED'
  | 'BACKEND_CORRUPT'
  | 'RAFT_STORE_FAILED'
  | 'RAFT_STORE_DAMAGED'
  | 'RAFT_NOT_FORMED'
  | 'RAFT_TWO_GROUPS'
  | 'RAFT_REMOVED'
  | 'RAFT_REAPED'
  | 'NOT_FOUND'
  | 'AMBIGUOUS'
  | 'BAD_REQUEST'
  | 'UNAUTHORIZED'
  | 'CONFLICT'
  | 'HOOK_FAILED'
  | 'HOOK_TIMEOUT'
  | 'RECOVERY_REFUSED'
  | 'RECOVERY_FAILED'
  | 'OPERATION_FAILED'
  | 'NOT_LEADER'
  | 'UNAVAILABLE'
  | 'OUTCOME_UNKNOWN'
  | 'STOPPED';

export interface ErrorDetails {
  readonly context?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The world failed. `context` holds the facts a person needs; it must never hold a secret. */
export class OrchestratorError extends Error {
  readonly code: ErrorCode;
  readonly context: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = 'OrchestratorError';
    this.code = code;
    this.context = details.context ?? {};
  }
}

/** Text of anything thrown, with the messages of its causes behind it. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${errorText(error.cause)}`;
}
