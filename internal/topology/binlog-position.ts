import type { BinlogCoordinates } from './instance.ts';
import type { InstanceKey } from './instance-key.ts';

/** A place in the binary log of one server. */
export interface LogPlace {
  readonly server: InstanceKey;
  readonly at: BinlogCoordinates;
}

/**
 * Order of two places in the logs of one server: negative, zero or positive. Files are compared by their number, so that
 * `.1000000` comes after `.999999`. Undefined where there is no order: a place is missing, or the base names differ.
 */
export function compareCoordinates(a: BinlogCoordinates, b: BinlogCoordinates): number | undefined {
  const left = numberedFile(a.file);
  const right = numberedFile(b.file);
  if (left === undefined || right === undefined || left.base !== right.base) return undefined;
  return left.number - right.number || a.position - b.position;
}

function numberedFile(file: string): { readonly base: string; readonly number: number } | undefined {
  const match = /^(.+)\.(\d+)$/.exec(file);
  return match === null ? undefined : { base: match[1] ?? '', number: Number(match[2]) };
}

/** What a server calls the log that it begins next: the number has six digits, or as many as it needs. */
export function nextLogFile(file: string): string {
  return file.replace(/\d+$/, (digits) => String(Number(digits) + 1).padStart(digits.length, '0'));
}
