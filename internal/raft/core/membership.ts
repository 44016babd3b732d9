import type { RefusalReason } from './effects.ts';
import type { MembershipChange } from './inputs.ts';
import type { Configuration, Member, MemberId } from './types.ts';

/*
 * From one configuration to the next, pure. One voter more or less is a single step, since any majority before then meets any majority after;
 * more than one goes through a joint phase, in which both have to agree.
 */

export type Planned =
  | { readonly kind: 'next'; readonly configuration: Configuration }
  | { readonly kind: 'refused'; readonly reason: RefusalReason };

export interface Limits {
  readonly maxVoters: number;
  readonly maxLearners: number;
}

/** What the change asks for, before it is known whether one step suffices. */
interface Wish {
  readonly members: ReadonlyMap<MemberId, Member>;
  readonly voters: readonly MemberId[];
  readonly learners: readonly MemberId[];
  readonly reaped?: readonly MemberId[];
}

/** As many are remembered as a group may have lost within the time that anybody waits for one of them. */
const MOST_REAPED = 32;

/** @param current without a joint phase running. */
export function planChange(current: Configuration, change: MembershipChange, limits: Limits): Planned {
  const wish = wishOf(current, change);
  if (typeof wish === 'string') return { kind: 'refused', reason: wish };
  if (wish.voters.length === 0) return { kind: 'refused', reason: 'lastVoter' };
  const grows = (now: readonly MemberId[], next: readonly MemberId[], most: number) =>
    next.length > now.length && next.length > most;
  if (grows(current.voters, wish.voters, limits.maxVoters)) return { kind: 'refused', reason: 'tooManyVoters' };
  if (grows(current.learners, wish.learners, limits.maxLearners)) return { kind: 'refused', reason: 'tooManyLearners' };
  const moved = symmetricDifference(current.voters, wish.voters);
  const { reaped } = current;
  const next = { reaped, ...wish };
  return { kind: 'next', configuration: moved <= 1 ? settled(next) : joint(current, next) };
}

/** The end of a joint phase: the outgoing half has no say any more. */
export function leaveJoint({ members, voters, learners, nextLearners, reaped }: Configuration): Configuration {
  return settled({ members: byId(members), voters, learners: [...learners, ...nextLearners], reaped });
}

/** A configuration of these voters and learners, as it is written. */
export function settled({ members, voters, learners, reaped = [] }: Wish): Configuration {
  const all = [...voters, ...learners];
  return {
    members: sortedMembers(members, all),
    voters: voters.toSorted(),
    outgoing: [],
    learners: learners.toSorted(),
    nextLearners: [],
    reaped: reaped.filter((id) => !all.includes(id)).slice(-MOST_REAPED),
  };
}

/** @returns the group that `members` found together: all of them vote but those that do not wish to. */
export function foundingConfiguration(members: readonly Member[]): Configuration {
  const ids = (vote: boolean) => members.filter(({ promote }) => promote === vote).map(({ id }) => id);
  return settled({ members: byId(members), voters: ids(true), learners: ids(false) });
}

function joint(current: Configuration, { members, voters, learners, reaped = [] }: Wish): Configuration {
  const all = new Map([...byId(current.members), ...members]);
  const nextLearners = learners.filter((id) => current.voters.includes(id));
  return {
    members: sortedMembers(all, [...new Set([...voters, ...current.voters, ...learners])]),
    voters: voters.toSorted(),
    outgoing: current.voters,
    learners: learners.filter((id) => !nextLearners.includes(id)).toSorted(),
    nextLearners: nextLearners.toSorted(),
    reaped,
  };
}

