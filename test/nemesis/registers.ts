// Clients that read and write registers through any node, each with one request under way at a time. A register is the reason of a
// server's downtime: a text that the group agrees on, which nothing else touches.

import { setTimeout as delay } from 'node:timers/promises';
import type { SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { SeededRandom } from '../sim/random.ts';
import type { Daemon } from '../support/daemon.ts';
import { address } from '../support/scenario.ts';
import type { Action, Operation } from './linearizability.ts';

const ANSWER_LIMIT_MS = 1_000;
const PAUSE_MS = 15;
/** On an answer that is not the leader's, which is marked so: nobody takes it for the latest. */
const STALE_MARK = 'Orchestrator-Leader-Contact-Milliseconds';

export class RegisterClients {
  readonly history: Operation[] = [];
  readonly #daemons: readonly Daemon[];
  readonly #servers: readonly SandboxServer[];
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;
  #writes = 0;

  constructor(count: number, daemons: readonly Daemon[], servers: readonly SandboxServer[], seed: number) {
    this.#daemons = daemons;
    this.#servers = servers;
    const clients = Array.from({ length: count }, (_, at) => this.#run(`c${at + 1}`, new SeededRandom(seed + at)));
    this.#running = Promise.all(clients);
  }

  /** Resolves when the last answer was heard, or had not come. */
  async stop(): Promise<readonly Operation[]> {
    this.#stop.abort();
    await this.#running;
    return this.history;
  }

  async #run(client: string, random: SeededRandom): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const server = random.pick(this.#servers);
      const daemon = random.pick(this.#daemons);
      const writes = random.chance(0.4);
      const calledMs = performance.now();
      const { action, outcome } = writes ? await this.#write(daemon, server, client) : await read(daemon, server);
      const answeredMs = performance.now();
      this.history.push({ register: address(server), client, action, calledMs, answeredMs, outcome });
      await delay(PAUSE_MS);
    }
  }

  async #write(daemon: Daemon, { key }: SandboxServer, client: string): Promise<Outcome> {
    this.#writes += 1;
    const value = `value-${this.#writes}`;
    const action: Action = { kind: 'write', value };
    try {
      const path = `begin-downtime/${key.hostname}/${key.port}/${client}/${value}/1h`;
      const answer = (await (await ask(daemon, path)).json()) as { Code: string; Message: string };
      if (answer.Code === 'OK') return { action, outcome: 'ok' };
      return { action, outcome: /nothing was done/.test(answer.Message) ? 'fail' : 'unknown' };
    } catch {
      return { action, outcome: 'unknown' };
    }
  }
}

type Outcome = Pick<Operation, 'action' | 'outcome'>;

async function read(daemon: Daemon, { key }: SandboxServer): Promise<Outcome> {
  const nothing: Outcome = { action: { kind: 'read', seen: undefined }, outcome: 'unknown' };
  try {
    const answer = await ask(daemon, `instance/${key.hostname}/${key.port}`);
    if (!answer.ok || answer.headers.has(STALE_MARK)) return nothing;
    const { IsDowntimed, DowntimeReason } = (await answer.json()) as { IsDowntimed: boolean; DowntimeReason: string };
    return { action: { kind: 'read', seen: IsDowntimed ? DowntimeReason : undefined }, outcome: 'ok' };
  } catch {
    return nothing;
  }
}

const ask = ({ url }: Daemon, path: string) =>
  fetch(`${url}/api/${path}`, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
