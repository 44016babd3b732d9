// Several daemons on one backend, without a group of their own: one leads, the others answer.

import type { Backend } from '../../backend/backend.ts';
import type { Seat } from '../../backend/seat.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { Agreement, Apply } from '../agreement.ts';
import type { Orchestrator } from '../orchestrator.ts';
import type { Restored } from '../ports.ts';
import { SharedOffice } from './shared-office.ts';
import { SharedView } from './shared-view.ts';

export interface SharedModeDeps {
  readonly seat: Seat;
  readonly store: Backend;
  readonly restore: () => Promise<Restored>;
  readonly orchestrator: () => Orchestrator;
  /** What only the node that leads keeps up. */
  readonly upkeep: () => { start(): void; stop(): void };
  readonly node: string;
  /** Of the API of this node, for the others; undefined: they cannot reach it. */
  readonly url: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export class SharedMode {
  readonly #deps: SharedModeDeps;
  readonly #view: SharedView;
  #office: SharedOffice | undefined;
  #applied = 0;

  constructor(deps: SharedModeDeps) {
    this.#deps = deps;
    this.#view = new SharedView({ ...deps, applied: () => this.#applied });
  }

  agreementOn(apply: Apply): Agreement {
    const { store, orchestrator, upkeep, url } = this.#deps;
    this.#office = new SharedOffice({
      ...this.#deps,
      wishes: store.wishes,
      caughtUp: () => store.caughtUp(),
      apply: (command, stamp) => {
        this.#applied += 1;
        return apply(command, stamp);
      },
      holder: {
        prepare: () => this.#view.prepare(),
        takeOffice: () => {
          if (url !== undefined) void store.leaderAddress.tell(url);
          orchestrator().observer.resume();
          orchestrator().takeOffice();
          upkeep().start();
        },
        leaveOffice: async () => {
          this.#view.yield();
          upkeep().stop();
          orchestrator().observer.pause();
          await orchestrator().leaveOffice();
        },
      },
    });
    return this.#office;
  }

  /** @param grab take the lead whoever has it */
  async start(grab: boolean): Promise<void> {
    if (grab) await this.office.grab();
    this.office.start();
    this.#view.start();
  }

  async stop(): Promise<void> {
    await this.#view.stop();
    await this.office.stop();
    this.#deps.seat.close();
  }

  /** Of the API of the node that leads; undefined: this one does, or that one has not said. */
  get leaderUrl(): string | undefined {
    return this.#view.leaderUrl;
  }

  /** Once the orchestrator was built with `agreementOn`. */
  get office(): SharedOffice {
    if (this.#office === undefined) throw new Error('the office is that of an orchestrator');
    return this.#office;
  }
}
