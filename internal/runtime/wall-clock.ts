import type { Clock } from './clock.ts';

/** So little is not worth it. */
const LEAST_MS = 100;

/**
 * A clock that notices when somebody has set the wall clock, or it runs too fast or too slow, before anybody hears the new time by
 * it: what was noted by the time before would lie in the future, or look as if it were long ago.
 *
 * @param onSet by how much, milliseconds; negative: back
 */
export function noticing(clock: Clock, onSet: (byMs: number) => void): Clock {
  let apartMs = clock.nowMs() - clock.monotonicMs();
  const nowMs = () => {
    const leastMs = apartMs + clock.monotonicMs() - LEAST_MS;
    const now = clock.nowMs();
    const mostMs = apartMs + clock.monotonicMs() + LEAST_MS; // this process may have waited in between
    if (now >= leastMs && now <= mostMs) return now;
    const byMs = Math.round(now < leastMs ? now - leastMs - LEAST_MS : now - mostMs + LEAST_MS); // as whole as what it moves
    apartMs += byMs;
    onSet(byMs);
    return now;
  };
  return {
    nowMs,
    monotonicMs: () => clock.monotonicMs(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    timeoutSignal: (ms) => clock.timeoutSignal(ms),
    after: (ms, callback) => clock.after(ms, callback),
    every: (ms, callback) => clock.every(ms, callback),
  };
}

/** What the wall clock would have said at a moment of the monotonic clock, had it always been as it is now. */
export function wallTimeOf(monotonicMs: number, clock: Pick<Clock, 'nowMs' | 'monotonicMs'>): number {
  return Math.floor(clock.nowMs() - (clock.monotonicMs() - monotonicMs));
}
