import type { InstanceKey } from '../topology/instance-key.ts';

/** One problem of one server, told to people and hooks once per active period. Times are wall-clock milliseconds. */
export interface DetectionRecord {
  readonly uid: string;
  readonly code: string;
  readonly failed: InstanceKey;
  readonly cluster: string;
  readonly alias: string;
  readonly replicas: readonly InstanceKey[];
  /** Whether the problem is of a kind that is recovered. */
  readonly actionable: boolean;
  readonly detectedMs: number;
}

/** An automatic recovery that another one, not long ago, keeps from starting. The newest per failed server counts. */
export interface BlockedRecord {
  readonly failed: InstanceKey;
  readonly code: string;
  readonly cluster: string;
  readonly alias: string;
  readonly atMs: number;
  readonly blockingUid: string;
}
