// Where members are, by their labels and addresses. What fails as one is one place: a host, a zone, a data center, a region.

import type { Configuration, Member, MemberId } from './types.ts';

/** Names of labels, the widest place first; `Host` is the host of the address. */
export const LEVELS = ['Region', 'DataCenter', 'Zone', 'Host'] as const;
export type Level = (typeof LEVELS)[number];

/** A zone of the same name in another data center is another zone. Undefined: nobody has said where this member is. */
export function placeOf({ labels, address }: Pick<Member, 'labels' | 'address'>, level: Level): string | undefined {
  if (level === 'Host') return address.slice(0, address.lastIndexOf(':'));
  if (labels[level] === undefined) return undefined;
  const path = LEVELS.slice(0, LEVELS.indexOf(level) + 1).map((wider) => labels[wider] ?? '');
  return path.join('/').replace(/^\/+/, '');
}

/** Votes of each place; empty where any of these members has not said where it is. */
export function votesByPlace(
  { members }: Pick<Configuration, 'members'>,
  ids: readonly MemberId[],
  level: Level,
): ReadonlyMap<string, number> {
  const votes = new Map<string, number>();
  for (const id of ids) {
    const member = members.find((each) => each.id === id);
    const place = member && placeOf(member, level);
    if (place === undefined) return new Map();
    votes.set(place, (votes.get(place) ?? 0) + 1);
  }
  return votes;
}
