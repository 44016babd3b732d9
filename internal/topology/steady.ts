import type { WatchedInstance } from './instance.ts';

/**
 * What moves while a server does nothing but its work: time, positions, counts that follow the load. Each path stands for
 * all below it. No rule takes action on one of these alone; those that look at them at all have time.
 */
const MOVING: ReadonlySet<string> = new Set([
  'uptimeSeconds',
  'ownCoordinates',
  'gtid.executed',
  'gtid.purged',
  'gtid.slavePos',
  'gtid.currentPos',
  'gtid.binlogPos',
  'gtid.binlogState',
  'measuredLagSeconds',
  ...['replication', 'otherChannels'].flatMap((path) =>
    ['read', 'executed', 'relay', 'received', 'lagSeconds'].map((name) => `${path}.${name}`),
  ),
  'promotionRule', // an operator's word, not the server's
]);

/** Whether a server was read again and is as it was, apart from what always moves. Pure. */
export function isSteady(before: WatchedInstance | undefined, now: WatchedInstance): boolean {
  return (
    before !== undefined &&
    before.valid === now.valid &&
    before.partialSuccess === now.partialSuccess &&
    before.errantGtid === now.errantGtid &&
    isSame(before.instance, now.instance, '')
  );
}

function isSame(a: unknown, b: unknown, path: string): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((one, index) => isSame(one, b[index], path));
  const [left, right] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>];
  const names = Object.keys(left);
  if (names.length !== Object.keys(right).length) return false;
  return names.every((name) => {
    const at = path === '' ? name : `${path}.${name}`;
    return left[name] === right[name] || MOVING.has(at) || isSame(left[name], right[name], at);
  });
}
