// When a downtime ends, by itself or because its reason is gone.

/** The reason that a recovery gives to the servers it left behind. */
export const LOST_IN_RECOVERY = 'lost-in-recovery';

/** How soon a lost server may be found again: its first reads after the recovery do not count, ms. */
const LOST_AT_LEAST_MS = 60_000;
/** The rest of a downtime at which one that must not run out is prolonged, as a share of its length. */
const RENEW_BELOW = 0.99;

export interface DowntimeSpan {
  readonly reason: string;
  readonly beginMs: number;
  readonly endMs: number;
}

/** A server that is to be left alone for a time, and who wants it so. */
export interface Downtime extends DowntimeSpan {
  readonly owner: string;
}

/** What is known of the server itself. */
export interface LostServer {
  /** Its newest read succeeded. */
  readonly valid: boolean;
  readonly replicating: boolean;
  /** At the top of its cluster, and nobody else at a top proposes the same cluster alias. */
  readonly soleTopOfAlias: boolean;
}

/**
 * `expired`: its time is over. `over`: the server was lost in a recovery and is back in place. `renew`: it is still lost, so
 * the downtime must not run out.
 */
export function downtimeFate(
  downtime: DowntimeSpan,
  server: LostServer,
  lostMs: number,
  nowMs: number,
): 'keep' | 'expired' | 'over' | 'renew' {
  if (downtime.endMs <= nowMs) return 'expired';
  if (downtime.reason !== LOST_IN_RECOVERY) return 'keep';
  const inPlace = server.valid && (server.replicating || server.soleTopOfAlias);
  if (inPlace && nowMs - downtime.beginMs >= LOST_AT_LEAST_MS) return 'over';
  return downtime.endMs - nowMs < RENEW_BELOW * lostMs ? 'renew' : 'keep';
}
