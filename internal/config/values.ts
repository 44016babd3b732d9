// Rules about the value of one key that its row states: least value, choices, patterns. None of them refuses a file.

import { compileGoRegexp } from '../runtime/go-regexp.ts';
import { CONFIG_NAMES, type Config, keyOf } from './keys.ts';

/** Changes periods and limits below which the program would spin or stand still. Warnings, one for each. */
export function raiseToMinimum(config: Config): string[] {
  const warnings: string[] = [];
  for (const name of CONFIG_NAMES) {
    const { min } = keyOf(name);
    const value = config[name];
    if (min === undefined || typeof value !== 'number' || value >= min) continue;
    warnings.push(`${name} is ${value}: using ${min}, the least that works`);
    Object.assign(config, { [name]: min });
  }
  return warnings;
}

/** What is strange about a value that is of the right type. */
export function doubts(name: (typeof CONFIG_NAMES)[number], value: Config[typeof name]): readonly string[] {
  const { choices, pattern } = keyOf(name);
  if (choices !== undefined && !choices.includes(String(value).toLowerCase())) {
    const known = choices.filter((choice) => choice !== '').join(', ');
    return [`${name}: unknown value "${String(value)}": use one of ${known}`];
  }
  if (pattern === undefined) return [];
  const texts = typeof value === 'string' ? [value].filter((text) => text !== '') : (value as readonly string[]);
  return texts
    .map((text) => (pattern === 'cluster filter' ? expressionOf(text) : text))
    .filter((text) => text !== undefined && compileGoRegexp(text) === undefined)
    .map((text) => `${name}: "${text}" is not a regular expression that can be used here: it never matches`);
}

/** Undefined where the filter holds none: `*` and `alias=NAME`. */
function expressionOf(filter: string): string | undefined {
  if (filter === '*' || /^alias=/.test(filter)) return undefined;
  return filter.replace(/^alias~=/, '');
}
