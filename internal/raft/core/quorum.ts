import type { Configuration, MemberId } from './types.ts';

/** Every voter once, those of both halves in a joint phase. */
export function votersOf({ voters, outgoing }: Configuration): readonly MemberId[] {
  return outgoing.length === 0 ? voters : [...new Set([...voters, ...outgoing])];
}

export function isVoter({ voters, outgoing }: Configuration, id: MemberId): boolean {
  return voters.includes(id) || outgoing.includes(id);
}

/** Whether those for whom `has` holds are a majority, of both halves in a joint phase. Nobody is a majority of no voters. */
export function isQuorum({ voters, outgoing }: Configuration, has: (id: MemberId) => boolean): boolean {
  return isMajority(voters, has) && (outgoing.length === 0 || isMajority(outgoing, has));
}

/** The highest value that a quorum has reached: the median of a majority, the lower one of both halves. -Infinity without voters. */
export function quorumValue({ voters, outgoing }: Configuration, reached: (id: MemberId) => number): number {
  const value = majorityValue(voters, reached);
  return outgoing.length === 0 ? value : Math.min(value, majorityValue(outgoing, reached));
}

function isMajority(voters: readonly MemberId[], has: (id: MemberId) => boolean): boolean {
  let count = 0;
  for (const id of voters) if (has(id)) count += 1;
  return count > voters.length / 2;
}

function majorityValue(voters: readonly MemberId[], reached: (id: MemberId) => number): number {
  if (voters.length === 0) return Number.NEGATIVE_INFINITY;
  const values = voters.map(reached).sort((a, b) => b - a);
  return values[Math.floor(voters.length / 2)]!;
}
