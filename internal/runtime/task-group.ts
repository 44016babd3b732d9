import { setMaxListeners } from 'node:events';
import type { Log } from './log.ts';

/** Background work with an owner: failures are reported, and `stop` aborts what runs and waits for it. */
export class TaskGroup {
  readonly #log: Log;
  readonly #controller = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(log: Log) {
    this.#log = log;
    setMaxListeners(0, this.#controller.signal); // as many as there is work: not a leak
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts `work` unless the group was stopped. Failures after the stop are not findings and stay silent. */
  run(name: string, work: (signal: AbortSignal) => Promise<void>): void {
    if (this.signal.aborted) return;
    const task = work(this.signal)
      .catch((err: unknown) => {
        if (!this.signal.aborted) this.#log.error({ err, task: name }, 'background task failed');
      })
      .finally(() => this.#running.delete(task));
    this.#running.add(task);
  }

  async stop(): Promise<void> {
    this.#controller.abort(new Error('stopped'));
    await Promise.allSettled([...this.#running]);
  }
}
