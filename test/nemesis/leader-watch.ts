import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Daemon } from '../support/daemon.ts';
import { splitBrains, type WritableSpan } from '../support/write-watch.ts';

const PERIOD_MS = 30;
const SILENCE_MS = 1_000;

/** Asks every node of a group, all along, whether it leads. Two that say so at one moment are what must never be. */
export class LeaderWatch {
  readonly #spans: WritableSpan[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;

  constructor(daemons: readonly Daemon[]) {
    this.#running = Promise.all(daemons.map((daemon) => this.#follow(daemon)));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async verify(): Promise<void> {
    await this.stop();
    assert.ok(this.#spans.length > 0, 'somebody was seen to lead');
    assert.deepEqual(splitBrains(this.#spans), [], 'two nodes said that they lead');
  }

  async #follow({ url }: Daemon): Promise<void> {
    let open: { fromMs: number; toMs: number } | undefined;
    const end = () => {
      if (open !== undefined) this.#spans.push({ server: url, ...open, returned: false });
      open = undefined;
    };
    while (!this.#stop.signal.aborted) {
      const askedMs = performance.now();
      if (!(await leads(url))) end();
      else if (open === undefined) open = { fromMs: performance.now(), toMs: performance.now() };
      else open.toMs = askedMs;
      await delay(PERIOD_MS);
    }
    end();
  }
}

async function leads(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/api/leader-check`, { signal: AbortSignal.timeout(SILENCE_MS) })).ok;
  } catch {
    return false;
  }
}

const TAKES_OFFICE = 'this node leads: ';

/** Which terms a node has led in, by its log: over all its runs, whoever asked it meanwhile. */
export function termsLed(log: string): readonly number[] {
  return log
    .split('\n')
    .filter((line) => line.includes(TAKES_OFFICE))
    .map((line) => (JSON.parse(line) as { readonly term: number }).term);
}

/** At most one node ever led in any term. */
export function verifyTerms(daemons: readonly Daemon[]): void {
  const leaders = new Map<number, Daemon>();
  for (const daemon of daemons.filter(({ began }) => began))
    for (const term of termsLed(daemon.log())) {
      const other = leaders.get(term) ?? daemon;
      assert.equal(other.url, daemon.url, `two nodes have led in term ${term}`);
      leaders.set(term, daemon);
    }
  assert.ok(leaders.size > 0, 'somebody has written down that it led');
}
