// Small shapes that the contract's objects are made of.

import type { BinlogCoordinates } from '../../topology/instance.ts';
import { compareKeys, type InstanceKey } from '../../topology/instance-key.ts';

export interface WireKey {
  readonly Hostname: string;
  readonly Port: number;
}

/** Without a key the empty one, `{"Hostname":"","Port":0}`. */
export const wireKey = (key: InstanceKey | undefined): WireKey => ({
  Hostname: key?.hostname ?? '',
  Port: key?.port ?? 0,
});

export const wireKeys = (keys: readonly InstanceKey[]): readonly WireKey[] => [...keys].sort(compareKeys).map(wireKey);

/** `type`: 0 a binary log, 1 a relay log. */
export const wireCoordinates = (at: BinlogCoordinates | undefined, type: 0 | 1 = 0) => ({
  LogFile: at?.file ?? '',
  LogPos: at?.position ?? 0,
  Type: type,
});

/** The contract's time form; empty for "never". */
export const wireTime = (ms: number | undefined): string =>
  ms === undefined || ms === 0 ? '' : new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

export const wireInt = (value: number | undefined) => ({ Int64: value ?? 0, Valid: value !== undefined });

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/** An error text as the contract has it: in double quotes, everything but printable ASCII escaped; nothing for no error. */
export function wireError(text: string): string {
  if (text === '') return '';
  return `"${[...text].map(quoted).join('')}"`;
}

function quoted(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = (width: number) => code.toString(16).padStart(width, '0');
  if (SHORT[character] !== undefined) return SHORT[character];
  if (code >= 0x20 && code < 0x7f) return character;
  if (code < 0x80) return `\\x${hex(2)}`;
  return code <= 0xffff ? `\\u${hex(4)}` : `\\U${hex(8)}`;
}
