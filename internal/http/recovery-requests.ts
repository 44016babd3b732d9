// Recoveries that a person asks for, as both faces of the API have it.

import type { RecoveryRecord } from '../recovery/book.ts';
import { type ClusterSnapshot, leaderOf } from '../topology/cluster.ts';
import type { InstanceKey } from '../topology/instance-key.ts';
import type { Listed } from '../topology/listing.ts';
import type { Services } from './ports.ts';

/** `repeated`: it was executed a moment ago, for an earlier call. `none`: nothing was done, and why. */
export type RecoveryAnswer =
  | { readonly kind: 'executed' | 'repeated'; readonly record: RecoveryRecord }
  | { readonly kind: 'none'; readonly reason: string };

/** @param member the server as it is now: it is looked up again after what was waited for */
export async function recoverServer(
  services: Pick<Services, 'recover' | 'repeatedRecovery'>,
  member: () => Listed,
  options: { readonly designated?: InstanceKey; readonly skipHooks: boolean },
): Promise<RecoveryAnswer> {
  const before = member();
  const { key } = before.watched.instance;
  const repeated = await services.repeatedRecovery(before.snapshot.name, key);
  if (repeated !== undefined) return { kind: 'repeated', record: repeated };
  const done = await services.recover(member().snapshot, key, options);
  if (done?.kind === 'recovered') return { kind: 'executed', record: done.record };
  return {
    kind: 'none',
    reason: done === undefined ? 'there is nothing to recover' : `${done.gate.name}: ${done.gate.value}`,
  };
}

/** Replaces the primary of a cluster, whether it answers or not. */
export async function forceFailover(
  services: Pick<Services, 'recover'>,
  snapshot: ClusterSnapshot,
  options: {
    readonly command: 'force-master-failover' | 'force-master-takeover';
    readonly designated?: InstanceKey;
  },
): Promise<(RecoveryAnswer & { readonly failed: InstanceKey }) | { readonly kind: 'ambiguous' }> {
  const primary = leaderOf(snapshot);
  if (primary === undefined) return { kind: 'ambiguous' };
  const failed = primary.instance.key;
  const done = await services.recover(snapshot, failed, { code: 'DeadMaster', ...options });
  if (done?.kind === 'recovered') return { kind: 'executed', record: done.record, failed };
  return { kind: 'none', reason: done?.gate.value ?? 'nothing to recover', failed };
}
