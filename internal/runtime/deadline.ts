import type { Clock } from './clock.ts';

/**
 * Runs `work` with a signal that aborts after `ms`, or along with `outer`. Nothing of it is left when the work is done: an
 * `AbortSignal.any` on a signal that lives as long as the process would be remembered there for ever.
 */
export async function withDeadline<T>(
  clock: Pick<Clock, 'after'>,
  ms: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const follow = () => controller.abort(outer.reason);
  if (outer.aborted) follow();
  outer.addEventListener('abort', follow, { once: true });
  const cancel = clock.after(ms, () => controller.abort(new DOMException(`no end within ${ms} ms`, 'TimeoutError')));
  try {
    return await work(controller.signal);
  } finally {
    cancel();
    outer.removeEventListener('abort', follow);
  }
}
