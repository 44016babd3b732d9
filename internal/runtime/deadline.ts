// Signals that follow others. `AbortSignal.any` is not used (a rule of the linter): on a signal that lives as long as the process its
// result is remembered there for ever, and a timeout that nothing else holds is collected as garbage and never comes
// (https://nodejs.org/api/globals.html#static-method-abortsignalanysignals; seen with Node 20).

import type { Clock } from './clock.ts';

/** Aborts `controller` along with `outer` for as long as `work` runs. Nothing of it is left on `outer` afterwards. */
export async function following<T>(
  outer: AbortSignal,
  controller: AbortController,
  work: () => Promise<T>,
): Promise<T> {
  const follow = () => controller.abort(outer.reason);
  if (outer.aborted) follow();
  outer.addEventListener('abort', follow, { once: true });
  try {
    return await work();
  } finally {
    outer.removeEventListener('abort', follow);
  }
}

/** Runs `work` with a signal that aborts after `ms`, or along with `outer`. */
export async function withDeadline<T>(
  clock: Pick<Clock, 'after'>,
  ms: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const cancel = clock.after(ms, () => controller.abort(new DOMException(`no end within ${ms} ms`, 'TimeoutError')));
  try {
    return await following(outer, controller, () => work(controller.signal));
  } finally {
    cancel();
  }
}

/** Limits of work that tells when it gets on. */
export interface Patience {
  /** From the beginning, or from the last time that it told so, ms. */
  readonly silentMs: number;
  /** Of all of it, ms. */
  readonly mostMs: number;
}

/** Runs `work` with a signal that aborts when it has not called `progressed` for too long, or along with `outer`. */
export async function whileProgressing<T>(
  clock: Pick<Clock, 'after' | 'monotonicMs'>,
  { silentMs, mostMs }: Patience,
  outer: AbortSignal,
  work: (signal: AbortSignal, progressed: () => void) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const began = clock.monotonicMs();
  let last = began;
  const end = (ms: number, what: string) =>
    controller.abort(new DOMException(`${what} within ${ms} ms`, 'TimeoutError'));
  const watch = (): (() => void) => {
    const now = clock.monotonicMs();
    const leftMs = Math.min(last + silentMs, began + mostMs) - now;
    return clock.after(leftMs, () => {
      const passed = clock.monotonicMs();
      if (passed >= began + mostMs) end(mostMs, 'no end');
      else if (passed >= last + silentMs) end(silentMs, last === began ? 'no end' : 'no progress');
      else cancel = watch();
    });
  };
  let cancel = watch();
  const progressed = () => {
    last = clock.monotonicMs();
  };
  try {
    return await following(outer, controller, () => work(controller.signal, progressed));
  } finally {
    cancel();
  }
}
