import type { ServerFamily } from './instance.ts';

export interface ServerVersion {
  readonly family: ServerFamily;
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/**
 * Reads `@@version` or the version of the server greeting. MariaDB 10 greets with `5.5.5-` before its own version.
 * A part that is no number counts as 0.
 */
export function parseServerVersion(text: string): ServerVersion {
  const family = text.includes('MariaDB') ? 'mariadb' : 'mysql';
  const own = family === 'mariadb' ? text.replace(/^5\.5\.5-/, '') : text;
  const [major, minor, patch] = own.trim().split('.', 3);
  return { family, major: leadingNumber(major), minor: leadingNumber(minor), patch: leadingNumber(patch) };
}

function leadingNumber(text: string | undefined): number {
  return Number(/^\d+/.exec(text ?? '')?.[0] ?? 0);
}

export function atLeast(version: ServerVersion, major: number, minor: number, patch = 0): boolean {
  if (version.major !== major) return version.major > major;
  if (version.minor !== minor) return version.minor > minor;
  return version.patch >= patch;
}

/** The first two parts: `9.7`, `10.11`. */
export function majorVersionText(version: ServerVersion): string {
  return `${version.major}.${version.minor}`;
}

/** Numeric order of the first two parts. Means something within one family only. */
export function compareMajor(a: ServerVersion, b: ServerVersion): number {
  return a.major - b.major || a.minor - b.minor;
}
