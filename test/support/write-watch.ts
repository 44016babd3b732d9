// Watches, all through a scenario, which servers take writes: two at once is what must never be.

import { setTimeout as delay } from 'node:timers/promises';
import { type Connection, createConnection } from 'mysql2/promise';
import { type SandboxServer, TOPOLOGY_LOGIN } from '../../scripts/sandbox/sandbox.ts';

const PERIOD_MS = 20;
const SILENCE_MS = 300;
/** A server that comes back writable on its own is to be fenced within this time. */
const FENCE_LIMIT_MS = 6_000;

/** A time during which one server was known to take writes: from an answer that said so to the asking of another one. */
export interface WritableSpan {
  readonly server: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** It began after the server had been brought back by somebody else's hand. */
  readonly returned: boolean;
}

/** Every pair of spans in which two servers took writes at the same moment, in words. Pure. */
export function splitBrains(spans: readonly WritableSpan[]): readonly string[] {
  const found: string[] = [];
  for (const [index, a] of spans.entries()) {
    for (const b of spans.slice(index + 1)) {
      const togetherMs = Math.min(a.toMs, b.toMs) - Math.max(a.fromMs, b.fromMs);
      if (a.server === b.server || togetherMs <= 0) continue;
      if ((a.returned || b.returned) && togetherMs < FENCE_LIMIT_MS) continue;
      found.push(`${a.server} and ${b.server} took writes together for ${togetherMs.toFixed(0)} ms`);
    }
  }
  return found;
}

/** Asks one server over and over. A server that does not answer ends its span. */
class Watcher {
  readonly spans: WritableSpan[] = [];
  readonly #server: SandboxServer;
  readonly #name: string;
  #connection: Connection | undefined;
  #open: { fromMs: number; toMs: number; returned: boolean } | undefined;
  #returned = false;
  #outOfReach = false;

  constructor(server: SandboxServer) {
    this.#server = server;
    this.#name = `${server.key.hostname}:${server.key.port}`;
  }

  ignore(): void {
    this.#end();
    this.#outOfReach = true;
  }

  expectReturn(): void {
    this.#end();
    this.#outOfReach = false;
    this.#returned = true;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const sentMs = performance.now();
      const writable = await this.#ask();
      if (writable === true && !this.#outOfReach) this.#sees(sentMs, performance.now());
      else this.#end();
      if (writable === false) this.#returned = false;
      await delay(PERIOD_MS);
    }
    this.#connection?.destroy();
    this.#end();
  }

  #sees(sentMs: number, answeredMs: number): void {
    if (this.#open === undefined) this.#open = { fromMs: answeredMs, toMs: answeredMs, returned: this.#returned };
    else this.#open.toMs = sentMs;
  }

  #end(): void {
    if (this.#open !== undefined) this.spans.push({ server: this.#name, ...this.#open });
    this.#open = undefined;
  }

  /** Undefined: no answer. */
  async #ask(): Promise<boolean | undefined> {
    const timer = new AbortController();
    const silence = delay(SILENCE_MS, undefined, { signal: timer.signal }).catch(() => undefined);
    const asked = this.#query().catch(() => undefined);
    const answer = await Promise.race([asked, silence]);
    timer.abort();
    if (answer === undefined) {
      this.#connection?.destroy();
      this.#connection = undefined;
      void asked.then(() => this.#connection?.destroy());
    }
    return answer;
  }

  async #query(): Promise<boolean> {
    if (this.#connection === undefined) {
      const { hostname: host, port } = this.#server.key;
      const connection = await createConnection({ host, port, ...TOPOLOGY_LOGIN, connectTimeout: SILENCE_MS });
      connection.on('error', () => undefined); // the next question finds out
      this.#connection = connection;
    }
    const [rows] = await this.#connection.query('SELECT @@global.read_only AS readOnly');
    return Number((rows as { readOnly: number }[])[0]?.readOnly) === 0;
  }
}

export class WriteWatch {
  readonly #watchers: ReadonlyMap<SandboxServer, Watcher>;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;

  constructor(servers: readonly SandboxServer[]) {
    this.#watchers = new Map(servers.map((server) => [server, new Watcher(server)]));
    this.#running = Promise.all([...this.#watchers.values()].map((watcher) => watcher.run(this.#stop.signal)));
  }

  /** The test itself brings this server back: it may take writes for as long as fencing it needs. */
  expectReturn(server: SandboxServer): void {
    this.#watchers.get(server)?.expectReturn();
  }

  /** Nobody but the test reaches this server, so nobody can keep it from taking writes, until it returns. */
  expectIsolation(server: SandboxServer): void {
    this.#watchers.get(server)?.ignore();
  }

  async stop(): Promise<readonly WritableSpan[]> {
    this.#stop.abort();
    await this.#running;
    return [...this.#watchers.values()].flatMap(({ spans }) => spans);
  }
}
