import { readFileSync } from 'node:fs';

/** Of this release; the same as in package.json. */
export const VERSION = '0.1.0';

/** The commit this program was built from, as the build noted it; `unknown` where it could not. */
export function buildCommit(): string {
  try {
    return readFileSync(new URL('./commit.txt', import.meta.url), 'utf8').trim();
  } catch {
    return 'unknown';
  }
}
