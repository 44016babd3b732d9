// How far the wall clocks of the other members are from the one of this node. Nothing is decided by it: it is for people who compare times.

import type { MemberId } from '../../raft/core/types.ts';

/** Words of each member that are remembered: four seconds of them by default. */
const KEPT = 8;
const WARNING_MS = 1_000;
const ALARM_MS = 10_000;

export class ClockOffsets {
  readonly #samples = new Map<MemberId, readonly number[]>();

  /** @param theirMs what that clock showed when the word was sent, and `ownMs` this one when it came; Unix ms */
  heard(member: MemberId, theirMs: number, ownMs: number): void {
    this.#samples.set(member, [...(this.#samples.get(member) ?? []), theirMs - ownMs].slice(-KEPT));
  }

  /** By how much that clock is ahead, ms: the word that was on its way for the shortest time says it best. Undefined: it said nothing. */
  of(member: MemberId): number | undefined {
    const samples = this.#samples.get(member);
    return samples && Math.max(...samples);
  }
}

export type ClockTrouble = 'none' | 'warning' | 'alarm';

export function clockTrouble(offsetMs: number | undefined): ClockTrouble {
  const apartMs = Math.abs(offsetMs ?? 0);
  return apartMs > ALARM_MS ? 'alarm' : apartMs > WARNING_MS ? 'warning' : 'none';
}

export function clockText(offsetMs: number): string {
  const seconds = (Math.abs(offsetMs) / 1_000).toFixed(1);
  return `the clock of this node is ${seconds} s ${offsetMs > 0 ? 'behind' : 'ahead of'} that of the leader`;
}
