// The right to act is not a flag that somebody keeps: it is asked for anew before each act that cannot be taken back, and whoever
// does not get it stops there and writes nothing further, since somebody else may be at work by then.

import { errorText, OrchestratorError } from '../runtime/errors.ts';
import type { TaskGroup } from '../runtime/task-group.ts';

export interface Mandate {
  /** Of the group; 0 where a node is alone. */
  readonly term: number;
  /** Aborted when this node may not act any more, or ends. */
  readonly signal: AbortSignal;
  /**
   * A majority says, asked from now on, that this node leads in the term in which it was given the mandate.
   *
   * @throws {OrchestratorError} `NOT_LEADER`
   */
  confirm(): Promise<void>;
}

/** One term in which this node acts; what it does in it ends with it. */
export interface Office extends Mandate {
  readonly tasks: TaskGroup;
}

/** Whoever began this leaves it as it is: closing, undoing or repeating it is for whoever leads now. */
export function isLost(err: unknown): boolean {
  return err instanceof OrchestratorError && err.code === 'NOT_LEADER';
}

/** What could not be agreed on, whatever kept the others from it, takes the mandate away. Other failures stay what they are. */
export async function underMandate<T>(agreed: Promise<T>): Promise<T> {
  try {
    return await agreed;
  } catch (cause) {
    const code = cause instanceof OrchestratorError ? cause.code : undefined;
    if (code === 'UNAVAILABLE' || code === 'OUTCOME_UNKNOWN') throw lost(errorText(cause), cause);
    throw cause;
  }
}

export function lost(why: string, cause?: unknown): OrchestratorError {
  const details = cause === undefined ? {} : { cause };
  return new OrchestratorError('NOT_LEADER', `not known to lead any more (${why}): left for whoever leads`, details);
}

/** All of them, to their end: none is still at work when a failure of one of them is told. */
export async function allEnded<T>(works: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(works);
  return Promise.all(works);
}
