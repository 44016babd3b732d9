import type { RaftNode } from '../../raft/node/raft-node.ts';
import type { OpinionPort } from '../opinions.ts';

/** The way to the other members of the group, once this node belongs to one. */
export class GroupPeers implements OpinionPort {
  #node: RaftNode | undefined;

  joined(node: RaftNode): void {
    this.#node = node;
  }

  peers(): readonly string[] {
    const standpoint = this.#node?.group.standpoint;
    const members = standpoint?.configuration.members ?? [];
    return members.map(({ id }) => id).filter((id) => id !== standpoint?.self);
  }

  send(member: string, bytes: Uint8Array): void {
    this.#node?.send(member, 'opinions', bytes);
  }
}
