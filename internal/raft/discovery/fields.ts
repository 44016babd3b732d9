// An object of the configuration, read by a table of its fields. Strict: what it does not know it does not pass over, since a misspelt
// optional field would silently have its default.

import { OrchestratorError } from '../../runtime/errors.ts';

export interface Field<T> {
  /** Undefined: not of this form. */
  readonly parse: (value: unknown) => T | undefined;
  /** What to write, with an example. */
  readonly form: string;
  readonly fallback: { readonly value: T } | undefined;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;
export type Read<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

interface Form<T> {
  readonly parse: (value: unknown) => T | undefined;
  readonly form: string;
}

export function required<T>(form: Form<T>): Field<T> {
  return { ...form, fallback: undefined };
}

export function optional<T>(form: Form<T>, value: T): Field<T> {
  return { ...form, fallback: { value } };
}

/** A text that is not blank, without the blanks around it. */
export function text(form: string, matches = /./s): Form<string> {
  return {
    form,
    parse: (value) => (typeof value === 'string' && matches.test(value.trim()) ? value.trim() : undefined),
  };
}

export function choice<T extends string>(...choices: readonly T[]): Form<T> {
  return {
    form: choices.map((one) => `"${one}"`).join(' or '),
    parse: (value) => choices.find((one) => one === value),
  };
}

export const bool: Form<boolean> = {
  form: 'true or false',
  parse: (value) => (typeof value === 'boolean' ? value : undefined),
};

/** One item at least, each of the given form; a single text stands for a list of one. */
export function listOf<T>(item: Form<T>, form: string): Form<readonly T[]> {
  return {
    form,
    parse: (value) => {
      const items = (Array.isArray(value) ? value : [value]).map(item.parse);
      return items.length > 0 && items.every((one): one is Awaited<T> & T => one !== undefined) ? items : undefined;
    },
  };
}

export function whole(least: number, most: number, what = 'a whole number'): Form<number> {
  return {
    form: `${what} from ${least} to ${most}`,
    parse: (value) => {
      const fits = typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
      return fits ? value : undefined;
    },
  };
}

/** @returns milliseconds of a number of seconds, fractions allowed */
export function seconds(least: number, most: number): Form<number> {
  return {
    form: `a number of seconds from ${least} to ${most}`,
    parse: (value) => {
      const fits = typeof value === 'number' && value >= least && value <= most;
      return fits ? Math.round(value * 1000) : undefined;
    },
  };
}

/**
 * @param where key and type, at the head of each error
 * @param readElsewhere fields of the same object that another table reads
 * @throws {OrchestratorError} `CONFIG_INVALID`: which field, its value, what to do
 */
export function readFields<F extends Fields>(
  where: string,
  given: Readonly<Record<string, unknown>>,
  fields: F,
  readElsewhere: readonly string[] = [],
): Read<F> {
  const known = [...Object.keys(fields), ...readElsewhere];
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  // the value is not told: of a name that is not known it may be a secret
  if (unknown !== undefined)
    throw invalid(`${where}: it knows no ${unknown}: take it out, or use one of ${known.join(', ')}`);
  const read = Object.entries(fields).map(([name, field]) => [name, fieldOf(`${where}: ${name}`, given[name], field)]);
  return Object.fromEntries(read) as Read<F>;
}

function fieldOf(where: string, value: unknown, { parse, form, fallback }: Field<unknown>): unknown {
  if (value === undefined || value === null) {
    if (fallback !== undefined) return fallback.value;
    throw invalid(`${where} is missing: set it to ${form}`);
  }
  const parsed = parse(value);
  if (parsed === undefined) throw invalid(`${where} is ${shown(value)}: set it to ${form}`);
  return parsed;
}

function shown(value: unknown): string {
  const json = JSON.stringify(value);
  return json.length <= 60 ? json : `${json.slice(0, 60)}...`;
}

export function invalid(message: string): OrchestratorError {
  return new OrchestratorError('CONFIG_INVALID', message);
}
