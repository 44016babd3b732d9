// Whose state is right, from what the nodes say that theirs comes to.

import type { MemberId } from '../../raft/core/types.ts';

/** What the replicated tables of a node came to behind the entry `index`. */
export interface StateDigest {
  readonly index: number;
  readonly digest: string;
}

export type Verdict =
  /** More than half of the voters hold what this node does. */
  | { readonly kind: 'same' }
  /** More than half of them hold this instead. */
  | { readonly kind: 'differs'; readonly digest: string }
  /** Nobody can tell: not enough have said what they hold at this index, or no majority holds the same. */
  | { readonly kind: 'open' };

/** @param told what each other member said last; `own` stands for this node, whether it votes or not */
export function judge(
  self: MemberId,
  own: StateDigest,
  voters: readonly MemberId[],
  told: (id: MemberId) => StateDigest | undefined,
): Verdict {
  const held = voters.map((id) => (id === self ? own : told(id))).filter((said) => said?.index === own.index);
  const counts = new Map<string, number>();
  for (const said of held) if (said !== undefined) counts.set(said.digest, (counts.get(said.digest) ?? 0) + 1);
  const right = [...counts].find(([, count]) => count > voters.length / 2)?.[0];
  if (right === undefined) return { kind: 'open' };
  return right === own.digest ? { kind: 'same' } : { kind: 'differs', digest: right };
}
