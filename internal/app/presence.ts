// That this process is there, and that it leads, as other programs on the same backend can see it.

import type { NodeDetails, Nodes } from '../backend/nodes.ts';
import type { Clock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';

const BEAT_MS = 1_000;
/** Whoever leads beats once a second, and times in the backend are whole seconds. */
const LISTEN_MS = 2_500;

export interface PresenceDeps {
  readonly nodes: Nodes;
  readonly node: NodeDetails;
  readonly clock: Clock;
  /** It discovers and recovers. */
  readonly leads: boolean;
}

export class Presence {
  readonly #deps: PresenceDeps;
  #stop = () => {};

  constructor(deps: PresenceDeps) {
    this.#deps = deps;
  }

  start(): void {
    const { nodes, node, clock } = this.#deps;
    void nodes.started(node);
    this.#beat();
    this.#stop = clock.every(BEAT_MS, () => this.#beat());
  }

  /** A process that ends by itself is not waited for. */
  async stop(): Promise<void> {
    this.#stop();
    await this.#deps.nodes.stopped();
  }

  #beat(): void {
    const { nodes, node, leads } = this.#deps;
    nodes.beat(node);
    if (leads) nodes.beatAsLeader(node.startedMs);
  }
}

/**
 * Makes sure that no process of another make leads on this backend: processes of ours keep each other out by a lock, others say
 * that they are there. One that only seems to, because it was killed a moment ago, is told from one that lives by listening.
 *
 * @param grab do not ask: who leads elsewhere notices and steps back
 * @throws {OrchestratorError} `CONFLICT`: another one leads
 */
export async function takeLead(nodes: Nodes, clock: Clock, grab: boolean): Promise<void> {
  const before = grab ? undefined : await nodes.otherLeader();
  if (before !== undefined) {
    await clock.sleep(LISTEN_MS);
    const now = await nodes.otherLeader();
    if (now !== undefined && (now.lastSeenMs > before.lastSeenMs || now.token !== before.token))
      throw new OrchestratorError(
        'CONFLICT',
        `another orchestrator, on ${now.hostname}, leads on this backend: stop it, or take over with -grab-election`,
      );
  }
  await nodes.lead();
}
