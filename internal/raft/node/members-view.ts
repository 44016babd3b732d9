// Who belongs to the group and what it tolerates now, for status, API and console.

import type { Member } from '../core/types.ts';
import { type Tolerance, toleranceOf } from '../membership/tolerance.ts';
import type { NodeStatus } from './raft-node.ts';
import type { ListStatus } from './registrar.ts';
import { kindOf, type MemberKind } from './status.ts';

export interface MemberView extends Pick<Member, 'id' | 'node' | 'incarnation' | 'address' | 'labels'> {
  readonly kind: MemberKind;
  /** A learner that becomes a voter once it has caught up. */
  readonly wishesToVote: boolean;
  readonly self: boolean;
  readonly leader: boolean;
  /** Whether it was heard within two election time-outs; true for this node. */
  readonly answers: boolean;
  /** Entries that its log is known to lack; undefined where this node does not lead. */
  readonly lagEntries: number | undefined;
  readonly problem: string | undefined;
}

export interface MembersView {
  /** In the order of their ids. */
  readonly members: readonly MemberView[];
  /** A change of several voters is under way: old and new ones have to agree. */
  readonly joint: boolean;
  /** What may be lost with a majority left, as far as this node hears the others (F-42). */
  readonly tolerance: Tolerance;
  readonly lists: ListStatus;
}

/** @param silentMs how long a member that lives may be silent */
export function membersView({ standpoint, peers, lists }: NodeStatus, silentMs: number): MembersView {
  const { configuration, self, leader, lastIndex } = standpoint;
  const known = new Map(peers.map((peer) => [peer.id, peer]));
  const members = configuration.members.map(({ id, node, incarnation, address, labels, promote }): MemberView => {
    const peer = known.get(id);
    const match = peer?.replication?.match;
    return {
      ...{ id, node, incarnation, address, labels },
      kind: kindOf(configuration, id),
      wishesToVote: promote,
      self: id === self,
      leader: id === leader,
      answers: id === self || (peer?.silentMs !== undefined && peer.silentMs <= silentMs),
      lagEntries: id === self ? 0 : match === undefined ? undefined : Math.max(0, lastIndex - match),
      problem: peer?.problem,
    };
  });
  const answering = new Set(members.filter(({ answers }) => answers).map(({ id }) => id));
  const joint = configuration.outgoing.length > 0;
  return { members, joint, tolerance: toleranceOf(configuration, answering), lists };
}
