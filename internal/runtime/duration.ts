import { OrchestratorError } from './errors.ts';

/** A century; more is a slip of the pen, and no date of the backend's. */
const LONGEST_MS = 100 * 365 * 86_400_000;
const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/**
 * `90s`, `10m`, `2h`, `3d`, `1w` in milliseconds; 0 for nothing.
 *
 * @throws {OrchestratorError} `BAD_REQUEST` for anything else, and for more than a hundred years
 */
export function parseDurationMs(text: string): number {
  if (text === '') return 0;
  const match = /^(\d+)([smhdw])$/.exec(text);
  if (match === null)
    throw new OrchestratorError('BAD_REQUEST', `Invalid duration: ${text}; give digits and one of s m h d w`);
  const ms = Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
  if (ms > LONGEST_MS) throw new OrchestratorError('BAD_REQUEST', `Duration too long: ${text}`);
  return ms;
}
