// One row of the table of configuration keys, and short ways to write it.

interface Values {
  readonly bool: boolean;
  readonly int: number;
  readonly uint: number;
  readonly float: number;
  readonly string: string;
  readonly 'string[]': readonly string[];
  readonly map: Readonly<Record<string, string>>;
  readonly 'map[]': readonly Readonly<Record<string, string>>[];
  readonly object: Readonly<Record<string, unknown>>;
}
export type ValueType = keyof Values;

/** What a row says besides its type, its default and its sentence. */
export interface KeyTraits {
  /** `compat`: honoured where it costs little; `retired`: accepted, without effect. Otherwise it must work. */
  readonly mark?: 'compat' | 'retired';
  readonly unit?: string;
  /** In lower case, as values are compared. Anything else acts as the default and is warned of. */
  readonly choices?: readonly string[];
  /** A lower number is raised to it, with a warning. */
  readonly min?: number;
  /** A higher number is refused. */
  readonly max?: number;
  /** What each text must be; an invalid one never matches and is warned of. */
  readonly pattern?: 'regexp' | 'cluster filter';
  /** Masked wherever the configuration is shown. */
  readonly secret?: true;
  /** Bound at the start of the daemon: a reload names it and leaves it. */
  readonly restart?: true;
  /** No part of the program uses it yet; a text says what that means where it matters. */
  readonly unbuilt?: true | string;
  /** Values that say what the program does anyway while the key is unbuilt. Without it: the default. */
  readonly actual?: readonly (string | boolean)[];
}

export interface ConfigKey<T extends ValueType = ValueType> extends KeyTraits {
  readonly type: T;
  readonly default: Values[T];
  /** Sentences for the operator, without the unit and the choices. */
  readonly doc: string;
}

const row =
  <T extends ValueType>(type: T) =>
  (value: Values[T], doc: string, traits: KeyTraits = {}): ConfigKey<T> => ({ type, default: value, doc, ...traits });

export const bool = row('bool');
export const int = row('int');
export const uint = row('uint');
export const float = row('float');
export const text = row('string');
export const list = row('string[]');
export const map = row('map');
export const maps = row('map[]');
export const object = row('object');

export const compat = { mark: 'compat' } as const;
export const retired = { mark: 'retired' } as const;
export const later = { unbuilt: true } as const;
export const restart = { restart: true } as const;
export const regexps = { pattern: 'regexp' } as const;

export const MAX_INT32 = 2_147_483_647;
