import type { FailoverPlan, FailoverRequest } from '../plan.ts';

/** @param reasons in words, for people */
export function noPlan({ snapshot, failed }: FailoverRequest, reasons: readonly string[]): FailoverPlan {
  return { kind: 'none', cluster: snapshot.name, failed, reasons };
}