function wishOf(current: Configuration, change: MembershipChange): Wish | RefusalReason {
  const members = byId(current.members);
  const { voters, learners } = current;
  const without = (ids: readonly MemberId[], id: MemberId) => ids.filter((other) => other !== id);
  switch (change.kind) {
    case 'add':
      return added(current, change.member, undefined);
    case 'replace':
      return members.has(change.old) ? added(current, change.member, change.old) : 'unknownMember';
    case 'remove':
      if (!members.has(change.member)) return 'unknownMember';
      return {
        ...{ members, voters: without(voters, change.member), learners: without(learners, change.member) },
        ...(change.reaped && { reaped: [...current.reaped, change.member] }),
      };
    case 'promote':
      if (!learners.includes(change.member)) return members.has(change.member) ? 'nothingToChange' : 'unknownMember';
      return { members, voters: [...voters, change.member], learners: without(learners, change.member) };
    case 'demote':
      if (!voters.includes(change.member)) return members.has(change.member) ? 'nothingToChange' : 'unknownMember';
      return {
        members: resigned(members, [change.member]),
        voters: without(voters, change.member),
        learners: [...learners, change.member],
      };
    case 'exchange':
      if (!learners.includes(change.promoted) || !voters.includes(change.demoted)) return 'unknownMember';
      return {
        members,
        voters: [...without(voters, change.demoted), change.promoted],
        learners: [...without(learners, change.promoted), change.demoted],
      };
    case 'update':
      return updated(current, change.member);
    case 'set':
      return reordered(current, change.voters, change.learners);
  }
}

/** Newcomers start as learners. With `old` the newcomer takes its place among the members, though not its vote. */
function added(current: Configuration, member: Member, old: MemberId | undefined): Wish | RefusalReason {
  const rest = current.members.filter(({ id }) => id !== old);
  if (rest.some(({ id, node }) => id === member.id || node === member.node)) return 'duplicateMember';
  if (rest.some(({ address }) => address === member.address)) return 'duplicateAddress';
  const stays = (id: MemberId) => id !== old;
  return {
    members: byId([...rest, member]),
    voters: current.voters.filter(stays),
    learners: [...current.learners.filter(stays), member.id],
  };
}

function updated({ members, voters, learners }: Configuration, member: Member): Wish | RefusalReason {
  const present = members.find(({ id }) => id === member.id);
  if (present === undefined) return 'unknownMember';
  if (present.node !== member.node || present.incarnation !== member.incarnation) return 'duplicateMember';
  if (members.some(({ id, address }) => id !== member.id && address === member.address)) return 'duplicateAddress';
  if (JSON.stringify(present) === JSON.stringify(member)) return 'nothingToChange';
  return { members: new Map([...byId(members), [member.id, member]]), voters, learners };
}

function reordered(
  current: Configuration,
  voters: readonly MemberId[],
  learners: readonly MemberId[],
): Wish | RefusalReason {
  const members = byId(current.members);
  const named = [...voters, ...learners];
  if (named.some((id) => !members.has(id))) return 'unknownMember';
  if (new Set(named).size < named.length) return 'duplicateMember';
  const same = symmetricDifference(current.voters, voters) + symmetricDifference(current.learners, learners) === 0;
  if (same) return 'nothingToChange';
  const demoted = learners.filter((id) => current.voters.includes(id));
  return { members: resigned(members, demoted), voters, learners };
}

/** Whoever was made a learner on purpose stays one until somebody says otherwise. */
function resigned(members: ReadonlyMap<MemberId, Member>, ids: readonly MemberId[]): ReadonlyMap<MemberId, Member> {
  return new Map([...members].map(([id, member]) => [id, ids.includes(id) ? { ...member, promote: false } : member]));
}

function byId(members: readonly Member[]): ReadonlyMap<MemberId, Member> {
  return new Map(members.map((member) => [member.id, member]));
}

function sortedMembers(members: ReadonlyMap<MemberId, Member>, ids: readonly MemberId[]): readonly Member[] {
  return ids.toSorted().map((id) => members.get(id)!);
}

function symmetricDifference(a: readonly MemberId[], b: readonly MemberId[]): number {
  return a.filter((id) => !b.includes(id)).length + b.filter((id) => !a.includes(id)).length;
}
