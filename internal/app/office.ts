import { lost, type Office, underMandate } from '../recovery/mandate.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { TaskGroup } from '../runtime/task-group.ts';
import type { Agreement } from './agreement.ts';

/** The office of this node in one term of the group: lost with the term, even if the node is elected again. */
export class NodeOffice implements Office {
  readonly tasks: TaskGroup;
  readonly term: number;
  /** When it began, by the wall clock; 0: a node that is alone has always had it. */
  readonly sinceMs: number;
  readonly #agreement: Agreement;

  constructor(agreement: Agreement, clock: Pick<Clock, 'nowMs'>, log: Log) {
    this.tasks = new TaskGroup(log);
    this.term = agreement.term;
    this.sinceMs = agreement.term === 0 ? 0 : clock.nowMs();
    this.#agreement = agreement;
  }

  get signal(): AbortSignal {
    return this.tasks.signal;
  }

  confirm(): Promise<void> {
    return confirmIn(this.#agreement, this.term);
  }
}

/** @throws {OrchestratorError} `NOT_LEADER`: this node is not known to lead in this term now */
export async function confirmIn(agreement: Agreement, term: number): Promise<void> {
  await underMandate(agreement.confirm());
  if (agreement.term !== term) throw lost('elected anew since');
}
