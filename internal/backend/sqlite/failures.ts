// What SQLite's error codes mean for whoever runs the daemon: what happened, to which file, what to do.

import { OrchestratorError } from '../../runtime/errors.ts';
import type { FailureReason } from '../database.ts';

/** By the beginning of the code; the first that fits. */
const CODES: readonly (readonly [prefix: string, reason: FailureReason])[] = [
  ['SQLITE_BUSY', 'busy'],
  ['SQLITE_LOCKED', 'busy'],
  ['SQLITE_READONLY_DBMOVED', 'missing'],
  ['SQLITE_READONLY', 'readOnly'],
  ['SQLITE_PERM', 'readOnly'],
  ['SQLITE_AUTH', 'readOnly'],
  ['SQLITE_FULL', 'full'],
  ['SQLITE_CANTOPEN', 'missing'],
  ['SQLITE_NOTADB', 'corrupt'],
  ['SQLITE_CORRUPT', 'corrupt'],
  ['SQLITE_IOERR', 'io'],
  ['SQLITE_NOMEM', 'io'],
];

const ADVICE: Readonly<Record<FailureReason, string>> = {
  busy: 'it is locked by another program: stop it, or give each its own SQLite3DataFile',
  refused: 'a statement failed',
  readOnly: 'it cannot be written: the user of this process needs write access to the file and its directory',
  full: 'it cannot grow, the disk is full: make room, nothing else is needed',
  io: 'it cannot be read or written: look at the disk and at the log of the operating system',
  missing:
    'there is no such file, or it cannot be opened: the directory of SQLite3DataFile must exist and be open to the user of this process',
  corrupt: 'it is damaged or no SQLite database: keep it, put a copy from a backup in its place, or name another file',
  newer: 'it was made by a newer release: start that one, or name another file',
};

/** The same error under a code of ours, with a reason that the queue can act on. */
export function sqliteFailure(cause: unknown, file: string): OrchestratorError {
  if (cause instanceof OrchestratorError) return cause;
  return backendFailure(reasonOf(cause), file, cause);
}

export function backendFailure(reason: FailureReason, file: string, cause?: unknown): OrchestratorError {
  const code = reason === 'corrupt' ? 'BACKEND_CORRUPT' : 'BACKEND_FAILED';
  return new OrchestratorError(code, `cannot use the SQLite backend ${file}: ${ADVICE[reason]}`, {
    context: { file, reason },
    cause,
  });
}

function reasonOf(cause: unknown): FailureReason {
  const code = String((cause as { code?: unknown }).code ?? '');
  const found = CODES.find(([prefix]) => code.startsWith(prefix));
  if (found !== undefined) return found[1];
  // the driver's own complaint about a directory that is not there, before SQLite is asked
  if (cause instanceof TypeError && cause.message.includes('directory does not exist')) return 'missing';
  return 'refused';
}
