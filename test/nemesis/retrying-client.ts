import { setTimeout as delay } from 'node:timers/promises';
import type { SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import type { Daemon } from '../support/daemon.ts';
import { envelopeOf } from './clients.ts';

const PAUSE_MS = 20;
const ANSWER_LIMIT_MS = 10_000;

/** Says one word after the other through one node after the other; whoever does not acknowledge it is not asked again, the next one is, once. */
export class RetryingClient {
  readonly acknowledged: string[] = [];
  /** What was said to two nodes, and their answers. */
  readonly failed: string[] = [];
  readonly #daemons: readonly Daemon[];
  readonly #server: SandboxServer;
  readonly #running: Promise<void>;
  #stopped = false;

  constructor(daemons: readonly Daemon[], server: SandboxServer) {
    this.#daemons = daemons;
    this.#server = server;
    this.#running = this.#run();
  }

  /** The last word that was acknowledged. */
  async stop(): Promise<string | undefined> {
    this.#stopped = true;
    await this.#running;
    return this.acknowledged.at(-1);
  }

  async #run(): Promise<void> {
    for (let turn = 0; !this.#stopped; turn += 1) {
      const word = `word-${turn}`;
      const first = await this.#say(word, turn);
      const second = first === undefined ? undefined : await this.#say(word, turn + 1);
      if (second === undefined) this.acknowledged.push(word);
      else this.failed.push(`${word}: ${first}; ${second}`);
      await delay(PAUSE_MS);
    }
  }

  /** Undefined: it was acknowledged. */
  async #say(word: string, turn: number): Promise<string | undefined> {
    const { url } = this.#daemons[turn % this.#daemons.length]!;
    const { hostname, port } = this.#server.key;
    const path = `begin-downtime/${hostname}/${port}/test/${word}/48h`;
    const answer = await envelopeOf(fetch(`${url}/api/${path}`, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) }));
    return answer?.Code === 'OK' ? undefined : (answer?.Message ?? 'no answer');
  }
}
