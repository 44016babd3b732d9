// Servers that hold no data: they store the binary log of their source and hand it on. They answer a handful of statements, one at
// a time, have no variables to speak of and no locks. Source: the manual of MaxScale's binlog router.

import { OrchestratorError } from '../runtime/errors.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { type OnRefused, readParts } from './part-reader.ts';
import type { ProbeRows } from './probe-rows.ts';
import type { ProbePart, ProbeStatement } from './probe-statements.ts';
import type { Row, ServerConnection } from './server-connection.ts';

/** The version of a proxy that does not say so when it is asked for its version. */
export const SHOW_PROXY_VERSION = "SHOW VARIABLES LIKE 'maxscale%'";
const PARTS: ReadonlySet<ProbePart> = new Set<ProbePart>(['gtid', 'replication', 'ownCoordinates', 'replicas']);
/** It was stopped, or runs, already. */
const ALREADY: ReadonlySet<unknown> = new Set([1199, 1254]);

/** What its version is to be taken for; undefined: it is no such server. */
export function proxyVersion([row]: readonly Row[]): string | undefined {
  if (row === undefined) return undefined;
  const value = Object.entries(row).find(([name]) => name.toLowerCase() === 'value')?.[1];
  return `${value || '0.0.0'}-maxscale`;
}

/** One statement after the other; only where it replicates from must be known. */
export async function readBinlogServer(
  connection: Pick<ServerConnection, 'key' | 'many'>,
  version: string,
  statements: readonly ProbeStatement[],
  signal: AbortSignal,
  onRefused: OnRefused = () => undefined,
): Promise<ProbeRows> {
  const rows: Partial<Record<ProbePart, readonly Row[]>> = {};
  for (const statement of statements) {
    if (!PARTS.has(statement.part)) continue;
    const alone = { ...statement, essential: statement.part === 'replication' };
    Object.assign(rows, (await readParts(connection, [alone], signal, onRefused)).rows);
  }
  if (rows.replication?.length === 0)
    throw new OrchestratorError('PROBE_FAILED', `${keyText(connection.key)} is a binlog server without a source`, {
      context: { key: keyText(connection.key), partial: false },
    });
  return { ...rows, variables: variablesOf(connection.key, version, rows) };
}

/** What other servers have variables for. */
function variablesOf({ hostname }: InstanceKey, version: string, { gtid }: ProbeRows): readonly Row[] {
  const on = ['log_bin', 'log_slave_updates', 'read_only'].map((name) => [name, 'ON'] as const);
  const known = [
    ...([
      ['version', version],
      ['hostname', hostname],
      ['binlog_format', 'INHERIT'],
    ] as const),
    ['server_id', String(Object.values(gtid?.[0] ?? {})[0] ?? 0)] as const,
  ];
  return [...on, ...known].map(([name, value]) => ({ Variable_name: name, Value: value }));
}

/** To start what runs and to stop what is stopped is no failure. */
export function toleratingRepetition(err: unknown): readonly Row[] {
  if (err instanceof OrchestratorError && ALREADY.has(err.context.errno)) return [];
  throw err;
}
