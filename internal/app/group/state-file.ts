// The bytes of a snapshot of the group: lines of JSON. The first says what follows, then comes one line for each row, and
// the last tells whether any is missing.

import { createHash } from 'node:crypto';
import type { Row, Value } from '../../backend/database.ts';
import { STATE_TABLES, type StateTable } from '../../backend/state-tables.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { InstanceKey } from '../../topology/instance-key.ts';

/** What all nodes of a group hold alike. */
export interface GroupState {
  readonly tables: ReadonlyMap<StateTable, readonly Row[]>;
  /** The servers that are watched. */
  readonly servers: readonly InstanceKey[];
}

const FORMAT = 1;
const PIECE_BYTES = 64 * 1024;

type Line = readonly [table: string, row: Row] | readonly ['', InstanceKey];

export async function* encodeState({ tables, servers }: GroupState): AsyncIterable<Uint8Array> {
  const hash = createHash('sha256');
  let piece = '';
  const lines = function* () {
    yield JSON.stringify({ format: FORMAT });
    for (const { hostname, port } of servers) yield JSON.stringify(['', { hostname, port }]);
    for (const [{ name }, rows] of tables) for (const row of rows) yield JSON.stringify([name, row]);
  };
  for (const line of lines()) {
    piece += `${line}\n`;
    if (piece.length < PIECE_BYTES) continue;
    hash.update(piece);
    yield Buffer.from(piece);
    piece = '';
  }
  hash.update(piece);
  yield Buffer.from(`${piece}${JSON.stringify({ sha256: hash.digest('hex') })}\n`);
}

/** @throws {OrchestratorError} `BACKEND_CORRUPT`: it was cut, changed, or made by another version */
export async function decodeState(bytes: AsyncIterable<Uint8Array>): Promise<GroupState> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  const text = Buffer.concat(pieces).toString('utf8');
  const end = text.lastIndexOf('\n', text.length - 2) + 1;
  const { sha256 } = parsed(text.slice(end)) as { sha256?: unknown };
  if (sha256 !== createHash('sha256').update(text.slice(0, end)).digest('hex')) throw corrupt('its checksum differs');
  const [head = '', ...lines] = text.slice(0, end).split('\n').slice(0, -1);
  const { format } = parsed(head) as { format?: unknown };
  if (format !== FORMAT) throw corrupt(`its format is ${String(format)}, this version knows ${FORMAT}`);
  const byName = new Map(STATE_TABLES.map((table) => [table.name, table]));
  const tables = new Map<StateTable, Row[]>(STATE_TABLES.map((table) => [table, []]));
  const servers: InstanceKey[] = [];
  for (const line of lines) {
    const [name, value] = parsed(line) as unknown as Line;
    if (name === '') {
      servers.push(value as InstanceKey);
      continue;
    }
    const table = byName.get(name);
    if (table === undefined) throw corrupt(`it has rows of the table "${name}", which this version does not know`);
    tables.get(table)?.push(value as Readonly<Record<string, Value>>);
  }
  return { tables, servers };
}

function parsed(line: string): object {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // told below
  }
  throw corrupt('a line of it is no JSON');
}

function corrupt(what: string): OrchestratorError {
  return new OrchestratorError('BACKEND_CORRUPT', `the snapshot of the group cannot be used: ${what}`);
}
