// Clients that work on registers through any node, each with one request under way at a time, and write down what they saw.

import { setTimeout as delay } from 'node:timers/promises';
import type { SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { SeededRandom } from '../sim/random.ts';
import type { Daemon } from '../support/daemon.ts';
import { address } from '../support/scenario.ts';
import type { Operation } from './linearizability.ts';

const ANSWER_LIMIT_MS = 1_000;
const PAUSE_MS = 15;
/** Nobody waits longer, whatever becomes of the first limit: requests were seen, on a busy machine, that never ended. */
const HARD_LIMIT_MS = 20_000;
/** On an answer that is not the leader's, which is marked so: nobody takes it for the latest. */
const STALE_MARK = 'Orchestrator-Leader-Contact-Milliseconds';

export type Outcome = Pick<Operation, 'action' | 'outcome'>;

/** What a client is about to do. */
export interface Turn {
  readonly server: SandboxServer;
  readonly client: string;
  readonly random: SeededRandom;
  /** Of all clients, no two the same. */
  readonly freshValue: () => string;
  /** Asks the node whose turn it is. @throws {Error} no answer came */
  readonly ask: (path: string) => Promise<Response>;
}

/** One operation on the register that belongs to the server. */
export type Workload = (turn: Turn) => Promise<Outcome>;

export class Clients {
  readonly history: Operation[] = [];
  readonly #workload: Workload;
  readonly #daemons: readonly Daemon[];
  readonly #servers: readonly SandboxServer[];
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;
  #values = 0;

  constructor(
    workload: Workload,
    count: number,
    daemons: readonly Daemon[],
    servers: readonly SandboxServer[],
    seed: number,
  ) {
    this.#workload = workload;
    this.#daemons = daemons;
    this.#servers = servers;
    const clients = Array.from({ length: count }, (_, at) => this.#run(`c${at + 1}`, new SeededRandom(seed + at)));
    this.#running = Promise.all(clients);
  }

  /** How many changes were acknowledged so far. */
  get acknowledged(): number {
    return this.history.filter(({ action, outcome }) => action.kind !== 'read' && outcome === 'ok').length;
  }

  get readings(): number {
    return this.history.filter(({ action, outcome }) => action.kind === 'read' && outcome === 'ok').length;
  }

  /** Resolves when the last answer was heard, or had not come. */
  async stop(): Promise<readonly Operation[]> {
    this.#stop.abort();
    await this.#running;
    return this.history;
  }

  #freshValue(): string {
    this.#values += 1;
    return `value-${this.#values}`;
  }

  async #run(client: string, random: SeededRandom): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const server = random.pick(this.#servers);
      const { url } = random.pick(this.#daemons);
      const calledMs = performance.now();
      const { action, outcome } = await this.#workload({
        ...{ server, client, random },
        freshValue: () => this.#freshValue(),
        ask: (path) => fetch(`${url}/api/${path}`, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) }),
      });
      this.history.push({
        register: address(server),
        client,
        action,
        calledMs,
        answeredMs: performance.now(),
        outcome,
      });
      await delay(PAUSE_MS);
    }
  }
}

/** What a node says to a change; undefined: it did not say. */
export async function envelopeOf(asked: Promise<Response>): Promise<{ Code: string; Message: string } | undefined> {
  return heard(async () => (await (await asked).json()) as { Code: string; Message: string });
}

/** Undefined: no answer, or none that is the leader's. @param anybodys take any answer for the latest: wrong, and to be found out */
export async function answerOf<T>(asked: Promise<Response>, anybodys = false): Promise<T | undefined> {
  return heard(async () => {
    const answer = await asked;
    return answer.ok && (anybodys || !answer.headers.has(STALE_MARK)) ? ((await answer.json()) as T) : undefined;
  });
}

async function heard<T>(work: () => Promise<T>): Promise<T | undefined> {
  const done = new AbortController();
  try {
    return await Promise.race([work(), delay(HARD_LIMIT_MS, undefined, { signal: done.signal })]);
  } catch {
    return undefined;
  } finally {
    done.abort();
  }
}

/** Of a change that was not acknowledged: nothing was done where the node says so in as many words. */
export const refusal = (message: string | undefined): Outcome['outcome'] =>
  message !== undefined && /nothing was done/.test(message) ? 'fail' : 'unknown';
