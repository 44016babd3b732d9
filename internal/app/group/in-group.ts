// A node agrees with the others. Until it belongs to a group it can decide nothing.

import { type Command, encodeCommand } from '../../command/command.ts';
import type { Group } from '../../raft/node/group.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { Agreement } from '../agreement.ts';

/** A flood of others must not keep these from being agreed on. */
const URGENT: ReadonlySet<Command['op']> = new Set<Command['op']>([
  'write-recovery',
  'resolve-recovery',
  'recovery-progress',
  'intend-fence',
  'end-fence',
]);

export class InGroup implements Agreement {
  readonly #node: string;
  #group: Group | undefined;

  /** @param node how this node is called */
  constructor(node: string) {
    this.#node = node;
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
    return this.#joined().propose(encodeCommand(this.#node, command), URGENT.has(command.op));
  }

  #joined(): Group {
    if (this.#group === undefined)
      throw new OrchestratorError('UNAVAILABLE', 'this node belongs to no group yet: nothing can be decided');
    return this.#group;
  }
}
