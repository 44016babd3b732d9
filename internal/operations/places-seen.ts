// Where each server stood some minutes ago. A search for a marker begins there: a binary log may hold millions of events, and the
// replica whose place is looked for stands still meanwhile.

import type { BinlogCoordinates, Instance } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { LogKind } from './ports.ts';

/** Far enough back that a marker has been written since. */
const BACK_MS = 120_000;
const EVERY_MS = 60_000;
/** One that was not read for so long may be another server by now. */
const KEPT_MS = 600_000;

interface Seen extends Readonly<Record<LogKind, BinlogCoordinates | undefined>> {
  readonly atMs: number;
}

export class PlacesSeen {
  readonly #nowMs: () => number;
  /** Per server a few, oldest first. */
  readonly #seen = new Map<string, readonly Seen[]>();
  #tidiedMs = 0;

  /** @param nowMs of a clock that does not jump */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** A server was read; once a minute that is noted. */
  saw({ key, ownCoordinates, replication }: Instance): void {
    const atMs = this.#nowMs();
    this.#tidy(atMs);
    const before = this.#seen.get(keyText(key)) ?? [];
    if (atMs - (before.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) < EVERY_MS) return;
    const kept = before.slice(before.findLastIndex((one) => atMs - one.atMs >= BACK_MS));
    this.#seen.set(keyText(key), [...kept, { atMs, binary: ownCoordinates, relay: replication?.relay }]);
  }

  /** Undefined: nothing is known that is old enough. */
  before(key: InstanceKey, kind: LogKind): BinlogCoordinates | undefined {
    const nowMs = this.#nowMs();
    return this.#seen.get(keyText(key))?.findLast(({ atMs }) => nowMs - atMs >= BACK_MS)?.[kind];
  }

  #tidy(nowMs: number): void {
    if (nowMs - this.#tidiedMs < KEPT_MS) return;
    this.#tidiedMs = nowMs;
    for (const [server, seen] of this.#seen) if (nowMs - (seen.at(-1)?.atMs ?? 0) >= KEPT_MS) this.#seen.delete(server);
  }
}
