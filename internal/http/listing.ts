// Long lists, a few entries at a time: whoever else waits for this process is served in between, and a check of a load balancer that comes
// while a thousand servers are listed does not wait for all of them (C-102).

import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../runtime/clock.ts';
import { encodeJson } from './json.ts';

/** How long one list is worked on before others get their turn. */
const TURN_MS = 3;

/** A list that is not rendered yet. */
export class Listing<T> {
  readonly items: readonly T[];
  /** Undefined: left out. */
  readonly wire: (item: T) => unknown;

  constructor(items: readonly T[], wire: (item: T) => unknown) {
    this.items = items;
    this.wire = wire;
  }

  /** As JSON: the same text as that of an array. */
  async encode(clock: Pick<Clock, 'monotonicMs'>): Promise<string> {
    const entries: string[] = [];
    let endMs = clock.monotonicMs() + TURN_MS;
    for (const item of this.items) {
      const wired = this.wire(item);
      if (wired !== undefined) entries.push(encodeJson(wired));
      if (clock.monotonicMs() < endMs) continue;
      await setImmediate();
      endMs = clock.monotonicMs() + TURN_MS;
    }
    return `[${entries.join(',')}]`;
  }
}
