import { isIP } from 'node:net';
import { type Address, formatAddress, isUnspecified } from '../address.ts';
import type { AddressSpace } from '../wire/address-space.ts';

/** More than these are not talked to: a name service that went wild must not make a node dial the whole network. */
export const MOST_CANDIDATES = 64;

export interface Candidates {
  /** Each once, sorted by its text, so that two look-ups that found the same are the same. */
  readonly addresses: readonly Address[];
  readonly problems: readonly string[];
}

/** What is left of a look-up once it is filtered, told apart and capped (F-03). Names are judged when they are dialled. */
export function candidatesOf(found: readonly Address[], allowed: AddressSpace): Candidates {
  const unique = [...new Map(found.map((address) => [formatAddress(address), address])).entries()];
  const dialled = unique.filter(([, { host }]) => !isUnspecified(host));
  const within = dialled.filter(([, { host }]) => isIP(host) === 0 || allowed.allows(host));
  const outside = dialled.filter((entry) => !within.includes(entry)).map(([text]) => text);
  const sorted = within.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, address]) => address);
  const problems: string[] = [];
  if (outside.length > 0) problems.push(`outside of RaftAllowedAddressSpace: ${few(outside)}`);
  if (sorted.length > MOST_CANDIDATES)
    problems.push(`${sorted.length} addresses: only the first ${MOST_CANDIDATES} are talked to`);
  return { addresses: sorted.slice(0, MOST_CANDIDATES), problems };
}

/** The first of them, and how many there are more. */
export function few(texts: readonly string[]): string {
  const first = texts.slice(0, 3).join(', ');
  return texts.length > 3 ? `${first} and ${texts.length - 3} more` : first;
}
