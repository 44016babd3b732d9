// Reading rows that other programs wrote: anything may be NULL, empty or odd. One bad row never hides the others.

import { type InstanceKey, keyText, parseKey } from '../topology/instance-key.ts';
import type { Condition, Row, Value } from './database.ts';

export const text = (value: Value | undefined): string => (value === null || value === undefined ? '' : String(value));
export const number = (value: Value | undefined): number => Number(value ?? 0) || 0;
export const bit = (value: boolean): number => (value ? 1 : 0);

export const keyOf = (row: Row): InstanceKey => ({ hostname: text(row.hostname), port: number(row.port) });

export const keyColumns = ({ hostname, port }: InstanceKey) => ({ hostname, port });

/** `database_instance` and its like are keyed by these. */
export const KEY = ['hostname', 'port'] as const;

export const whereKey = ({ hostname, port }: InstanceKey): readonly Condition[] => [
  ['hostname', '=', hostname],
  ['port', '=', port],
];

export const keysText = (keys: readonly InstanceKey[]): string => keys.map(keyText).join(',');

/** Of `host:port,host:port`; what is not a key is left out. */
export function keysOf(value: Value | undefined): readonly InstanceKey[] {
  return readable(
    text(value)
      .split(',')
      .filter((one) => one.trim() !== ''),
    (one) => parseKey(one),
  );
}

/** What `read` makes of each; those it cannot read are left out. */
export function readable<Raw, T>(raws: readonly Raw[], read: (raw: Raw) => T): readonly T[] {
  return raws.flatMap((raw) => {
    try {
      return [read(raw)];
    } catch {
      return [];
    }
  });
}
