// Changes that were asked for under a key: whoever asks again under the same one is told what came of the first time, and nothing is done
// twice (C-46). What was begun and never ended, since the node that was at it is gone, is told as just that.

import { createHash, randomUUID } from 'node:crypto';
import { type CallOutcome, Calls } from '../command/calls.ts';
import type { Clock } from '../runtime/clock.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { CallMemory } from './ports.ts';
import { bad } from './request.ts';

/** On an answer that was given before. */
export const REPEATED_HEADER = 'Idempotent-Replayed';
const KEY_FORM = /^[\x21-\x7e]{1,255}$/;
/** Nothing was done: to be tried again under the same key. */
const UNDONE = 503;
/** Of an answer, in characters, that other nodes remember as a whole. */
const MOST_TEXT = 64 * 1024;

export interface AskedCall {
  readonly key: string;
  /** Empty: nobody has to say who they are. */
  readonly caller: string;
  /** With its query. */
  readonly path: string;
}

type Told = CallOutcome & { readonly repeated: boolean };

export class RepeatedCalls {
  readonly #memory: CallMemory;
  /** Under way in this process, by id. */
  readonly #running = new Map<string, { readonly request: string; readonly told: Promise<Told> }>();

  constructor(memory: CallMemory) {
    this.#memory = memory;
  }

  /**
   * @param run never rejects
   * @throws {OrchestratorError} `BAD_REQUEST`: what is no key, or one of another request. `NOT_LEADER`, `UNAVAILABLE`: nothing was done.
   * `OUTCOME_UNKNOWN`: it may have been done
   */
  async once({ key, caller, path }: AskedCall, run: () => Promise<CallOutcome>): Promise<Told> {
    if (!KEY_FORM.test(key)) throw bad('Idempotency-Key must be 1 to 255 printable characters without blanks');
    const [id, request] = [digest(JSON.stringify([caller, key])), digest(path)];
    const mustBeThis = (known: string) => {
      if (known !== request) throw bad(`Idempotency-Key ${key} was used for another request`);
    };
    const running = this.#running.get(id);
    if (running !== undefined) {
      mustBeThis(running.request);
      return { ...(await running.told), repeated: true };
    }
    const told = this.#told(id, request, run, mustBeThis).finally(() => this.#running.delete(id));
    this.#running.set(id, { request, told });
    return told;
  }

  async #told(
    id: string,
    request: string,
    run: () => Promise<CallOutcome>,
    mustBeThis: (request: string) => void,
  ): Promise<Told> {
    const start = await this.#memory.begin(id, request);
    if (start.kind !== 'begun') mustBeThis(start.request);
    if (start.kind === 'ended') return { ...start.outcome, repeated: true };
    if (start.kind === 'open')
      throw unknown('the node that was asked first is gone, or leads no more: look at the servers before asking anew');
    const outcome = await run();
    const known = outcome.status === UNDONE ? undefined : kept(outcome);
    // Whoever waits is told what it came to. Where the others cannot be told any more, they know that it was begun, and do not make it again.
    await this.#memory.end(id, start.attempt, known).catch(() => undefined);
    return { ...outcome, repeated: false };
  }
}

/** The memory of this process alone: for what concerns this node alone. */
export function ownCalls(clock: Pick<Clock, 'nowMs'>): CallMemory {
  const calls = new Calls();
  return {
    begin: async (id, request) => {
      const [beganMs, attempt] = [clock.nowMs(), randomUUID()];
      calls.forgetOld(beganMs);
      const begun = calls.begin({ id, request, attempt, beganMs, index: 0 });
      return begun.kind === 'begun' ? { ...begun, attempt } : begun;
    },
    end: async (id, attempt, outcome) => void calls.end(id, attempt, outcome),
  };
}

/** One that is too long to be remembered is told again without its details. */
function kept({ status, json }: CallOutcome): CallOutcome {
  if (json.length <= MOST_TEXT) return { status, json };
  const { Code, Message } = JSON.parse(json) as { Code?: unknown; Message?: unknown };
  if (Code === undefined) return { status, json };
  return { status, json: JSON.stringify({ Code, Message, Details: null }) };
}

function unknown(why: string): OrchestratorError {
  return new OrchestratorError('OUTCOME_UNKNOWN', `outcome unknown: ${why}`);
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
