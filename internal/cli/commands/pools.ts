import { keyText } from '../../topology/instance-key.ts';
import { pooledServers, poolsOf } from '../../topology/pools.ts';
import { type Command, required } from '../command.ts';

/** Pools of servers. */
export const POOLS: readonly Command[] = [
  {
    name: 'submit-pool-instances',
    section: 'Pools',
    summary: 'Put these instances into a pool, in the place of those that were in it',
    options: '-pool! NAME -i! HOST[:PORT],...',
    notes:
      'They stay in it for InstancePoolExpiryMinutes. A part of a host name will do where it is that of one instance.',
    run: async (context) => {
      const pool = required(context, 'pool');
      await (await context.actions()).submitPool(pool, required(context, 'i'));
      return [];
    },
  },
  {
    name: 'cluster-pool-instances',
    section: 'Pools',
    summary: 'List all pools with their instances: cluster, alias, pool and instance, separated by tabs',
    options: '',
    run: ({ world }) =>
      world
        .snapshots()
        .flatMap((snapshot) =>
          [...poolsOf(snapshot, world.pools())].flatMap(([pool, keys]) =>
            keys.map((key) => [snapshot.name, snapshot.alias, pool, keyText(key)].join('\t')),
          ),
        ),
  },
  {
    name: 'which-heuristic-cluster-pool-instances',
    section: 'Pools',
    summary: 'List the instances of a cluster that are in a pool, or in any, and can be read from',
    options: '-alias CLUSTER | -i HOST[:PORT] [-pool NAME]',
    notes: 'Those whose last check went well; no binlog servers.',
    each: true,
    run: ({ select, world, arguments: given }) =>
      pooledServers(select.cluster(), world.pools(), given.text('pool') || undefined).map(({ instance }) =>
        keyText(instance.key),
      ),
  },
];
