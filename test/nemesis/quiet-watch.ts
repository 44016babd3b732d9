import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import type { Daemon } from '../support/daemon.ts';
import { answerOf, envelopeOf } from './clients.ts';

const PERIOD_MS = 100;
const ANSWER_LIMIT_MS = 2_000;

/**
 * Asks a node that has lost its majority, over and over, for what only a leader gives (I-31): that it leads, a reading of the latest,
 * the acknowledgement of a change, a step of a recovery.
 */
export class QuietWatch {
  readonly #daemon: Daemon;
  readonly #server: SandboxServer;
  readonly #stepsBefore: number;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #said: string[] = [];
  #rounds = 0;

  constructor(daemon: Daemon, server: SandboxServer) {
    this.#daemon = daemon;
    this.#server = server;
    this.#stepsBefore = daemon.journal().length;
    this.#running = this.#run();
  }

  /** It was asked, and gave nothing away. */
  async verify(): Promise<void> {
    while (this.#rounds === 0) await delay(PERIOD_MS);
    this.#stop.abort();
    await this.#running;
    assert.deepEqual(this.#said, []);
    assert.equal(this.#daemon.journal().length, this.#stepsBefore, 'no step of a recovery');
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await Promise.all([this.#askForLead(), this.#askForReading(), this.#askForChange()]);
      this.#rounds += 1;
      await delay(PERIOD_MS);
    }
  }

  async #askForLead(): Promise<void> {
    if ((await answerOf(this.#ask('leader-check'))) !== undefined) this.#said.push('that it leads');
  }

  async #askForReading(): Promise<void> {
    const { hostname, port } = this.#server.key;
    if ((await answerOf(this.#ask(`instance/${hostname}/${port}`))) !== undefined) this.#said.push('a reading');
  }

  async #askForChange(): Promise<void> {
    const { hostname, port } = this.#server.key;
    const answer = await envelopeOf(this.#ask(`begin-downtime/${hostname}/${port}/test/quiet/1h`));
    if (answer?.Code === 'OK') this.#said.push('that a change was made');
  }

  #ask(path: string): Promise<Response> {
    return fetch(`${this.#daemon.url}/api/${path}`, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
  }
}
