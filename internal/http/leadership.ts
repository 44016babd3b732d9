// Whom leadership is handed over to, as both faces of the API have it.

import { OrchestratorError } from '../runtime/errors.ts';
import type { GroupView, MemberView } from './group-view.ts';

/**
 * Hands leadership to the fittest voter of those that are meant; nothing is done where the leader is one of them.
 *
 * @param wanted who is meant, in words
 * @param wait until the new leader is known
 * @throws {OrchestratorError} `NOT_FOUND`: nobody who votes is meant, and the leader stays
 */
export async function yieldTo(
  view: GroupView,
  wanted: string,
  meant: (member: MemberView) => boolean,
  wait: boolean,
): Promise<void> {
  const { members, leader } = view.now();
  const found = members.filter((member) => member.kind === 'voter' && meant(member));
  if (found.some(({ address }) => address === leader?.address)) return; // it leads already
  const [fittest] = found.sort((a, b) => rank(a) - rank(b));
  if (fittest === undefined) throw new OrchestratorError('NOT_FOUND', `no voter of the group matches ${wanted}`);
  await view.transfer(fittest.address, wait);
}

/** Those in touch first, of these the one that lacks least. */
function rank({ healthy, behind }: MemberView): number {
  return (healthy ? 0 : Number.MAX_SAFE_INTEGER / 2) + (behind ?? 0);
}

/** By a part of its host, its name or one of its labels. */
export function isHintedAt({ address, name, labels }: MemberView, hint: string): boolean {
  const host = address.slice(0, address.lastIndexOf(':'));
  return [host, name, ...labels].some((text) => text.includes(hint));
}
