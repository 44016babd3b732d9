import type { Clock } from '../runtime/clock.ts';
import { following } from '../runtime/deadline.ts';
import { errorText } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { isLost, type Mandate, type Office } from './mandate.ts';
import type { Servers } from './ports.ts';

export interface FenceSettings {
  /** How long one attempt waits for a server that accepts and says nothing, as a frozen one does. */
  readonly attemptMs: number;
  readonly retryMs: number;
}

export interface FenceKeeperDeps {
  readonly servers: Servers;
  /** @throws {OrchestratorError} `NOT_LEADER` */
  readonly office: () => Office;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: FenceSettings;
  readonly onFenced: (key: InstanceKey) => void;
}

/**
 * Waits at the door of replaced primaries: on the connection that was open before they fell silent, where a frozen one
 * finds the statement when it wakes, and on new ones, again every `retryMs`, until it was made read-only.
 */
export class FenceKeeper {
  readonly #deps: FenceKeeperDeps;
  readonly #watched = new Map<string, AbortController>();

  constructor(deps: FenceKeeperDeps) {
    this.#deps = deps;
  }

  isWatched(key: InstanceKey): boolean {
    return this.#watched.has(keyText(key));
  }

  watch(key: InstanceKey): void {
    const text = keyText(key);
    if (this.#watched.has(text)) return;
    const office = this.#deps.office();
    const controller = new AbortController();
    this.#watched.set(text, controller);
    office.tasks.run(`fence ${text}`, (stop) =>
      following(stop, controller, () => this.#keep(key, office, controller.signal)),
    );
  }

  /** The server leads again, or an operator says so. */
  release(key: InstanceKey): void {
    this.#watched.get(keyText(key))?.abort(new Error('released'));
    this.#watched.delete(keyText(key));
  }

  /** This node may not act any more: whoever does takes them up. */
  releaseAll(): void {
    for (const controller of this.#watched.values()) controller.abort(new Error('released'));
    this.#watched.clear();
  }

  async #keep(key: InstanceKey, office: Mandate, signal: AbortSignal): Promise<void> {
    const { servers, log } = this.#deps;
    const won = new AbortController();
    const attempt = () => {
      const atOnce = office.confirm().then(() => servers.fenceReady(key, won.signal));
      return Promise.any([atOnce, this.#attempts(key, office, won.signal)]);
    };
    try {
      await following(signal, won, attempt);
    } catch {
      return; // released or stopped: attempts go on until then
    } finally {
      won.abort();
    }
    if (signal.aborted) return;
    this.#watched.delete(keyText(key));
    log.warn({ instance: keyText(key) }, 'replaced primary came back and was made read-only');
    this.#deps.onFenced(key);
  }

  async #attempts(key: InstanceKey, office: Mandate, signal: AbortSignal): Promise<void> {
    const { servers, clock, log, settings } = this.#deps;
    for (;;) {
      try {
        await office.confirm();
        signal.throwIfAborted();
        return await servers.fence(key, settings.attemptMs, signal);
      } catch (err) {
        signal.throwIfAborted();
        log.debug({ instance: keyText(key), err }, 'replaced primary cannot be fenced yet');
        await clock.sleep(settings.retryMs, signal);
      }
    }
  }
}

/**
 * Nobody replaced it after all: it leads again when it comes back. What goes wrong with that keeps no replica stopped.
 *
 * @returns what is to be told of it
 * @throws {OrchestratorError} `NOT_LEADER`
 */
export async function liftFence(
  key: InstanceKey,
  deps: { readonly fences: FenceKeeper; readonly dropFence: (failed: InstanceKey) => Promise<void> },
  { signal }: Mandate,
): Promise<readonly string[]> {
  deps.fences.release(key);
  try {
    await deps.dropFence(key);
    return [];
  } catch (err) {
    signal.throwIfAborted();
    if (isLost(err)) throw err;
    return [`${keyText(key)} may be made read-only when it comes back: its fence stayed: ${errorText(err)}`];
  }
}
