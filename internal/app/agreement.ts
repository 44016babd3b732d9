import type { Command, Stamp } from '../command/command.ts';
import type { Clock } from '../runtime/clock.ts';

/** Between wanting something and its being so: on every node of the group, or on this one where there is no group. */
export interface Agreement {
  /**
   * Has it done everywhere; what it came to here.
   *
   * @throws {OrchestratorError} `NOT_LEADER`, `UNAVAILABLE`: it was not done. `OUTCOME_UNKNOWN`: it may be done yet
   */
  decide(command: Command): Promise<unknown>;
  /** This node leads: it may decide about servers, and change them. */
  readonly mayAct: boolean;
  /** Of the group, as known here; 0 where there is none. */
  readonly term: number;
  /**
   * Confirms by a round among the others, begun now, that this node leads in `term`, as it is known when this resolves.
   *
   * @throws {OrchestratorError} `NOT_LEADER`, `UNAVAILABLE`
   */
  confirm(): Promise<void>;
  /** Somebody leads, as far as this node has heard: it is not cut off from the others. */
  readonly inTouch: boolean;
}

/** Does what was agreed on; deterministic. */
export type Apply = (command: Command, stamp: Stamp) => unknown;

/** A node by itself agrees with itself, at once. */
export class Alone implements Agreement {
  readonly mayAct = true;
  readonly term = 0;
  readonly inTouch = true;
  readonly #apply: Apply;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #node: string;

  constructor(apply: Apply, clock: Pick<Clock, 'nowMs'>, node: string) {
    this.#apply = apply;
    this.#clock = clock;
    this.#node = node;
  }

  async decide(command: Command): Promise<unknown> {
    return this.#apply(command, { atMs: this.#clock.nowMs(), node: this.#node, term: this.term, index: 0 });
  }

  async confirm(): Promise<void> {} // there is nobody who could disagree
}
