import { randomBytes } from 'node:crypto';
import type { Clock } from '../runtime/clock.ts';

/** `<unix nanoseconds>:<64 hex digits>`, the contract's form of a recovery's identity. */
export function newRecoveryUid(clock: Clock): string {
  return `${BigInt(Math.floor(clock.nowMs())) * 1_000_000n}:${randomBytes(32).toString('hex')}`;
}
