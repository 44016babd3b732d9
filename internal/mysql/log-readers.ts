// Who reads the binary logs of a server now, by the identity that each of them gives.

import type { Dialect } from './dialect.ts';
import type { Row } from './server-connection.ts';

/** One that reads binary logs. */
export interface LogReader {
  /** 0: it did not say. */
  readonly serverId: number;
  /** In lower case; empty: it did not say, as on MariaDB. */
  readonly uuid: string;
  /** As the server knows it; may be empty. */
  readonly host: string;
}

/** Those that registered, and those that only the session tells of which sends them events. */
export async function logReaders(
  query: (sql: string) => Promise<readonly Row[]>,
  { showReplicas, showDumpSessions }: Pick<Dialect, 'showReplicas' | 'showDumpSessions'>,
): Promise<readonly LogReader[]> {
  const registered = (await query(showReplicas)).map((row) => ({
    serverId: Number(row.Server_Id ?? row.Server_id ?? 0),
    uuid: String(row.Replica_UUID ?? row.Slave_UUID ?? '').toLowerCase(),
    host: String(row.Host ?? ''),
  }));
  const sessions = (await query(showDumpSessions)).map((row) => ({
    serverId: 0,
    uuid: String(row.uuid ?? '').toLowerCase(),
    host: String(row.host ?? ''),
  }));
  const named = sessions.filter(({ uuid }) => uuid !== '');
  const isNamed = (one: LogReader) => named.some(({ uuid }) => uuid === one.uuid);
  // each of the others is the session of somebody who registered, or of one that did not
  const nameless = sessions.filter(({ uuid }) => uuid === '');
  const owners = registered.filter((one) => !isNamed(one)).length;
  const unregistered = named.filter(({ uuid }) => !registered.some((one) => one.uuid === uuid));
  return [...registered, ...unregistered, ...nameless.slice(owners)];
}
