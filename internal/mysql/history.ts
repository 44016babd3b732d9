// What a server knows to have executed, and how it is made to know something else.

import { OrchestratorError } from '../runtime/errors.ts';
import type { KeptHistory, LogStart } from '../topology/errant-repair.ts';
import type { Dialect } from './dialect.ts';
import type { Row, SqlValue } from './server-connection.ts';

export interface Statement {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** Throws away every binary log, and with them all that the server knows of its history. */
export function forgetHistory({ resetBinaryLogs }: Dialect): Statement {
  return { sql: resetBinaryLogs, values: [] };
}

/** Each may be sent again when it failed. */
export function rememberHistory(kept: KeptHistory): readonly Statement[] {
  if (kept.kind === 'mysql') return [{ sql: 'SET GLOBAL gtid_purged = ?', values: [kept.executed] }];
  return [
    { sql: 'SET GLOBAL gtid_binlog_state = ?', values: [kept.binlogState] },
    { sql: 'SET GLOBAL gtid_slave_pos = ?', values: [kept.slavePos] },
  ];
}

/** The first events of a log name the transactions before it. */
const FIRST_EVENTS = 5;
const TYPES: ReadonlySet<string> = new Set(['Previous_gtids', 'Gtid_list']);

/** @throws {OrchestratorError} `OPERATION_FAILED`: a log does not tell */
export async function logStarts(
  run: (sql: string, values?: readonly SqlValue[]) => Promise<readonly Row[]>,
): Promise<readonly LogStart[]> {
  const starts: LogStart[] = [];
  for (const { Log_name } of await run('SHOW BINARY LOGS')) {
    const file = String(Log_name ?? '');
    const events = await run(`SHOW BINLOG EVENTS IN ? LIMIT ${FIRST_EVENTS}`, [file]);
    const told = events.find(({ Event_type }) => TYPES.has(String(Event_type)));
    if (told === undefined)
      throw new OrchestratorError('OPERATION_FAILED', `${file} does not tell what was executed before it`);
    starts.push({ file, before: String(told.Info ?? '').replaceAll(/[[\]\s]/g, '') });
  }
  return starts;
}
