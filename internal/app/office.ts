import { isLost, lost, type Mandate, type Office, underMandate } from '../recovery/mandate.ts';
import type { Clock } from '../runtime/clock.ts';
import { errorText, OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { TaskGroup } from '../runtime/task-group.ts';
import { wallTimeOf } from '../runtime/wall-clock.ts';
import type { Agreement } from './agreement.ts';

/** The office of this node in one term of the group: lost with the term, even if the node is elected again. */
export class NodeOffice implements Office {
  readonly tasks: TaskGroup;
  readonly term: number;
  readonly #agreement: Agreement;
  readonly #clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  /** Monotonic. */
  readonly #beganMs: number;

  constructor(agreement: Agreement, clock: Pick<Clock, 'nowMs' | 'monotonicMs'>, log: Log) {
    this.tasks = new TaskGroup(log);
    this.term = agreement.term;
    this.#agreement = agreement;
    this.#clock = clock;
    this.#beganMs = clock.monotonicMs();
  }

  /** When it began, by the wall clock; 0: a node that is alone has always had it. */
  get sinceMs(): number {
    return this.term === 0 ? 0 : wallTimeOf(this.#beganMs, this.#clock);
  }

  get signal(): AbortSignal {
    return this.tasks.signal;
  }

  confirm(): Promise<void> {
    return confirmIn(this.#agreement, this.term);
  }
}

/**
 * A round among the others says that this node leads, even while it hands over; then the next one may lead a moment later.
 *
 * @throws {OrchestratorError} `NOT_LEADER`: this node is not known to lead in this term now, or gives the lead up
 */
export async function confirmIn(agreement: Agreement, term: number): Promise<void> {
  await underMandate(agreement.confirm());
  if (agreement.term !== term) throw lost('elected anew since');
  if (!agreement.mayAct) throw lost('it hands over');
}

/**
 * What an operator asked for, and this node lost its office at: whoever leads now may finish it, so that nobody must be told that nothing
 * was done.
 *
 * @param mayBeBegun whether anything of it was, or may have been, given what it failed of
 * @throws {OrchestratorError} `OUTCOME_UNKNOWN` then; else what the work throws
 */
export async function untilLost<T>(
  mandate: Pick<Mandate, 'signal'>,
  mayBeBegun: (cause: unknown) => boolean,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(isLost(cause) || mandate.signal.aborted) || !mayBeBegun(cause)) throw cause;
    const next = 'whoever leads now finishes what was begun, or lets it go';
    throw new OrchestratorError('OUTCOME_UNKNOWN', `outcome unknown: ${errorText(cause)}; ${next}`, { cause });
  }
}

/** Somewhere on the way it was not known whether something was agreed on. */
export function ofUnknownOutcome(err: unknown): boolean {
  if (!(err instanceof Error)) return false;
  return (err instanceof OrchestratorError && err.code === 'OUTCOME_UNKNOWN') || ofUnknownOutcome(err.cause);
}
