import type { RaftMessage } from '../../internal/raft/core/messages.ts';
import type { Index } from '../../internal/raft/core/types.ts';
import type { SimNode } from './node.ts';
import { demand, type Watcher } from './watcher.ts';

/** I-11: at the moment a message leaves, the disk holds what table 2.2 demands for it. */
export class WatchDurability implements Watcher {
  sending(node: SimNode, message: RaftMessage): void {
    const { hardState, snapshot } = node.disk;
    const { term, kind } = message;
    demand(
      hardState.term >= term,
      'I-11',
      () => `${node.id} says ${kind} in term ${term} with term ${hardState.term} on disk (P-2)`,
    );
    const current = hardState.term === term;
    switch (message.kind) {
      case 'voteRequest':
        demand(
          !current || hardState.vote === node.id,
          'I-11',
          () => `${node.id} campaigns before its own vote is durable (P-3)`,
        );
        return;
      case 'voteResponse': {
        const stands = !message.granted || !current || hardState.vote === message.to;
        demand(stands, 'I-11', () => `${node.id} grants a vote that is not durable (P-1)`);
        return;
      }
      case 'appendAccepted':
        demand(
          !current || holdsAsSaid(node, message.matchIndex),
          'I-11',
          () => `${node.id} accepts ${message.matchIndex} early (P-4)`,
        );
        return;
      case 'snapshotAck': {
        const index = message.matchIndex ?? 0;
        const stands = !current || snapshot.meta.index >= index || node.disk.lastIndex >= index;
        demand(stands, 'I-11', () => `${node.id} confirms snapshot ${index} early (P-7)`);
      }
    }
  }
}

/** The disk ends no earlier, and holds there what the log in memory holds. */
function holdsAsSaid(node: SimNode, index: Index): boolean {
  const { disk, core } = node;
  const term = core!.log.termAt(index);
  return disk.lastIndex >= index && (term === undefined || disk.holds(index, term));
}
