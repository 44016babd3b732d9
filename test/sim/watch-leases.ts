import type { RaftMessage } from '../../internal/raft/core/messages.ts';
import { quorumValue } from '../../internal/raft/core/quorum.ts';
import type { MemberId } from '../../internal/raft/core/types.ts';
import type { History } from './history.ts';
import type { Before, SimNode } from './node.ts';
import { demand, type Watcher } from './watcher.ts';

/** I-16 and I-31: who may believe to lead, and for how long. */
export class WatchLeases implements Watcher {
  readonly #history: History;
  readonly #nodes: ReadonlyMap<MemberId, SimNode>;
  readonly #tickMs: number;
  #settledTerm = 0;
  /** By leader: since when it leads, and when it last heard from whom, on its own clock. */
  readonly #heard = new Map<MemberId, { readonly sinceMs: number; readonly from: Map<MemberId, number> }>();

  constructor(history: History, nodes: ReadonlyMap<MemberId, SimNode>, tickMs: number) {
    this.#history = history;
    this.#nodes = nodes;
    this.#tickMs = tickMs;
  }

  delivered(node: SimNode, message: RaftMessage): void {
    if (message.term === node.core?.term) this.#heard.get(node.id)?.from.set(message.from, node.nowMs);
  }

  stepped(node: SimNode, before: Before): void {
    const { role, term } = node.core!;
    if (role === 'leader') {
      if (before.role !== 'leader' || before.term !== term)
        this.#heard.set(node.id, { sinceMs: node.nowMs, from: new Map() });
      this.#isHeard(node);
      this.#leaseStands(node);
    }
    if (this.#history.settledTerm === this.#settledTerm) return;
    this.#settledTerm = this.#history.settledTerm;
    for (const other of this.#nodes.values()) if (other.alive) this.#leaseStands(other);
  }

  /** A paused process does not know that its lease is over, but its clock does. */
  #leaseStands(node: SimNode): void {
    const { leaseUntilMs, term } = node.core!;
    if (leaseUntilMs === undefined || leaseUntilMs <= node.nowMs || term >= this.#history.settledTerm) return;
    demand(
      false,
      'I-16',
      () => `${node.id} holds a lease of term ${term} while term ${this.#history.settledTerm} has committed`,
    );
  }

  #isHeard(node: SimNode): void {
    const { sinceMs, from } = this.#heard.get(node.id)!;
    const { leaderLeaseMs } = node.settings;
    const contact = quorumValue(node.core!.log.configuration, (id) =>
      id === node.id ? node.nowMs : (from.get(id) ?? sinceMs),
    );
    const silentMs = node.nowMs - Math.max(sinceMs, contact);
    // Up to a heartbeat until it looks, behind a pause of up to another that nobody notices (three ticks each).
    demand(
      silentMs <= leaderLeaseMs + 6.5 * this.#tickMs,
      'I-31',
      () => `${node.id} leads after ${Math.round(silentMs)} ms of silence`,
    );
  }
}
