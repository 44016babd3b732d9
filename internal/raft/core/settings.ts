import assert from 'node:assert/strict';

/** The same on all nodes of a group. Times in ms on the monotonic clock. Defaults and bounds: raft reference 2.13 and 2.20. */
export interface RaftSettings {
  readonly heartbeatMs: number;
  /** T: election time-outs are drawn from [T, 2T). */
  readonly electionTimeoutMs: number;
  /** A leader that a quorum has not answered for this long steps down. */
  readonly leaderLeaseMs: number;

  readonly maxBatchEntries: number;
  readonly maxBatchBytes: number;
  readonly maxInflightMessages: number;
  readonly maxInflightBytes: number;

  readonly maxEntryBytes: number;
  readonly maxUncommittedEntries: number;
  readonly maxUncommittedBytes: number;
  /** Part of the backlog that only urgent proposals may use, so that a flood of others cannot block a failover. */
  readonly reservedShare: number;
  readonly maxPendingReads: number;

  readonly maxVoters: number;
  readonly maxLearners: number;
  readonly autoPromote: boolean;
  /** A learner is promoted after being at most this many entries behind for `promotionHoldMs`. */
  readonly promotionLagEntries: number;
  readonly promotionHoldMs: number;

  readonly snapshotEntries: number;
  readonly snapshotLogBytes: number;
  readonly snapshotIntervalMs: number;
  /** Entries kept behind a snapshot for followers that lag; while one catches up, as many as fit into `trailingMaxBytes`. */
  readonly trailingEntries: number;
  readonly trailingMaxBytes: number;
  readonly chunkBytes: number;
  readonly maxSnapshotTransfers: number;
  readonly snapshotStallMs: number;
}

const MIB = 2 ** 20;

export const DEFAULT_SETTINGS: RaftSettings = {
  heartbeatMs: 150,
  electionTimeoutMs: 1000,
  leaderLeaseMs: 700,
  maxBatchEntries: 64,
  maxBatchBytes: MIB,
  maxInflightMessages: 16,
  maxInflightBytes: 4 * MIB,
  maxEntryBytes: MIB,
  maxUncommittedEntries: 10_000,
  maxUncommittedBytes: 64 * MIB,
  reservedShare: 0.1,
  maxPendingReads: 10_000,
  maxVoters: 5,
  maxLearners: 20,
  autoPromote: true,
  promotionLagEntries: 64,
  promotionHoldMs: 10_000,
  snapshotEntries: 8192,
  snapshotLogBytes: 64 * MIB,
  snapshotIntervalMs: 30 * 60_000,
  trailingEntries: 10_240,
  trailingMaxBytes: 256 * MIB,
  chunkBytes: 256 * 1024,
  maxSnapshotTransfers: 2,
  snapshotStallMs: 30_000,
};

/** Settings under which the rules about leases and elections hold. Bounds that are a matter of taste are the configuration's to check. */
export function checkSettings(settings: RaftSettings): void {
  assert(settings.heartbeatMs > 0, 'heartbeats need an interval');
  assert(settings.electionTimeoutMs >= 5 * settings.heartbeatMs, 'an election time-out spans at least five heartbeats');
  assert(
    settings.leaderLeaseMs <= 0.9 * settings.electionTimeoutMs,
    'the lease ends before anyone may vote for another',
  );
  assert(settings.maxBatchEntries > 0 && settings.maxInflightMessages > 0, 'nothing could ever be sent');
}
