// How a node ends when nobody told it to, for whoever turns that into an exit status and for the supervisor that starts it again.

import type { ErrorCode } from '../../runtime/errors.ts';
import { errorText, OrchestratorError } from '../../runtime/errors.ts';
import type { GroupNews } from './protocol.ts';

export type NodeEnd = Extract<
  ErrorCode,
  | 'CONFIG_INVALID'
  | 'CONFLICT'
  | 'RAFT_STORE_DAMAGED'
  | 'RAFT_STORE_FAILED'
  | 'RAFT_NOT_FORMED'
  | 'RAFT_TWO_GROUPS'
  | 'RAFT_REMOVED'
  | 'RAFT_REAPED'
  | 'STOPPED'
>;

export interface EndRow {
  /** `start`: `RaftNode.start` rejects with it. `run`: `onFatal` is called with it. */
  readonly when: readonly ('start' | 'run')[];
  readonly means: string;
  /** What a supervisor's next start comes to: it may go better, or it ends the same way until a person has done something. */
  readonly nextStart: 'mayWork' | 'sameEnd';
}

/** The one table. Nothing else ends a node. */
export const NODE_ENDS: Readonly<Record<NodeEnd, EndRow>> = {
  CONFIG_INVALID: { when: ['start'], means: 'a key is wrong, or the port is taken', nextStart: 'sameEnd' },
  CONFLICT: { when: ['start'], means: 'another process has RaftDataDir', nextStart: 'mayWork' },
  RAFT_STORE_DAMAGED: {
    when: ['start', 'run'],
    means: 'what lies in RaftDataDir is not what was written there (R-21)',
    nextStart: 'sameEnd',
  },
  RAFT_STORE_FAILED: {
    when: ['start', 'run'],
    means: 'the disk did not keep what it was given, or cannot be read (R-13, R-142)',
    nextStart: 'mayWork',
  },
  RAFT_NOT_FORMED: {
    when: ['start'],
    means: 'no group within RaftBootstrapTimeoutSeconds, and nothing was promised (F-18)',
    nextStart: 'mayWork',
  },
  RAFT_TWO_GROUPS: {
    when: ['start'],
    means: 'nodes of two groups answer to this name: a person says which one is meant',
    nextStart: 'sameEnd',
  },
  RAFT_REMOVED: {
    when: ['start', 'run'],
    means: 'the group has removed this node, and its disk says so (R-85)',
    nextStart: 'sameEnd',
  },
  RAFT_REAPED: {
    when: ['run'],
    means: 'the group has let go of this node, which was gone for long: started again, it joins as a new one (F-51)',
    nextStart: 'mayWork',
  },
  STOPPED: {
    when: ['start', 'run'],
    means: 'a broken invariant, or one of the threads has ended (R-173)',
    nextStart: 'mayWork',
  },
};

export function removedFromGroup(directory: string): OrchestratorError {
  return new OrchestratorError(
    'RAFT_REMOVED',
    `the group has removed this node, as RaftDataDir ${directory} says: to have it join again as a new one, set that aside with raft-reset-formation`,
    { context: { directory } },
  );
}

export function reapedFromGroup(directory: string): OrchestratorError {
  return new OrchestratorError(
    'RAFT_REAPED',
    `the group has let go of this node, which was gone for too long: at its next start RaftDataDir ${directory} is set aside, and it joins as a new one`,
    { context: { directory } },
  );
}

/** The last news of a thread. */
export function endNews(err: unknown): GroupNews {
  const code = err instanceof OrchestratorError ? err.code : 'STOPPED';
  return { kind: 'fatal', code, message: errorText(err) };
}
