import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { TaskGroup } from '../runtime/task-group.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { ServerSession, Servers } from './ports.ts';

export interface FenceKeeperDeps {
  readonly servers: Servers;
  readonly tasks: TaskGroup;
  readonly clock: Clock;
  readonly log: Log;
  /** How long one attempt waits for a server that accepts and says nothing, as a frozen one does. */
  readonly attemptMs: number;
  readonly retryMs: number;
  readonly onFenced: (key: InstanceKey) => void;
}

/**
 * Waits at the door of replaced primaries. An attempt that meets a frozen server stays connected, so that the fence is
 * the next thing it reads when it wakes; one that is down is tried again every `retryMs`, until it was made read-only.
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
    const controller = new AbortController();
    this.#watched.set(text, controller);
    this.#deps.tasks.run(`fence ${text}`, (stop) => this.#keep(key, AbortSignal.any([stop, controller.signal])));
  }

  /** The server leads again, or an operator says so. */
  release(key: InstanceKey): void {
    this.#watched.get(keyText(key))?.abort(new Error('released'));
    this.#watched.delete(keyText(key));
  }

  async #keep(key: InstanceKey, signal: AbortSignal): Promise<void> {
    const { servers, clock, log, attemptMs, retryMs } = this.#deps;
    while (!signal.aborted) {
      try {
        await servers.change(key, attemptMs, signal, fence);
        this.#watched.delete(keyText(key));
        log.warn({ instance: keyText(key) }, 'replaced primary came back and was made read-only');
        this.#deps.onFenced(key);
        return;
      } catch (err) {
        if (signal.aborted) return;
        log.debug({ instance: keyText(key), err }, 'replaced primary cannot be fenced yet');
        await clock.sleep(retryMs, signal).catch(() => undefined);
      }
    }
  }
}

/** Sessions end before and after: open transactions would hold the switch up, and new ones could slip in before it. */
async function fence(session: ServerSession): Promise<void> {
  await session.endClientSessions();
  await session.setReadOnly(true);
  await session.endClientSessions();
}
