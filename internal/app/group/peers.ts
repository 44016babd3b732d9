import type { MemberId } from '../../raft/core/types.ts';
import type { RaftNode } from '../../raft/node/raft-node.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { OpinionPort } from '../opinions.ts';

/** The way to the other members of the group, once this node belongs to one. */
export class GroupPeers implements OpinionPort {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #silentAfterMs: number;
  #node: RaftNode | undefined;
  /** Monotonic ms. */
  #joinedMs = 0;
  readonly #heardMs = new Map<MemberId, number>();

  /** @param silentAfterMs longer than members go without a word: they say where their API is again and again */
  constructor(clock: Pick<Clock, 'monotonicMs'>, silentAfterMs: number) {
    this.#clock = clock;
    this.#silentAfterMs = silentAfterMs;
  }

  joined(node: RaftNode): void {
    this.#node = node;
    this.#joinedMs = this.#clock.monotonicMs();
  }

  /** Something came from this member. */
  heard(member: MemberId): void {
    const peers = this.peers();
    for (const id of this.#heardMs.keys()) if (!peers.includes(id)) this.#heardMs.delete(id);
    if (peers.includes(member)) this.#heardMs.set(member, this.#clock.monotonicMs());
  }

  peers(): readonly MemberId[] {
    const standpoint = this.#node?.group.standpoint;
    const members = standpoint?.configuration.members ?? [];
    return members.map(({ id }) => id).filter((id) => id !== standpoint?.self);
  }

  isSilent(member: MemberId): boolean {
    const heardMs = this.#heardMs.get(member) ?? this.#joinedMs;
    return this.#clock.monotonicMs() - heardMs > this.#silentAfterMs;
  }

  send(member: string, bytes: Uint8Array): void {
    this.#node?.send(member, 'opinions', bytes);
  }
}
