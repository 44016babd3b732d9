// What a group may lose and still agree (raft reference, section 4). What is in one place falls together, so that it is counted by places as
// well as by voters; the smallest of these numbers is the one to go by.

import { LEVELS, type Level, placeOf, votesByPlace } from '../core/places.ts';
import type { Configuration, MemberId } from '../core/types.ts';

export interface Tolerance {
  /** Voters that may be lost, whichever they are; below 0: so many are missing already. */
  readonly voters: number;
  /** Places that may be lost, whichever they are. Left out: no voter, or not every one, has said where it is; or all are in the same. */
  readonly places: Readonly<Partial<Record<Level, number>>>;
  readonly smallest: number;
  /** Places whose loss alone would be too much, for people. */
  readonly warnings: readonly string[];
}

/** @param answers who is heard now */
export function toleranceOf(configuration: Configuration, answers: ReadonlySet<MemberId>): Tolerance {
  const { voters, outgoing } = configuration;
  const halves = outgoing.length > 0 ? [voters, outgoing] : [voters];
  const spare = Math.min(...halves.map((half) => heard(half, answers).length - quorumOf(half)));
  const places: Partial<Record<Level, number>> = {};
  for (const level of LEVELS) {
    const most = halves.map((half) => placesToLose(configuration, half, answers, level));
    const known = most.filter((number) => number !== undefined);
    if (known.length === most.length) places[level] = Math.min(...known);
  }
  return {
    ...{ voters: spare, places },
    smallest: Math.min(spare, ...Object.values(places)),
    warnings: crowded(configuration),
  };
}

function quorumOf(voters: readonly MemberId[]): number {
  return Math.floor(voters.length / 2) + 1;
}

function heard(voters: readonly MemberId[], answers: ReadonlySet<MemberId>): readonly MemberId[] {
  return voters.filter((id) => answers.has(id));
}

/** The fullest ones go first. A host is always counted: nodes that share one have no other. */
function placesToLose(
  configuration: Configuration,
  voters: readonly MemberId[],
  answers: ReadonlySet<MemberId>,
  level: Level,
): number | undefined {
  const all = votesByPlace(configuration, voters, level).size;
  if (all === 0 || (all === 1 && level !== 'Host')) return undefined;
  const left = heard(voters, answers);
  const fullest = [...votesByPlace(configuration, left, level).values()].toSorted((one, other) => other - one);
  let spare = left.length - quorumOf(voters);
  if (spare < 0) return spare;
  let lost = 0;
  for (const votes of fullest) {
    spare -= votes;
    if (spare < 0) break;
    lost += 1;
  }
  return lost;
}

/** The narrowest place says enough: the wider ones around it hold the same votes. */
function crowded(configuration: Configuration): readonly string[] {
  const { members, voters } = configuration;
  if (voters.length < 2) return [];
  const told = new Map<string, string>();
  for (const level of LEVELS)
    for (const [place, votes] of votesByPlace(configuration, voters, level)) {
      if (votes < quorumOf(voters)) continue;
      const there = members.filter((member) => voters.includes(member.id) && placeOf(member, level) === place);
      const whose = there.map(({ id }) => id).join();
      told.set(
        whose,
        `${votes} of ${voters.length} voters are in ${level} ${place}: without it the group comes to a halt`,
      );
    }
  return [...told.values()];
}
