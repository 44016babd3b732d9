import { type ClusterSnapshot, memberOf } from './cluster.ts';
import { type Instance, isBinlogServer, sourceKey } from './instance.ts';
import { type InstanceKey, keyText, sameKey } from './instance-key.ts';

/**
 * Whose binary log a server hands on: its own, or, of a binary log server, that of whoever wrote what it stores, through any number of
 * others of its kind. Undefined: it is not known.
 */
export function writerOf(snapshot: ClusterSnapshot, server: Instance): InstanceKey | undefined {
  const passed = new Set<string>();
  for (let current = server; isBinlogServer(current); ) {
    passed.add(keyText(current.key));
    const above = sourceKey(current);
    if (above === undefined || passed.has(keyText(above))) return undefined;
    const next = memberOf(snapshot, above)?.instance;
    if (next === undefined || !isBinlogServer(next)) return above;
    current = next;
  }
  return server.key;
}

/** Whether what a replica reads now is the very log that another server hands on: its positions hold there, too. */
export function readsLogOf(snapshot: ClusterSnapshot, replica: Instance, below: Instance): boolean {
  const source = sourceKey(replica);
  if (source === undefined) return false;
  const present = memberOf(snapshot, source)?.instance;
  const writer = present === undefined ? source : writerOf(snapshot, present);
  return sameKey(writer, writerOf(snapshot, below));
}
