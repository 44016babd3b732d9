// Pseudo-GTID: a statement that changes nothing, that every server logs in the same words, and that occurs once.

import { OrchestratorError } from '../runtime/errors.ts';
import { type Executor, releaseWords } from './change-lock.ts';
import { mayDropIn } from './rights.ts';
import type { ServerConnection } from './server-connection.ts';

export type MarkerOutcome = 'written' | 'read-only' | 'no right';

/** Nobody has a schema of this name: there is nothing to drop. */
const SCHEMA = '_pseudo_gtid_';
const WRITABLE: ReadonlySet<string> = new Set(['0', 'OFF']);

/**
 * For a session that holds the lock of its server: nobody makes that read-only between the question and the marker. The marker itself may
 * wait for an acknowledgement of replicas, so that the lock is given back in the same packet, before it.
 *
 * @throws {OrchestratorError} `STATEMENT_FAILED`, `STATEMENT_TIMEOUT`: it may have been written
 */
export async function writeMarker(
  held: {
    readonly connection: ServerConnection;
    readonly executor: Executor | undefined;
    readonly deadline: AbortSignal;
  },
  name: string,
): Promise<MarkerOutcome> {
  const { connection, executor, deadline } = held;
  if (!/^[\w:]{1,64}$/.test(name)) throw new OrchestratorError('BAD_REQUEST', `not the name of a marker: ${name}`);
  const asked = await connection.many('SHOW GRANTS; SELECT @@global.read_only AS readOnly', deadline);
  if (asked.failed !== undefined) throw refused(asked.failed);
  const [grants = [], state = []] = asked.results;
  if (!mayDropIn(SCHEMA, grants)) return 'no right';
  if (!WRITABLE.has(String(state[0]?.readOnly))) return 'read-only';
  const words = `drop view if exists \`${SCHEMA}\`.\`${name}\``;
  const { failed } = await connection.many(`${releaseWords(executor)}; ${words}`, deadline);
  if (failed !== undefined) throw refused(failed);
  return 'written';

  function refused({ message, timedOut }: { readonly message: string; readonly timedOut: boolean }) {
    return new OrchestratorError(timedOut ? 'STATEMENT_TIMEOUT' : 'STATEMENT_FAILED', message);
  }
}
