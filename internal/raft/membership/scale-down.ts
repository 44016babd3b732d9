// Which members leave when a group is to be smaller (F-41): those that a stateful set would end first, the highest-numbered ones.

import type { Configuration, Member } from '../core/types.ts';

const byNumber = new Intl.Collator('en', { numeric: true });

/** @param to how many stay; @returns who leaves, the first one first */
export function whoLeaves({ members }: Pick<Configuration, 'members'>, to: number): readonly Member[] {
  const ranked = members.toSorted(
    (one, other) => byNumber.compare(other.node, one.node) || (one.id < other.id ? 1 : -1),
  );
  return ranked.slice(0, Math.max(0, members.length - to));
}

/** Beyond it the number of voters is never brought, where as many wish to vote. */
const ENOUGH_VOTERS = 3;

export type Step =
  | { readonly kind: 'done' }
  | { readonly kind: 'remove'; readonly member: Member }
  /** Whoever leads goes next: somebody who stays has to lead first. */
  | { readonly kind: 'handOver'; readonly to: readonly Member[] }
  /** A vote has to be given to somebody who stays first; that happens by itself. */
  | { readonly kind: 'wait'; readonly why: string }
  | { readonly kind: 'refuse'; readonly why: string };

export interface Around {
  /** Who leads, and is asked. */
  readonly self: Member['id'];
  readonly answers: ReadonlySet<Member['id']>;
}

/** What comes next on the way to `to` members. */
export function nextStep(configuration: Configuration, to: number, { self, answers }: Around): Step {
  const { members, voters, learners } = configuration;
  const leavers = whoLeaves(configuration, to);
  const [next] = leavers;
  if (next === undefined) return { kind: 'done' };
  const staying = members.filter((member) => !leavers.includes(member));
  const votes = staying.filter(({ id }) => voters.includes(id));
  const heard = votes.filter(({ id }) => id === self || answers.has(id));
  if (heard.length <= votes.length / 2) {
    const none =
      votes.length === 0 ? 'none of them has a vote' : `${heard.length} of their ${votes.length} voters answer`;
    return { kind: 'refuse', why: `${names(staying)} would stay, and ${none}` };
  }
  const wishing = staying.filter(({ id, promote }) => promote && learners.includes(id));
  const needed = Math.min(ENOUGH_VOTERS, votes.length + wishing.length);
  if (voters.includes(next.id) && voters.length - 1 < needed)
    return { kind: 'wait', why: `${names(wishing)} would stay, and has no vote yet` };
  return next.id === self ? { kind: 'handOver', to: heard } : { kind: 'remove', member: next };
}

function names(members: readonly Member[]): string {
  return members.map(({ node }) => node).join(', ');
}
