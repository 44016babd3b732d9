// Who answers a request in a group: this node, the leader in its place, or nobody for now (C-41 to C-45).

import type { GroupNow, GroupView } from '../group-view.ts';

/** What there is to know of a request. */
export interface Asked {
  /** Answered by the node that is asked, whoever leads (C-40). */
  readonly local: boolean;
  readonly acts: boolean;
  /** How often it was relayed. */
  readonly hops: number;
  /** The caller takes what this node knows, however old. */
  readonly stale: boolean;
}

export type Direction =
  | { readonly kind: 'here' }
  /** Here, and marked as no answer of the leader's. */
  | { readonly kind: 'stale'; readonly contactMs: number | undefined }
  | { readonly kind: 'relay'; readonly url: string }
  /** Nothing was done. */
  | { readonly kind: 'refuse'; readonly status: 503 | 508; readonly message: string };

export function direction(
  asked: Asked,
  group: Pick<GroupView, 'mayAct' | 'url' | 'now'>,
  staleReadMs: number,
): Direction {
  if (asked.local || group.mayAct) return { kind: 'here' };
  const now = group.now();
  const { leaderContactMs: contactMs } = now;
  const sound = now.state?.sound !== false;
  if (asked.stale && !asked.acts && sound) return { kind: 'stale', contactMs };
  const url = now.role === 'leader' ? undefined : now.leader?.url;
  if (url !== undefined && !sameUrl(url, group.url)) {
    if (asked.hops === 0) return { kind: 'relay', url };
    return { kind: 'refuse', status: 508, message: `relayed once already, and this node does not lead: ${url} does` };
  }
  if (!asked.acts && sound && contactMs !== undefined && contactMs <= staleReadMs) return { kind: 'stale', contactMs };
  return { kind: 'refuse', status: 503, message: `${cause(now)}; nothing was done` };
}

function cause({ waiting, state, role, leader, leaderContactMs }: GroupNow): string {
  if (waiting !== undefined) return `this node is not in its group yet: ${waiting.reason}`;
  if (state?.sound === false)
    return 'this node does not hold what its group does, and knows no leader that answers for it';
  if (role === 'leader') return 'this node leads and cannot prove it at the moment';
  if (leader === undefined)
    return leaderContactMs === undefined
      ? 'no leader is known'
      : `no leader is known, the last one was heard ${Math.round(leaderContactMs)} ms ago`;
  if (leader.url === undefined) return `the leader ${leader.address} has not said yet where its API is`;
  return `the leader ${leader.address} is said to have its API at ${leader.url}, which is this node: set HTTPAdvertise`;
}

function sameUrl(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
