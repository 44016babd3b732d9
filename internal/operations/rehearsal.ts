// What moves would do. The code that carries them out runs over a mover that writes plans down and sends nothing: what is told is what
// would be done, as far as it is known before the first step.

import type { MovePlan } from '../topology/move-steps.ts';
import { Moves } from './moves.ts';
import type { OperationsDeps } from './operations.ts';
import { MOVES, type MoveName, type OperationRequest } from './requests.ts';

/** Moves of which all is a plan: what makes a server a primary also switches it. */
export const REHEARSED = MOVES.filter(
  (name): name is RehearsedName => name !== 'makePrimary' && name !== 'makeLocalPrimary',
);
export type RehearsedName = Exclude<MoveName, 'makePrimary' | 'makeLocalPrimary'>;

export interface Rehearsed {
  /** In the order in which they would be begun; empty: nothing is to be moved. */
  readonly plans: readonly MovePlan[];
  /** What would not work for single servers of many. */
  readonly errors: readonly string[];
}

/**
 * Servers are read, and nothing else.
 *
 * @throws {OrchestratorError} `CONFLICT`: it would be refused; what reading servers throws
 */
export async function rehearseMoves(
  deps: OperationsDeps,
  operation: RehearsedName,
  request: OperationRequest,
  signal: AbortSignal,
): Promise<Rehearsed> {
  const plans: MovePlan[] = [];
  const written = {
    run: async (plan: MovePlan) => {
      plans.push(plan);
      return { statements: [], matched: undefined };
    },
    locked: () => Promise.reject(new Error('a rehearsal changes nothing')),
  };
  const quiet = { ...deps, audit: () => undefined, tookSource: async () => undefined };
  const { errors } = await new Moves(quiet, written).run(operation, request, signal);
  return { plans, errors };
}
