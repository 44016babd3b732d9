import type { EventEmitter } from 'node:events';
import type { Clock } from './clock.ts';

/** Signal numbers, for the exit status that a shell expects. */
const STOPS = { SIGINT: 2, SIGTERM: 15 } as const;
export type StopSignal = keyof typeof STOPS;

/** Ctrl-C reaches a process from the terminal and once more from whoever started it: that is one wish. */
const SAME_WISH_MS = 1_000;

export interface ProcessSignalsDeps {
  /** `process`, and the one way it ends without waiting for anything. */
  readonly process: EventEmitter & { exit(status: number): void };
  readonly clock: Pick<Clock, 'monotonicMs' | 'after'>;
}

/**
 * What the operating system asks of a daemon. To be made first thing: without a handler each of these signals ends the process,
 * and one may come at any moment. What is asked for while the daemon starts is done once it is up.
 *
 * SIGHUP asks for a reload, SIGINT and SIGTERM for an orderly stop. A second SIGINT or SIGTERM, a while after the first, is somebody
 * who does not want to wait: the process ends at once.
 */
export class ProcessSignals {
  /** Resolves with the first signal that asks for a stop. */
  readonly stopped: Promise<StopSignal>;
  readonly #deps: ProcessSignalsDeps;
  #firstStopMs: number | undefined;
  #hurry: (() => void) | undefined;
  #reloadWanted = false;
  #reload = () => {
    this.#reloadWanted = true;
  };

  constructor(deps: ProcessSignalsDeps) {
    this.#deps = deps;
    deps.process.on('SIGHUP', () => this.#reload());
    this.stopped = new Promise((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const)
        deps.process.on(signal, () => {
          this.#stop(signal);
          resolve(signal);
        });
    });
  }

  /** Somebody asked for a stop. */
  get stopping(): boolean {
    return this.#firstStopMs !== undefined;
  }

  /** Until it is taken back, a second signal calls this in place of ending the process; once. */
  onSecond(hurry: (() => void) | undefined): void {
    this.#hurry = hurry;
  }

  /** The process ends at the latest then, whatever is left to do. */
  endAfter(ms: number, status: number): void {
    const { process, clock } = this.#deps;
    clock.after(ms, () => process.exit(status));
  }

  /** From now on SIGHUP calls `reload`; at once if one came already. */
  onReload(reload: () => void): void {
    this.#reload = reload;
    if (this.#reloadWanted) reload();
  }

  #stop(signal: StopSignal): void {
    const { process, clock } = this.#deps;
    const nowMs = clock.monotonicMs();
    this.#firstStopMs ??= nowMs;
    if (nowMs - this.#firstStopMs <= SAME_WISH_MS) return;
    if (this.#hurry === undefined) process.exit(128 + STOPS[signal]);
    this.#firstStopMs = nowMs; // the next one is another wish again
    this.#hurry?.();
    this.#hurry = undefined;
  }
}
