import type { MembershipChange } from '../core/inputs.ts';
import type { Configuration, Member, MemberId } from '../core/types.ts';

export type Admission =
  /** For the core, which takes it once the rest of its conditions hold, and refuses to displace who is still heard. */
  | { readonly kind: 'change'; readonly change: MembershipChange }
  /** It is in the group, as it says. */
  | { readonly kind: 'present' }
  | { readonly kind: 'refused'; readonly why: string };

/**
 * What the leader does about a node that asks to be taken in (F-32, R-86, C-124). Newcomers receive the log first and vote, where they
 * wish to, once they have caught up.
 *
 * @param self the leader
 * @param knocker as it describes itself, with the id that it proved
 */
export function admit(self: MemberId, { members }: Configuration, knocker: Member): Admission {
  const same = members.find(({ id }) => id === knocker.id);
  const former = members.find(({ id, node }) => id !== knocker.id && node === knocker.node);
  const holder = members.find(({ id, address }) => id !== knocker.id && address === knocker.address);
  if (former !== undefined && holder !== undefined && former !== holder)
    return refused(
      `${knocker.node} takes the place of ${former.id}, but its address ${knocker.address} belongs to ${holder.node}: correct the address, or remove ${holder.node}`,
    );
  const displaced = former ?? holder;
  if (displaced?.id === self)
    return refused(
      `${knocker.id} would take the place of ${self}, which leads: two nodes have one name or one address`,
    );
  if (same === undefined) {
    if (displaced === undefined) return { kind: 'change', change: { kind: 'add', member: knocker } };
    return { kind: 'change', change: { kind: 'replace', old: displaced.id, member: knocker } };
  }
  // a member at the address of another: the old holder goes, the newcomer's id stays
  if (holder !== undefined) return { kind: 'change', change: { kind: 'remove', member: holder.id } };
  if (same.address === knocker.address) return { kind: 'present' };
  return { kind: 'change', change: { kind: 'update', member: { ...same, address: knocker.address } } };
}

function refused(why: string): Admission {
  return { kind: 'refused', why };
}
