import type { ErrorCode } from '../../runtime/errors.ts';

/** What only the door itself can say, before or after anybody was asked. */
type DoorCode =
  | 'LOGIN_REQUIRED'
  | 'CROSS_SITE'
  | 'NO_SUCH_CALL'
  | 'METHOD_NOT_ALLOWED'
  | 'BODY_TOO_LARGE'
  | 'BODY_NOT_JSON'
  | 'LEADER_UNREACHABLE'
  | 'LEADER_TIMEOUT'
  | 'RELAYED_TWICE'
  | 'TOO_MANY_STREAMS'
  | 'INTERNAL';

export type ProblemCode = ErrorCode | DoorCode;

export interface ProblemKind {
  readonly status: number;
  readonly meaning: string;
  /** What whoever gets it does about it. */
  readonly advice: string;
}

const kind = (status: number, meaning: string, advice: string): ProblemKind => ({ status, meaning, advice });

const SEE_LOG = 'Look into the log of the node; it says more than the caller is told.';
const LATER = 'Nothing was done. Ask again in a moment, under the same Idempotency-Key.';
const LOOK_AT_SERVERS = 'Look at the servers, and at the audit, before you ask anew.';
const WRONG_NODE = 'This node is not in its group. See the group resource of this node, or ask another node.';

/** Every way in which a call of `/api/v2` can fail. Codes are never reused; a client tells failures apart by them alone. */
export const PROBLEM_KINDS: Readonly<Record<ProblemCode, ProblemKind>> = {
  BAD_REQUEST: kind(
    400,
    'The request is not one that this call takes',
    'Correct it; `details.issues` names the places.',
  ),
  INSTANCE_KEY_INVALID: kind(
    400,
    'This is not the address of a server',
    'Give `host:port`, or `[address]:port` for IPv6.',
  ),
  GTID_INVALID: kind(400, 'This is not a set of GTIDs', 'Correct it.'),
  BINLOG_POSITION_INVALID: kind(400, 'This is not a position in a binary log', 'Correct it.'),
  BODY_NOT_JSON: kind(415, 'The body is not JSON', 'Send `Content-Type: application/json` and a JSON object.'),
  BODY_TOO_LARGE: kind(413, 'The body is too long', 'No call needs more than 64 KiB.'),
  LOGIN_REQUIRED: kind(
    401,
    'Nobody is let in without a login',
    'Send the credentials that the configuration asks for.',
  ),
  UNAUTHORIZED: kind(
    403,
    'This caller may look, and change nothing',
    'Ask as somebody who may act, or of a node that is not read-only.',
  ),
  CROSS_SITE: kind(
    403,
    'A page of another site asked for a change',
    'Changes are made from the same site, or by no browser.',
  ),
  NO_SUCH_CALL: kind(404, 'There is no such call', 'See openapi.json for those that there are.'),
  METHOD_NOT_ALLOWED: kind(405, 'This resource knows no such method', 'The header `Allow` names those that it knows.'),
  NOT_FOUND: kind(
    404,
    'There is nothing of this name',
    'Look at the collection; names are taken exactly as they are given.',
  ),
  AMBIGUOUS: kind(409, 'More than one thing is called so', 'Give a name that only one of them has.'),
  CONFLICT: kind(
    409,
    'The state of things forbids it; nothing was changed',
    'Read the message: it names what is in the way.',
  ),
  RECOVERY_REFUSED: kind(
    409,
    'The recovery was not begun; a gate says no',
    '`details` or the message names the gate; see the failover plan.',
  ),
  RECOVERY_FAILED: kind(500, 'The recovery was begun and failed', 'The recovery and its steps say how far it came.'),
  OPERATION_FAILED: kind(
    500,
    'The operation was begun and failed',
    'The message names the step and what was put back in order.',
  ),
  CONNECT_FAILED: kind(502, 'The server cannot be connected to', 'Check the address, the server and the network.'),
  CONNECT_TIMEOUT: kind(504, 'The server does not accept the connection in time', 'Check the server and the network.'),
  PROBE_FAILED: kind(502, 'The server cannot be read', 'Check the server, and the rights of our account there.'),
  PROBE_TIMEOUT: kind(504, 'The server does not answer in time', 'Check the load of the server.'),
  STATEMENT_FAILED: kind(502, 'The server refused a statement', 'The message is the server’s own.'),
  STATEMENT_TIMEOUT: kind(504, 'The server did not finish a statement in time', LOOK_AT_SERVERS),
  HOOK_FAILED: kind(502, 'A script failed', 'See the steps of the recovery for what it said.'),
  HOOK_TIMEOUT: kind(504, 'A script did not end in time', 'See `HookTimeoutSeconds`.'),
  BACKEND_FAILED: kind(
    503,
    'The backend does not take or give what it is asked',
    'Failover goes on without it. Check the backend, then ask again.',
  ),
  BACKEND_CORRUPT: kind(500, 'The backend holds what this version cannot read', SEE_LOG),
  CONFIG_INVALID: kind(
    422,
    'The configuration cannot be used; the values in force stay',
    'Correct the file that the message names.',
  ),
  NOT_LEADER: kind(503, 'Another node leads, or none does', LATER),
  UNAVAILABLE: kind(503, 'It cannot be agreed on at the moment', LATER),
  LEADER_UNREACHABLE: kind(502, 'The node that leads cannot be reached from here; nothing was done', LATER),
  LEADER_TIMEOUT: kind(504, 'The node that leads does not answer in time; nothing was done', LATER),
  RELAYED_TWICE: kind(508, 'Two nodes take each other for the leader; nothing was done', LATER),
  OUTCOME_UNKNOWN: kind(
    504,
    'It may have been done, or not',
    'Ask again under the same Idempotency-Key, `details.idempotencyKey` where you gave none, to hear what came of it.',
  ),
  TOO_MANY_STREAMS: kind(
    503,
    'So many event streams are open that this node opens no more',
    'Close some, or ask another node.',
  ),
  RAFT_NOT_FORMED: kind(503, 'The group of this node is not founded yet', WRONG_NODE),
  RAFT_TWO_GROUPS: kind(503, 'Two groups claim this node', WRONG_NODE),
  RAFT_REMOVED: kind(503, 'This node was removed from its group', WRONG_NODE),
  RAFT_REAPED: kind(503, 'This node was let go by its group, having been gone', WRONG_NODE),
  RAFT_STORE_FAILED: kind(500, 'The log of the group cannot be written', SEE_LOG),
  RAFT_STORE_DAMAGED: kind(500, 'The log of the group is damaged on this node', SEE_LOG),
  STOPPED: kind(503, 'This node is being stopped', 'Ask another node, or this one again when it is back.'),
  INTERNAL: kind(500, 'This node made a mistake', SEE_LOG),
};
