import type { Value } from './database.ts';

/** The last moment that has a text; every listing and every row can name it. */
export const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

/** UTC, whole seconds, as every time in the backend. */
export const toText = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

const FORMAT = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d(?:\.\d{1,9})?))?\s*(Z|UTC|[+-]\d\d:?\d\d)?/;

/**
 * Milliseconds since the epoch; 0 for what says "never": NULL, an empty text, a zero date. Reads what other programs
 * write too: with `T`, with fractions, with a zone.
 */
export function toMs(value: Value | undefined): number {
  if (typeof value === 'number') return value > 0 ? value * 1000 : 0; // a Unix time
  const match = FORMAT.exec(value ?? '');
  if (match === null) return 0;
  const [, day, time = '00:00:00', zone = 'Z'] = match;
  const offset = zone === 'UTC' ? 'Z' : zone;
  const ms = Date.parse(`${day}T${time.slice(0, 12)}${offset}`);
  return Number.isNaN(ms) ? 0 : Math.max(0, ms);
}
