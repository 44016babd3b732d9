import { type ClusterSnapshot, primariesOf } from '../../topology/cluster.ts';
import { type InstanceKey, keyText } from '../../topology/instance-key.ts';
import { type Command, type CommandContext, fail } from '../command.ts';

const CLUSTER = '-alias CLUSTER | -i HOST[:PORT]';

/** The server that takes the writes of a domain. */
export const DOMAINS: readonly Command[] = [
  {
    name: 'which-heuristic-domain-instance',
    section: 'Information',
    summary: "Print the master that takes the writes of a cluster's domain",
    options: CLUSTER,
    notes: 'Of a cluster that has a domain (DetectClusterDomainQuery), and one writable master.',
    each: true,
    run: ({ select }) => [keyText(writerOf(select.cluster()).key)],
  },
  {
    name: 'set-heuristic-domain-instance',
    section: 'Instance, meta',
    summary: "Store the master that takes the writes of a cluster's domain in the table host_attributes",
    options: CLUSTER,
    notes: 'For programs that read that table; which-heuristic-domain-instance needs it not.',
    each: true,
    run: async (context) => {
      const { domain, key } = writerOf(context.select.cluster());
      if (isInGroup(context))
        fail(
          'RaftEnabled is set: the table is kept alike on all nodes, and nothing is written into that of one of them',
        );
      await context.world.store.names.attribute(domain, keyText(key));
      return [keyText(key)];
    },
  },
];

/** Of what is known now: a name that was stored once would outlive the next failover. */
function writerOf(snapshot: ClusterSnapshot): { readonly domain: string; readonly key: InstanceKey } {
  const { domain, name } = snapshot;
  if (domain === '') fail(`Cluster ${name} has no domain name`);
  const writable = primariesOf(snapshot).filter(({ instance }) => !instance.readOnly);
  const [only] = writable;
  if (only === undefined || writable.length > 1)
    return fail(`Cluster ${name} has ${writable.length} writable masters, not one`);
  return { domain, key: only.instance.key };
}

function isInGroup({ world, arguments: given }: CommandContext): boolean {
  return world.config.RaftEnabled && !given.on('ignore-raft-setup');
}
