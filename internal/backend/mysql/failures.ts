// What the server's and the network's errors mean for whoever runs the daemon: what happened, where, what to do.

import { OrchestratorError } from '../../runtime/errors.ts';
import type { FailureReason } from '../database.ts';

/** By number, as the server sends it (MySQL error reference; the same in MariaDB where both have it). */
const NUMBERS: ReadonlyMap<number, FailureReason> = new Map([
  [1205, 'busy'], // lock wait timeout
  [1213, 'busy'], // deadlock
  [1020, 'busy'], // record has changed since last read (MariaDB, snapshot isolation)
  [1180, 'busy'], // error during COMMIT: a conflict in a group of servers
  [3101, 'busy'], // the same in group replication
  [1040, 'busy'], // too many connections
  [1203, 'busy'], // too many of this account
  [1290, 'readOnly'], // --read-only
  [1792, 'readOnly'], // a read-only transaction
  [1836, 'readOnly'], // read-only mode
  [3100, 'readOnly'], // a member that takes no writes now
  [1021, 'full'],
  [1114, 'full'],
  [1044, 'missing'], // no access to the schema
  [1045, 'missing'], // no access
  [1049, 'missing'], // no such schema
  [1142, 'missing'], // no right on the table
  [1146, 'missing'], // no such table
  [1034, 'corrupt'],
  [1194, 'corrupt'],
  [1053, 'io'], // shutdown in progress
  [1317, 'io'], // interrupted
  [1927, 'io'], // connection was killed (MariaDB)
  [3159, 'missing'], // insists on TLS
]);

const ADVICE: Readonly<Record<FailureReason, string>> = {
  busy: 'it is held up by another program, or takes no more connections',
  refused: 'a statement failed',
  readOnly: 'it is read-only: make it writable, or let MySQLOrchestratorHost lead to one that is',
  full: 'it cannot grow: make room, nothing else is needed',
  io: 'it does not answer: look at the server, the network, MySQLOrchestratorHost and MySQLOrchestratorPort',
  missing:
    'its schema or a table is not there, or the account may not use them: look at MySQLOrchestratorDatabase, MySQLOrchestratorUser, its password, its TLS keys and its grants',
  corrupt: 'a table is damaged: repair it, or restore it from a backup',
  newer: 'it was set up by another release: start that one, or name another schema',
};

export function mysqlFailure(cause: unknown, name: string): OrchestratorError {
  if (cause instanceof OrchestratorError) return cause;
  return backendFailure(reasonOf(cause), name, cause);
}

export function backendFailure(reason: FailureReason, name: string, cause?: unknown): OrchestratorError {
  const code = reason === 'corrupt' ? 'BACKEND_CORRUPT' : 'BACKEND_FAILED';
  return new OrchestratorError(code, `cannot use the MySQL backend ${name}: ${ADVICE[reason]}`, {
    context: { backend: name, reason },
    cause: cause === undefined ? undefined : withoutStatement(cause),
  });
}

/** An error of the driver carries the statement with its values, which are nobody's business in a log. */
function withoutStatement(cause: unknown): Error {
  const { message, errno, code } = cause as { message?: unknown; errno?: unknown; code?: unknown };
  return Object.assign(new Error(String(message ?? cause)), { errno, code });
}

/** 1290 has many meanings; only one passes when the server becomes writable. */
export function reasonOf(cause: unknown): FailureReason {
  const { errno, sqlState, message } = cause as { errno?: unknown; sqlState?: unknown; message?: unknown };
  if (typeof sqlState !== 'string') return 'io'; // not said by the server: the network, or nobody there
  if (errno === 1290 && !/read[-_ ]only/i.test(String(message))) return 'refused';
  return NUMBERS.get(Number(errno)) ?? 'refused';
}

/** The server did the statement or did not: nobody can say. */
export function isDoubtful(cause: unknown): boolean {
  return reasonOf(cause) === 'io';
}
