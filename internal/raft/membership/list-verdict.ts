/*
 * What the lists of the nodes come to (C-131). `RaftNodes` forms a group once; afterwards it says what is wanted. Operators change it node by
 * node, in whatever order, so nothing is done before a majority of the voters and a majority of the new list have the same one. What a
 * list has gained joins by itself. What goes is what one of them had in its list before: a member that was added at run time and never
 * stood in a list stays.
 */

import type { MembershipChange } from '../core/inputs.ts';
import type { Configuration, Member, MemberId } from '../core/types.ts';
import type { Announcement } from './announcement.ts';

export type ListVerdict =
  /** The membership is what the lists want, as far as they want anything. */
  | { readonly kind: 'settled' }
  /** There is a newer list; why it is not in force yet. */
  | { readonly kind: 'open'; readonly list: readonly string[]; readonly why: string }
  | { readonly kind: 'agreed'; readonly list: readonly string[]; readonly change: MembershipChange };

type Lists = Pick<Announcement, 'list' | 'dropped'>;

/** @param said what each member has said lately; @param maxVoters `RaftMaxVoters` */
export function judgeLists(
  configuration: Configuration,
  said: ReadonlyMap<MemberId, Lists>,
  maxVoters: number,
): ListVerdict {
  const { members, voters } = configuration;
  const having = (list: readonly string[]) => voters.filter((id) => sameList(said.get(id)?.list, list));
  const common = [...said.values()].find(({ list }) => isMajority(having(list).length, voters.length))?.list ?? [];
  const leaving = members.filter(
    (member) => !names(common, member) && having(common).some((id) => names(said.get(id)!.dropped, member)),
  );
  if (leaving.length > 0) return change(configuration, said, { common, leaving, maxVoters });
  const shorter = ({ list, dropped }: Lists) =>
    members.some((member) => names(dropped, member) && !names(list, member));
  const newer = [...said.values()].find(shorter)?.list;
  if (newer === undefined) return { kind: 'settled' };
  const few = `${having(newer).length} of ${voters.length} voters have this list`;
  return { kind: 'open', list: newer, why: `${few}: restart the others with it too` };
}

interface Wanted {
  readonly common: readonly string[];
  readonly leaving: readonly Member[];
  readonly maxVoters: number;
}

/** Newcomers are in, as learners at least, before anybody goes; those who wish to vote take the places that become free. */
function change(
  { members, voters, learners }: Configuration,
  said: ReadonlyMap<MemberId, Lists>,
  { common, leaving, maxVoters }: Wanted,
): ListVerdict {
  const missing = common.filter((name) => !members.some((member) => names([name], member)));
  if (missing.length > 0) return { kind: 'open', list: common, why: `waits for ${missing.join(', ')} to join` };
  const listed = members.filter((member) => names(common, member));
  const having = listed.filter(({ id }) => sameList(said.get(id)?.list, common));
  if (!isMajority(having.length, common.length)) {
    const few = `${having.length} of the ${common.length} nodes in this list have it`;
    return { kind: 'open', list: common, why: `${few}: restart the others with it too` };
  }
  const stays = (id: MemberId) => !leaving.some((member) => member.id === id);
  const staying = voters.filter(stays);
  const promoted = listed
    .filter(({ id, promote }) => promote && learners.includes(id))
    .map(({ id }) => id)
    .slice(0, Math.max(0, maxVoters - staying.length));
  return {
    kind: 'agreed',
    list: common,
    change: {
      kind: 'set',
      voters: [...staying, ...promoted],
      learners: learners.filter((id) => stays(id) && !promoted.includes(id)),
    },
  };
}

function names(list: readonly string[], { node, address }: Member): boolean {
  return list.includes(node) || list.includes(address);
}

function sameList(one: readonly string[] | undefined, other: readonly string[]): boolean {
  return one !== undefined && one.length > 0 && one.join('\n') === other.join('\n');
}

function isMajority(some: number, all: number): boolean {
  return some > all / 2;
}
