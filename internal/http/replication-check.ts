import type { Instance } from '../topology/instance.ts';
import type { Listed } from '../topology/listing.ts';
import { whyNotByGtid } from '../topology/relocation-plan.ts';
import { whyCannotReplicateFrom } from '../topology/replication-rules.ts';
import type { HttpSettings } from './ports.ts';

/** Why this server cannot replicate from that one; undefined: it can. */
export function whyNotBelow(
  replica: Instance,
  source: Listed,
  { byGtid, replicationRules }: { readonly byGtid: boolean } & Pick<HttpSettings, 'replicationRules'>,
): string | undefined {
  const pair = [replica, source.watched.instance] as const;
  return (
    whyCannotReplicateFrom(...pair, { ...replicationRules, snapshot: source.snapshot }) ??
    (byGtid ? whyNotByGtid(...pair) : undefined)
  );
}
