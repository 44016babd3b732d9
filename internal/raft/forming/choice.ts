import type { Member } from '../core/types.ts';

/** Founders that find each other, in place of listed ones. */
export interface Finding {
  /** `RaftBootstrapExpect`: exactly so many found the group. */
  readonly expect: number;
  /** A record outside of the group says which group has the name (F-16). */
  readonly anchored: boolean;
  /** `RaftSingleNode`: with `expect` 1 nobody is looked for first (F-17). */
  readonly alone: boolean;
}

export type Choice =
  /** Sorted by node; the first one proposes. */
  { readonly kind: 'chosen'; readonly members: readonly Member[] } | { readonly kind: 'none'; readonly why: string };

/**
 * Who founds, of those that are there, wish to vote and belong to no group: all of them where they are as many as expected, of more the lowest
 * names (F-12, F-15). Others may see somebody else: it is the promises of all that count.
 *
 * @param eligible this node included, each node once
 */
export function chooseFounders({ expect, anchored }: Finding, eligible: readonly Member[]): Choice {
  const sorted = eligible.toSorted((a, b) => (a.node < b.node ? -1 : 1));
  const names = sorted.map(({ node }) => node).join(', ');
  if (sorted.length >= 2 * expect && expect > 1 && !anchored)
    return {
      kind: 'none',
      why: `${sorted.length} nodes would each found a group of ${expect} (${names}), enough for two groups: raise RaftBootstrapExpect on all of them, or start no more than ${2 * expect - 1} before there is a group`,
    };
  const first = sorted.length > expect ? lowest(sorted, expect) : sorted;
  if (first.length === expect) return { kind: 'chosen', members: first };
  return {
    kind: 'none',
    why: `sees ${first.length} of ${expect} founders (${first.map(({ node }) => node).join(', ')})`,
  };
}

/** Pods of a stateful set are numbered from 0, and those that found are the ones that stay when it shrinks; otherwise the lowest names. */
function lowest(sorted: readonly Member[], expect: number): readonly Member[] {
  const parsed = sorted.map(({ node }) => /^(.*-)(\d{1,9})$/.exec(node));
  const prefix = parsed[0]?.[1];
  const numbered = prefix !== undefined && parsed.every((match) => match?.[1] === prefix);
  if (!numbered || !parsed.some((match) => match?.[2] === '0')) return sorted.slice(0, expect);
  return sorted.filter((_, at) => Number(parsed[at]?.[2]) < expect);
}
