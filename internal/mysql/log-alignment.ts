// A server that is to lead behind binlog servers goes through its logs until it is at the one that comes next there.

import { OrchestratorError } from '../runtime/errors.ts';
import { compareCoordinates } from '../topology/binlog-position.ts';
import type { BinlogCoordinates, Instance } from '../topology/instance.ts';
import type { Row, SqlValue } from './server-connection.ts';

type Run = (sql: string, values?: readonly SqlValue[]) => Promise<readonly Row[]>;

interface Session {
  read(): Promise<Instance>;
  startReplication(): Promise<void>;
}

/** What a server writes by itself at the beginning of a log. */
const HEADERS: ReadonlySet<unknown> = new Set(['Format_desc', 'Previous_gtids', 'Gtid_list', 'Binlog_checkpoint']);
const HEADERS_MOST = 20;
/** An applier that waits for the next event is looked at again after that long, ms. */
const LOOK_MS = 2_000;

/**
 * Applies what comes in, up to a place in the log of the source.
 *
 * @param apply waits until that place is applied, or until the applier has nothing left to do; false: it stopped, or the limit passed
 * @returns false: it was not received, or not applied, within the limit
 */
export async function applyUpTo(
  session: Session,
  at: BinlogCoordinates,
  limitMs: number,
  apply: (limitMs: number) => Promise<boolean>,
): Promise<boolean> {
  const { replication } = await session.read();
  if (replication === undefined) return false;
  if (replication.receiver !== 'running' || replication.applier !== 'running') await session.startReplication();
  for (let leftMs = limitMs; leftMs > 0; leftMs -= LOOK_MS) {
    if (!(await apply(leftMs))) return false;
    const read = (await session.read()).replication?.read;
    if (read !== undefined && (compareCoordinates(read, at) ?? -1) >= 0) return true;
  }
  return false;
}

/**
 * Begins logs until the present one is called `log`, and has those before it deleted, whose names mean other events to everybody else;
 * MariaDB keeps one for as long as its storage engine may need it to recover.
 *
 * @param missing how many are to be begun; none where an earlier attempt has
 * @throws {OrchestratorError} `CONFLICT`: it came to another one, or holds something already
 */
export async function beginLog(run: Run, read: Session['read'], log: string, missing: number): Promise<void> {
  for (let begun = 0; begun < missing; begun += 1) await run('FLUSH BINARY LOGS');
  const held = missing > 0 ? [] : await run(`SHOW BINLOG EVENTS IN ? LIMIT ${HEADERS_MOST}`, [log]);
  if (held.some(({ Event_type: type }) => type !== undefined && !HEADERS.has(type)))
    throw new OrchestratorError('CONFLICT', `its log ${log} holds events of its own`);
  const { file } = (await read()).ownCoordinates;
  if (file !== log) throw new OrchestratorError('CONFLICT', `its log is ${file} now, not ${log}`);
  await run('PURGE BINARY LOGS TO ?', [log]);
}
