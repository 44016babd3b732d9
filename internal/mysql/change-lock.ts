// The lock that a session holds while it changes a server. One name for all clusters: a server is in one cluster at a time, and
// a cluster is called otherwise after each failover. Whoever acts for a group holds two more names beside it, which say of which
// group and term it is; they can be asked for on every server, also where nobody may read the attributes of a session. So a leader
// that finds the lock taken can tell a session that a deposed one has left, and end it: what that one sends later fails.

import { createHash } from 'node:crypto';
import { format } from 'mysql2';
import { errorText, OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { keyText } from '../topology/instance-key.ts';
import type { Row, ServerConnection } from './server-connection.ts';

/** For whom this process changes servers. */
export interface Executor {
  /** Name of the group: one leaves the sessions of another alone. */
  readonly group: string;
  readonly node: string;
  readonly term: number;
  /** @throws {OrchestratorError} `NOT_LEADER`: another node leads, in a later term */
  confirm(): Promise<void>;
}

const LOCK = 'orchestrator.change';
/** The session left by itself. */
const UNKNOWN_THREAD_ERRNO = 1094;
/** How long the server lets us wait before we look again who has the lock, s. */
const LOOK_SECONDS = 1;
/** How much longer than its time a silent session is kept by the server: this process may be busy. */
const GRACE_SECONDS = 5;

/** What the server tells of a session; the sessions that change something have it alone. */
export function attributesOf({ group, node, term }: Executor): Readonly<Record<string, string>> {
  return { orchestrator_group: shortName(group), orchestrator_node: node, orchestrator_term: String(term) };
}

interface Wait {
  readonly connection: ServerConnection;
  readonly executor: Executor | undefined;
  /** Lock and statements wait that long, and whoever holds the lock is done by then, s. */
  readonly limitSeconds: number;
  readonly deadline: AbortSignal;
  readonly log: Log;
}

/** True in the words of a statement, for the session that has the lock. */
export const HAS_LOCK = format('IS_USED_LOCK(?) = CONNECTION_ID()', [LOCK]);

/**
 * Takes the lock for as long as the connection lives, in one round trip where nobody else has it. The answer is the version of the server.
 * A session that the server has not heard the end of, behind a network that failed say, ends there when its time is up.
 *
 * @param along a statement in the same packet, which the server finds there when it wakes: of no effect but where `HAS_LOCK`. Whether it
 * was done is not told
 * @throws {OrchestratorError} `CONFLICT`: somebody holds it. `NOT_LEADER`: a later leader does
 */
export async function takeLock(wait: Wait, along?: string): Promise<string> {
  const { connection, executor, limitSeconds, deadline } = wait;
  const patience = executor === undefined ? limitSeconds : 0;
  const [locked, values] = lockWords(executor, patience);
  const take = `SET SESSION lock_wait_timeout = ?, wait_timeout = ?; SELECT VERSION() AS version, ${locked} AS locked`;
  const taken = format(take, [limitSeconds, limitSeconds + GRACE_SECONDS, ...values]);
  const [row] = await (along === undefined
    ? connection.query(taken, [], deadline)
    : connection.queryAlong(taken, along, deadline));
  if (!isTaken(row) && (executor === undefined || !(await waitOrEnd({ ...wait, executor }))))
    throw new OrchestratorError('CONFLICT', `${keyText(connection.key)}: another session is changing this server`);
  return String(row?.version);
}

/** Gives the lock back, in words for the session that holds it; they answer with a row. */
export function releaseWords(executor: Executor | undefined): string {
  const names = executor === undefined ? [LOCK] : [LOCK, ...marksOf(executor)];
  return format(`SELECT ${names.map(() => 'RELEASE_LOCK(?)').join(', ')}`, names);
}

/** Ends every session here that a leader of an earlier term has open to change this server, where the server tells of them. */
export async function endEarlierSessions({ connection, executor, deadline, log }: Wait): Promise<void> {
  if (executor === undefined) return;
  const sql = `SELECT t.PROCESSLIST_ID AS id FROM performance_schema.session_account_connect_attrs t
JOIN performance_schema.session_account_connect_attrs g ON g.PROCESSLIST_ID = t.PROCESSLIST_ID
WHERE t.ATTR_NAME = 'orchestrator_term' AND t.ATTR_VALUE + 0 < ? AND g.ATTR_NAME = 'orchestrator_group' AND g.ATTR_VALUE = ?`;
  const rows = await told(connection.query(sql, [executor.term, shortName(executor.group)], deadline));
  for (const { id } of rows) await end(connection, Number(id), deadline, log);
}

/** The words that take the lock, with what says whose it is; 1: taken. */
function lockWords(executor: Executor | undefined, patience: number): readonly [string, readonly (string | number)[]] {
  if (executor === undefined) return ['GET_LOCK(?, ?)', [LOCK, patience]];
  const [member, term] = marksOf(executor);
  // who left the lock a moment ago may still hold the other names: they come free with it
  return [
    'IF(GET_LOCK(?, ?) = 1, GET_LOCK(?, ?) + GET_LOCK(?, ?) = 2, 0)',
    [LOCK, patience, member, LOOK_SECONDS, term, LOOK_SECONDS],
  ];
}

function marksOf({ group, term }: Executor): readonly [member: string, term: string] {
  const name = `orchestrator.${shortName(group)}`;
  return [name, `${name}.${term}`];
}

const isTaken = (row: Row | undefined) => String(row?.locked) === '1';

/** False: the time is up. */
async function waitOrEnd(wait: Wait & { readonly executor: Executor }): Promise<boolean> {
  const { connection, executor, limitSeconds, deadline, log } = wait;
  const [locked, values] = lockWords(executor, LOOK_SECONDS);
  const spared = new Set<number>();
  for (let waited = 0; waited < limitSeconds; waited += LOOK_SECONDS) {
    const holder = await earlierHolder(wait);
    if (holder !== undefined && !spared.has(holder)) {
      await executor.confirm();
      if (!(await end(connection, holder, deadline, log))) spared.add(holder); // its step ends in its own time
    }
    const [row] = await connection.query(`SELECT ${locked} AS locked`, values, deadline);
    if (isTaken(row)) return true;
  }
  return false;
}

/** The session that holds the lock, where it is one of our group and of an earlier term. */
async function earlierHolder({
  connection,
  executor,
  deadline,
}: Wait & { readonly executor: Executor }): Promise<number | undefined> {
  const [member, term] = marksOf(executor);
  const sql = 'SELECT IS_USED_LOCK(?) AS holder, IS_USED_LOCK(?) AS member, IS_USED_LOCK(?) AS own';
  const [row] = await connection.query(sql, [LOCK, member, term], deadline);
  const holder = Number(row?.holder ?? 0);
  if (!Number.isSafeInteger(holder) || holder <= 0) return undefined;
  if (Number(row?.member ?? 0) !== holder || Number(row?.own ?? 0) === holder) return undefined;
  const attribute = `SELECT ATTR_VALUE AS term FROM performance_schema.session_account_connect_attrs
WHERE PROCESSLIST_ID = ? AND ATTR_NAME = 'orchestrator_term'`;
  const [attributes] = await told(connection.query(attribute, [holder], deadline));
  if (Number(attributes?.term ?? 0) > executor.term)
    throw new OrchestratorError(
      'NOT_LEADER',
      `${keyText(connection.key)} is in the hands of a leader of term ${String(attributes?.term)}, this is term ${executor.term}`,
    );
  return holder;
}

/** False: our account may not end it. */
async function end(connection: ServerConnection, id: number, deadline: AbortSignal, log: Log): Promise<boolean> {
  const instance = keyText(connection.key);
  try {
    await connection.query(`KILL ${id}`, [], deadline);
    log.warn({ instance, session: id }, 'ended a session that a former leader had left open to change this server');
    return true;
  } catch (err) {
    const errno = errnoOf(err);
    if (errno === 0) throw err; // the connection is gone
    if (errno === UNKNOWN_THREAD_ERRNO) return true;
    log.warn(
      { instance, session: id, err: errorText(err) },
      'a session of a former leader cannot be ended: waiting for it',
    );
    return false;
  }
}

/** What a server tells; nothing where it does not. */
async function told(rows: Promise<readonly Row[]>): Promise<readonly Row[]> {
  return rows.catch((err: unknown) => {
    if (errnoOf(err) === 0) throw err;
    return [];
  });
}

function errnoOf(err: unknown): number {
  return err instanceof OrchestratorError ? Number(err.context.errno ?? 0) : 0;
}

/** Names of locks are short. */
function shortName(group: string): string {
  return createHash('sha256').update(group).digest('hex').slice(0, 16);
}
