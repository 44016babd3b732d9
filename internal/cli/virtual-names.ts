import type { GivenFlags } from '../app/settings-from-config.ts';
import type { Arguments } from './arguments.ts';

/** What `-skip-unresolve` and `-skip-unresolve-check` make of virtual names; the first goes further, and counts for both. */
export function virtualNames(given: Arguments): NonNullable<GivenFlags['virtualNames']> {
  if (given.on('skip-unresolve')) return 'unused';
  return given.on('skip-unresolve-check') ? 'trusted' : 'verified';
}
