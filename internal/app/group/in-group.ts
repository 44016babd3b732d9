// A node agrees with the others. Until it belongs to a group it can decide nothing.

import { type Command, encodeCommand } from '../../command/command.ts';
import type { Group } from '../../raft/node/group.ts';
import type { Clock } from '../../runtime/clock.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { Agreement } from '../agreement.ts';

/** A flood of others must not keep these from being agreed on. */
const URGENT: ReadonlySet<Command['op']> = new Set<Command['op']>([
  'write-recovery',
  'resolve-recovery',
  'recovery-progress',
  'effects-begun',
  'intend-fence',
  'end-fence',
]);

/** What came of a command that this node asked for, and how long that took, ms. */
export type OnDecided = (outcome: 'agreed' | 'refused' | 'unknown', ms: number) => void;

export class InGroup implements Agreement {
  readonly #node: string;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #onDecided: OnDecided;
  #group: Group | undefined;

  /** @param node how this node is called */
  constructor(node: string, clock: Pick<Clock, 'monotonicMs'>, onDecided: OnDecided) {
    this.#node = node;
    this.#clock = clock;
    this.#onDecided = onDecided;
  }

  joined(group: Group): void {
    this.#group = group;
  }

  get mayAct(): boolean {
    return this.#group?.mayAct ?? false;
  }

  get term(): number {
    return this.#group?.standpoint.term ?? 0;
  }

  async confirm(): Promise<void> {
    await this.#joined().confirm();
  }

  get inTouch(): boolean {
    return this.#group?.standpoint.leader !== undefined;
  }

  async decide(command: Command): Promise<unknown> {
    const proposed = this.#joined().propose(encodeCommand(this.#node, command), URGENT.has(command.op));
    const beganMs = this.#clock.monotonicMs();
    const told = (outcome: Parameters<OnDecided>[0]) => this.#onDecided(outcome, this.#clock.monotonicMs() - beganMs);
    proposed.then(
      () => told('agreed'),
      (err: unknown) =>
        told(err instanceof OrchestratorError && err.code === 'OUTCOME_UNKNOWN' ? 'unknown' : 'refused'),
    );
    return proposed;
  }

  #joined(): Group {
    if (this.#group === undefined)
      throw new OrchestratorError('UNAVAILABLE', 'this node belongs to no group yet: nothing can be decided');
    return this.#group;
  }
}
