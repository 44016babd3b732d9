import type { Answer, Effects } from '../../internal/raft/core/effects.ts';
import type { Input } from '../../internal/raft/core/inputs.ts';
import type { RaftMessage } from '../../internal/raft/core/messages.ts';
import type { LogEntry, SnapshotMeta } from '../../internal/raft/core/types.ts';
import type { SnapshotFile } from './disk.ts';
import type { Before, SimNode } from './node.ts';

/** Told of everything that happens; throws a `Violation` when it must not have. Watches the whole history, and never the nodes' word for it. */
export interface Watcher {
  started?(node: SimNode): void;
  crashed?(node: SimNode): void;
  stepped?(node: SimNode, before: Before, input: Input, effects: Effects): void;
  /** The message leaves now. */
  sending?(node: SimNode, message: RaftMessage): void;
  delivered?(node: SimNode, message: RaftMessage): void;
  applied?(node: SimNode, entry: LogEntry): void;
  restored?(node: SimNode, snapshot: SnapshotMeta): void;
  snapshotTaken?(node: SimNode, file: SnapshotFile): void;
  answered?(node: SimNode, answer: Answer): void;
}

/** An invariant of the raft reference, 5.2, that does not hold. */
export class Violation extends Error {
  readonly invariant: string;

  constructor(invariant: string, what: string) {
    super(`${invariant}: ${what}`);
    this.name = 'Violation';
    this.invariant = invariant;
  }
}

export function demand(holds: boolean, invariant: string, what: () => string): asserts holds {
  if (!holds) throw new Violation(invariant, what());
}
