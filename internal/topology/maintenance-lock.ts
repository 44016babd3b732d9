/** Keeps automation away from one server. Times are wall-clock milliseconds. */
export interface MaintenanceLock {
  readonly owner: string;
  readonly reason: string;
  readonly beginMs: number;
  readonly endMs: number;
  /** Asked for by a person: outlives the node that took it. */
  readonly bounded: boolean;
}
