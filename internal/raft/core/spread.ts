/*
 * Who votes, as far as the leader may choose: votes are spread so that the loss of one place costs as few of them as possible (F-60, F-61).
 * A vacancy goes to whoever shares places with the fewest voters. Where all votes are given and a place holds a majority of them, one of
 * its voters changes places with a non-voter elsewhere. Each exchange makes the spread strictly better, so that they come to an end.
 */

import { LEVELS, placeOf, votesByPlace } from './places.ts';
import type { Configuration, MemberId } from './types.ts';

/** Learners that wish to vote, have caught up and answer; the time is since when they have. */
export type Ready = ReadonlyMap<MemberId, number>;

/** Numbers by level, the widest first: the smaller, the better. */
type Badness = readonly number[];

/** Of those whose votes would be spread best, whoever has been ready for the longest. */
export function fillVacancy(configuration: Configuration, ready: Ready): MemberId | undefined {
  const order = [...ready.keys()].toSorted(
    (one, other) =>
      compare(crowdAround(configuration, one), crowdAround(configuration, other)) ||
      ready.get(one)! - ready.get(other)! ||
      (one < other ? -1 : 1),
  );
  return order[0];
}

export interface Exchange {
  readonly promoted: MemberId;
  readonly demoted: MemberId;
}

/** The best one that makes fewer votes be in one place than a majority, or comes closer to that. @param keeps votes whatever happens */
export function betterSpread(configuration: Configuration, ready: Ready, keeps: MemberId): Exchange | undefined {
  const { voters } = configuration;
  let least = excess(configuration, voters);
  if (least.every((votes) => votes === 0)) return undefined;
  let best: Exchange | undefined;
  const inOrder = [...ready].toSorted(
    ([one, since], [other, otherSince]) => since - otherSince || (one < other ? -1 : 1),
  );
  for (const [promoted] of inOrder)
    for (const demoted of voters) {
      if (demoted === keeps) continue;
      const left = excess(configuration, [...voters.filter((id) => id !== demoted), promoted]);
      if (compare(left, least) >= 0) continue;
      least = left;
      best = { promoted, demoted };
    }
  return best;
}

/** Voters in the places of this member. */
function crowdAround({ members, voters }: Configuration, id: MemberId): Badness {
  const self = members.find((member) => member.id === id)!;
  return LEVELS.map((level) => {
    const place = placeOf(self, level);
    return members.filter((member) => voters.includes(member.id) && placeOf(member, level) === place).length;
  });
}

/** How many votes more than a minority are in one place. */
function excess(configuration: Configuration, voters: readonly MemberId[]): Badness {
  const minority = Math.floor((voters.length - 1) / 2);
  return LEVELS.map((level) => {
    const votes = [...votesByPlace(configuration, voters, level).values()];
    return votes.length === 0 ? 0 : Math.max(0, Math.max(...votes) - minority);
  });
}

function compare(one: Badness, other: Badness): number {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at < 0 ? 0 : one[at]! - other[at]!;
}
