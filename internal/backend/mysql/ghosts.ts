// Sessions that were given up while the server was to do something for them. What they were sent may arrive, or go on, long after:
// it would undo what was written since. So they are ended before anything else is written.

import type { Clock } from '../../runtime/clock.ts';
import type { BackendConnection } from './connection.ts';
import { backendFailure } from './failures.ts';

/** The server does not know such a session any more. */
const UNKNOWN_THREAD = 1094;
const LOOK_AGAIN_MS = 20;
const LIMIT_MS = 2_000;

/** A session as its server numbers it. */
export interface SessionId {
  /** Which server: a name may lead to another one the next time. */
  readonly server: string;
  readonly thread: number;
}

export class Ghosts {
  readonly #clock: Clock;
  readonly #backend: string;
  readonly #sessions: SessionId[] = [];

  constructor(clock: Clock, backend: string) {
    this.#clock = clock;
    this.#backend = backend;
  }

  add(session: SessionId): void {
    this.#sessions.push(session);
  }

  /** @throws {OrchestratorError} `BACKEND_FAILED` (reason `busy`): one of them does not end; or what the server says */
  async end(connection: BackendConnection): Promise<void> {
    for (let ghost = this.#sessions[0]; ghost !== undefined; ghost = this.#sessions[0]) {
      // another server has never heard of it, and may have a session of that number
      if (ghost.server === connection.id.server) await this.#end(connection, ghost.thread);
      this.#sessions.shift();
    }
  }

  async #end(connection: BackendConnection, thread: number): Promise<void> {
    const until = this.#clock.monotonicMs() + LIMIT_MS;
    for (;;) {
      try {
        await connection.run({ sql: `KILL ${Math.trunc(thread)}`, values: [] });
      } catch (err) {
        if ((err as { errno?: unknown }).errno === UNKNOWN_THREAD) return;
        throw err;
      }
      if (this.#clock.monotonicMs() > until)
        throw backendFailure('busy', this.#backend, new Error('a session does not end'));
      await this.#clock.sleep(LOOK_AGAIN_MS);
    }
  }
}
