import type { Instance } from '../topology/instance.ts';
import { readBinlogServer } from './binlog-server.ts';
import type { Opened } from './connector.ts';
import { readParts } from './part-reader.ts';
import { instanceFromRows } from './probe-rows.ts';
import { probeStatements } from './probe-statements.ts';

/** The parts that a session needs of a server it changes. */
const PARTS: ReadonlySet<string> = new Set([
  'gtid',
  'variables',
  'status',
  'replication',
  'ownCoordinates',
  'heartbeat',
]);

/** A server as the session finds it that is about to change it. */
export async function readForChange({ connection, version, dialect }: Opened, signal: AbortSignal): Promise<Instance> {
  const statements = probeStatements(dialect).filter(({ part }) => PARTS.has(part));
  const rows = dialect.binlogServer
    ? await readBinlogServer(connection, version, statements, signal)
    : (await readParts(connection, statements, signal, () => undefined)).rows;
  return instanceFromRows(connection.key, rows);
}
