import type { ClusterSnapshot } from '../topology/cluster.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';

interface Held {
  readonly name: string;
  readonly servers: ReadonlySet<string>;
}

/**
 * Clusters that somebody decides about or changes. A cluster is called otherwise once its primary was replaced, and falls apart until all
 * replicas were moved: what was taken is the name, and every server that went by it then.
 */
export class Busy {
  readonly #held = new Set<Held>();

  /** Nobody else gets any of these servers until the answer is called, once or more often. */
  take({ name, members }: ClusterSnapshot): () => void {
    const held = { name, servers: new Set(members.map(({ instance }) => keyText(instance.key))) };
    this.#held.add(held);
    return () => void this.#held.delete(held);
  }

  isTaken(cluster: string): boolean {
    return [...this.#held].some(({ name }) => name === cluster);
  }

  /** Whether a recovery of this server would meddle with what somebody has in hand. */
  concerns(cluster: string, server: InstanceKey): boolean {
    return [...this.#held].some(({ name, servers }) => name === cluster || servers.has(keyText(server)));
  }
}
