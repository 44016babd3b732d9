// Servers that go by file and position in the log of a dead primary, `bin.000007:900` at its end: directly, or through binlog servers.

import type { BinlogCoordinates, Instance } from '../../internal/topology/instance.ts';
import { anInstance, aReplication, mysqlGtid, PRIMARY_KEY } from '../unit/topology/builders.ts';

const NO_GTID = mysqlGtid('', { mode: 'OFF' });

export const place = (file: number, position: number): BinlogCoordinates => ({
  file: `bin.${String(file).padStart(6, '0')}`,
  position,
});
export const END = place(7, 900);

export const deadPrimary = anInstance(1, { key: PRIMARY_KEY, readOnly: false, gtid: NO_GTID });

/** Logs nothing of what it replicates, and has come to the second of its own logs. */
export function behind(n: number, above: number | 'primary', at = END, more: Partial<Instance> = {}): Instance {
  const source = above === 'primary' ? PRIMARY_KEY : { hostname: `h${above}`, port: 3306 };
  const parts = { source, gtid: 'none', sourceUuid: '', read: at, executed: at, receiver: 'running' } as const;
  const base = { gtid: NO_GTID, logReplicaUpdates: false, ownCoordinates: place(2, 4) };
  return anInstance(n, { ...base, replication: aReplication(parts), ...more });
}

/** A binlog server that has stored so much. */
export function relay(n: number, at = END, above: number | 'primary' = 'primary'): Instance {
  const kind = { version: '23.8.1-maxscale', serverUuid: '', binlogFormat: 'INHERIT' };
  return behind(n, above, at, { ...kind, logReplicaUpdates: true });
}
