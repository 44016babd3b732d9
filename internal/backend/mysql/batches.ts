// Changes as statements of a size that the server takes: many rows to one where they are alike, and never more bytes than a packet holds.

import type { Change, Value } from '../database.ts';
import { areAlike, changeStatement, rowsStatement, type Statement } from '../statements.ts';
import { backendFailure } from './failures.ts';
import { MYSQL_WORDS } from './words.ts';

/** Rows in one statement. */
const MOST_ROWS = 32;
/** In a packet beside the values: the statement's number, the bitmap of NULLs. Generous. */
const OVERHEAD_BYTES = 512;
/** Type and length of one value. */
const VALUE_BYTES = 11;

type NewRow = Extract<Change, { kind: 'insert' | 'upsert' }>;

/**
 * In order; neighbours that are alike share a statement.
 *
 * @param mostBytes of one packet to the server
 * @throws {OrchestratorError} `BACKEND_FAILED` (reason `refused`): one row alone is larger. The server would cut the connection at it.
 */
export function statementsOf(changes: readonly Change[], mostBytes: number, name: string): readonly Statement[] {
  const statements: Statement[] = [];
  for (let at = 0; at < changes.length; ) {
    const [first, ...more] = changes.slice(at, at + MOST_ROWS) as [Change, ...Change[]];
    if (!isNewRow(first)) {
      statements.push(changeStatement(first, MYSQL_WORDS));
      at += 1;
      continue;
    }
    const alike = run(first, more, mostBytes - OVERHEAD_BYTES, name);
    statements.push(rowsStatement(alike, MYSQL_WORDS));
    at += alike.length;
  }
  return statements;
}

/** As many as one statement takes: a power of two with the first one, so that few texts are to be prepared. */
function run(first: NewRow, more: readonly Change[], mostBytes: number, name: string): readonly [NewRow, ...NewRow[]] {
  let bytes = bytesOf(first);
  if (bytes > mostBytes) {
    const what = `a row of ${first.table} has ${bytes} bytes, more than fit in a packet: raise max_allowed_packet`;
    throw backendFailure('refused', name, new Error(what));
  }
  const fitting: NewRow[] = [];
  for (const change of more) {
    if (!isNewRow(change) || !areAlike(first, change)) break;
    bytes += bytesOf(change);
    if (bytes > mostBytes) break;
    fitting.push(change);
  }
  return [first, ...fitting.slice(0, 2 ** Math.floor(Math.log2(1 + fitting.length)) - 1)];
}

/** At most, as the driver binds them: as texts. */
function bytesOf({ row }: NewRow): number {
  const of = (value: Value) => VALUE_BYTES + (value === null ? 0 : Buffer.byteLength(String(value)));
  return Object.values(row).reduce<number>((sum, value) => sum + of(value), 0);
}

function isNewRow(change: Change): change is NewRow {
  return change.kind === 'insert' || change.kind === 'upsert';
}
