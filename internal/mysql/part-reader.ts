// A server stops at the first statement of a batch that fails, and everything before it has been answered. So the rest is
// sent once more without the culprit.

import { OrchestratorError } from '../runtime/errors.ts';
import { keyText } from '../topology/instance-key.ts';
import type { ProbeRows } from './probe-rows.ts';
import type { ProbePart, ProbeStatement } from './probe-statements.ts';
import type { FailedStatement, Row, ServerConnection } from './server-connection.ts';

export type OnRefused = (statement: ProbeStatement, message: string) => void;

type Line = Pick<ServerConnection, 'key' | 'many'>;

export interface PartAnswers {
  readonly rows: ProbeRows;
  /** A query of the operator did not return: the connection was ended, and everything else had been answered. */
  readonly cutShort: boolean;
}

/** The server goes down, or somebody ended the session: nothing about the statement. */
const ABOUT_THE_SESSION: ReadonlySet<number> = new Set([1053, 1317, 1927]);
const isAboutStatement = (errno: number) =>
  errno >= 1000 && !(errno >= 2000 && errno < 3000) && !ABOUT_THE_SESSION.has(errno);

/**
 * Stands before each query of the operator: once that hangs, it is certain that what came before was answered. Servers send
 * a result set at once and hold back a bare OK.
 */
const BOUNDARY: ProbeStatement = { part: 'status', sql: 'SELECT 1', essential: false, right: '' };

/**
 * Asks for all parts, in one round trip unless some are refused.
 *
 * @throws {OrchestratorError} `PROBE_FAILED` (context: errno, partial), `STATEMENT_FAILED`, `STATEMENT_TIMEOUT`
 */
export async function readParts(
  connection: Line,
  statements: readonly ProbeStatement[],
  signal: AbortSignal,
  onRefused: OnRefused,
): Promise<PartAnswers> {
  const rows: Partial<Record<ProbePart, readonly Row[]>> = {};
  const take = (sent: readonly ProbeStatement[], results: readonly (readonly Row[])[], count: number) => {
    for (const [index, statement] of sent.slice(0, count).entries())
      if (statement !== BOUNDARY) rows[statement.part] = results[index] ?? [];
  };
  for (let rest = statements; rest.length > 0; ) {
    const sent = withBoundary(rest);
    const { results, failed } = await connection.many(sent.map(({ sql }) => sql).join(';'), signal);
    if (failed === undefined) {
      const separable = results.length === sent.length;
      take(sent, results, separable ? sent.length : sent.indexOf(BOUNDARY));
      if (!separable)
        for (const statement of sent.filter(({ foreign }) => foreign === true))
          onRefused(statement, 'one of the detection queries holds several statements');
      break;
    }
    take(sent, results, failed.index);
    // the last answer before silence counts as incomplete, even if it is the boundary, behind which an operator's query hangs
    const culprit = sent[failed.index] === BOUNDARY ? sent[failed.index + 1] : sent[failed.index];
    if (culprit === undefined || !mayBeMissed(culprit, failed)) throw readFailed(connection, culprit, failed, rows);
    onRefused(culprit, failed.message);
    if (failed.timedOut) return { rows, cutShort: true };
    rest = sent.slice(failed.index + 1).filter((statement) => statement !== BOUNDARY);
  }
  return { rows, cutShort: false };
}

function withBoundary(statements: readonly ProbeStatement[]): readonly ProbeStatement[] {
  return statements.flatMap((statement) => (statement.foreign === true ? [BOUNDARY, statement] : [statement]));
}

/** A server that does not answer our own statements in time has not been read; the operator's may take as long as they like. */
function mayBeMissed(culprit: ProbeStatement, failed: FailedStatement): boolean {
  if (culprit.essential) return false;
  return failed.timedOut ? culprit.foreign === true : isAboutStatement(failed.errno);
}

function readFailed(
  { key }: Line,
  culprit: ProbeStatement | undefined,
  failed: FailedStatement,
  rows: ProbeRows,
): OrchestratorError {
  const need = culprit?.right === undefined || culprit.right === '' ? '' : ` (it needs ${culprit.right})`;
  const context = { key: keyText(key), errno: failed.errno, partial: rows.variables !== undefined };
  return failed.timedOut
    ? new OrchestratorError('STATEMENT_TIMEOUT', `${keyText(key)}: ${failed.message}`, { context })
    : new OrchestratorError('PROBE_FAILED', `${keyText(key)}: ${failed.message}${need}`, { context });
}
