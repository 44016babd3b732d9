import { DEFAULT_SETTINGS, type RaftSettings } from '../../internal/raft/core/settings.ts';
import type { SeededRandom } from './random.ts';

export const FAULT_FAMILIES = ['network', 'process', 'disk', 'clock', 'operations'] as const;
export type FaultFamily = (typeof FAULT_FAMILIES)[number];

/** What one run is like, drawn from its seed before anything happens. Times in virtual ms. */
export interface Plan {
  readonly founders: number;
  readonly families: readonly FaultFamily[];
  readonly settings: RaftSettings;
  readonly tickMs: number;
  /** One way over the network, least and most. */
  readonly delayMs: readonly [number, number];
  readonly lossShare: number;
  readonly copiesShare: number;
  readonly ordered: boolean;
  /** Random numbers come from [0, this): where it is small, time-outs are nearly equal and elections collide. */
  readonly spread: number;
  /** Of one sync; now and then it takes longer. */
  readonly syncMs: readonly [number, number];
  readonly slowSyncMs: number;
  /** Chance of a crash at each point where a step can be torn. */
  readonly tornStepShare: number;
  /** Between two faults, and between two requests of clients. */
  readonly faultEveryMs: number;
  readonly requestEveryMs: number;
  readonly safetyMs: number;
}

export function drawPlan(random: SeededRandom): Plan {
  const families = drawFamilies(random);
  const has = (family: FaultFamily) => families.includes(family);
  const settings = drawSettings(random);
  const { electionTimeoutMs, heartbeatMs } = settings;
  const slowNetwork = has('network') && random.chance(0.3);
  return {
    founders: random.pick([1, 2, 3, 3, 3, 4, 5, 5, 5, 7]),
    families,
    settings,
    tickMs: heartbeatMs / 3,
    delayMs: slowNetwork ? [1, electionTimeoutMs / 8] : [0.2, random.between(1, heartbeatMs / 4)],
    lossShare: has('network') ? random.pick([0, 0.02, 0.1, 0.3]) : 0,
    copiesShare: has('network') ? random.pick([0, 0.02, 0.1]) : 0,
    ordered: random.chance(0.5),
    spread: random.pick([1, 1, 0.2, 0.02]),
    syncMs: [0.1, random.between(1, heartbeatMs / 5)],
    slowSyncMs: has('disk') ? random.between(1, 2 * electionTimeoutMs) : 5,
    tornStepShare: has('process') && has('disk') ? random.pick([0, 0.0005, 0.002]) : 0,
    faultEveryMs: random.between(0.3, 3) * electionTimeoutMs,
    requestEveryMs: random.between(0.02, 0.3) * electionTimeoutMs,
    safetyMs: 60 * electionTimeoutMs,
  };
}

/** Some runs are calm, some have faults of one kind, most have several at once. */
function drawFamilies(random: SeededRandom): readonly FaultFamily[] {
  const kind = random.whole(0, 9);
  if (kind === 0) return [];
  if (kind <= 3) return [random.pick(FAULT_FAMILIES)];
  if (kind <= 6) return FAULT_FAMILIES.filter(() => random.chance(0.6));
  return FAULT_FAMILIES;
}

function drawSettings(random: SeededRandom): RaftSettings {
  const electionTimeoutMs = random.pick([300, 1000, 1000, 5000]);
  const maxBatchEntries = random.pick([1, 2, 8, 64]);
  const maxInflightMessages = random.pick([1, 2, 16]);
  // A backlog that takes minutes to send says nothing about progress.
  const backlogs = maxBatchEntries * maxInflightMessages < 16 ? [10, 100] : [10, 100, 10_000];
  const chunkBytes = random.pick([16, 64, 1024]);
  const settings = {
    ...DEFAULT_SETTINGS,
    electionTimeoutMs,
    heartbeatMs: electionTimeoutMs / random.pick([5, 6, 10]),
    leaderLeaseMs: electionTimeoutMs * random.pick([0.5, 0.7, 0.7]),
    maxBatchEntries,
    maxBatchBytes: random.pick([64, 512, 2 ** 20]),
    maxInflightMessages,
    maxInflightBytes: random.pick([200, 4 * 2 ** 20]),
    maxUncommittedEntries: random.pick(backlogs),
    maxUncommittedBytes: random.pick([2000, 64 * 2 ** 20]),
    maxPendingReads: random.pick([5, 1000]),
    maxVoters: random.pick([3, 5, 7]),
    promotionLagEntries: random.pick([0, 4, 64]),
    promotionHoldMs: random.pick([0, 0.5, 3]) * electionTimeoutMs,
    snapshotEntries: random.pick([1, 8, 50, 400]),
    snapshotIntervalMs: random.pick([4, 1000]) * electionTimeoutMs,
    trailingEntries: random.pick([0, 2, 30]),
    trailingMaxBytes: random.pick([20_000, 256 * 2 ** 20]),
    chunkBytes,
    maxSnapshotTransfers: random.pick([1, 2]),
    snapshotStallMs: random.pick([2, 30]) * electionTimeoutMs,
  };
  const crawls =
    settings.maxInflightBytes < 1000 || (settings.maxBatchBytes < 100 && settings.maxInflightMessages < 16);
  return crawls ? { ...settings, maxUncommittedEntries: Math.min(100, settings.maxUncommittedEntries) } : settings;
}
