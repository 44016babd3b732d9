import { drawStatus, drawTabulated, drawTopology } from '../../http/ascii-topology.ts';
import { matchesServer } from '../../recovery/filters.ts';
import { type ClusterSnapshot, primariesOf, replicasOf } from '../../topology/cluster.ts';
import { controlReplicas, heuristicLagSeconds, rowLoggingReplicas } from '../../topology/control-replicas.ts';
import { LOST_IN_RECOVERY } from '../../topology/downtime.ts';
import { sourceKey, type WatchedInstance } from '../../topology/instance.ts';
import { compareKeys, keyText } from '../../topology/instance-key.ts';
import { type Listed, listByCluster, listInstances, matchesSearch } from '../../topology/listing.ts';
import { type Command, type CommandContext, fail, required } from '../command.ts';
import { drawing } from './drawing.ts';
import { RECORDED, recordedTopology } from './recorded-topology.ts';
import { regularExpression } from './regular-expression.ts';

const CLUSTER = '-alias CLUSTER | -i HOST[:PORT]';

/** Reading the inventory: clusters, servers, drawings. */
export const INFORMATION: readonly Command[] = [
  {
    name: 'find',
    section: 'Information',
    summary: 'Find instances whose host:port matches a regular expression',
    options: '-pattern! REGEXP',
    run: (context) => {
      const expression = regularExpression(required(context, 'pattern'));
      return keysOf(listed(context).filter(({ watched }) => expression.test(keyText(watched.instance.key))));
    },
  },
  {
    name: 'search',
    section: 'Information',
    summary: 'Search instances by part of host, cluster, alias or version, or by exact server id or port',
    options: '-pattern! TEXT',
    run: (context) => {
      const text = required(context, 'pattern');
      return keysOf(listed(context).filter((one) => matchesSearch(one, text)));
    },
  },
  {
    name: 'clusters',
    section: 'Information',
    summary: 'List all cluster names',
    options: '',
    run: ({ world }) => {
      const names = world.snapshots().map(({ name }) => name);
      return names.length === 0 ? [''] : names;
    },
  },
  {
    name: 'clusters-alias',
    section: 'Information',
    summary: 'List all cluster names with their aliases',
    options: '',
    run: ({ world }) => world.snapshots().map(({ name, alias }) => `${name}\t${alias}`),
  },
  {
    name: 'all-clusters-masters',
    section: 'Information',
    summary: 'List the writable master of each cluster',
    options: '',
    run: ({ world }) =>
      world
        .snapshots()
        .flatMap((snapshot) => {
          const primary = primariesOf(snapshot).find(({ instance }) => !instance.readOnly);
          return primary === undefined ? [] : [primary];
        })
        .map(nameOf),
  },
  {
    name: 'topology',
    section: 'Information',
    summary: 'Draw the replication tree of a cluster',
    options: `${CLUSTER} [-pattern REGEXP]`,
    notes: RECORDED,
    each: true,
    run: async (context) =>
      (await recordedTopology(context)) ?? drawTopology(context.select.cluster(), drawing(context)).split('\n'),
  },
  {
    name: 'topology-tabulated',
    section: 'Information',
    summary: 'Draw the replication tree of a cluster in columns separated by |',
    options: `${CLUSTER} [-pattern REGEXP]`,
    notes: RECORDED,
    each: true,
    run: async (context) =>
      (await recordedTopology(context)) ?? drawTabulated(context.select.cluster(), drawing(context)).split('\n'),
  },
  {
    name: 'all-instances',
    section: 'Information',
    summary: 'List all known instances',
    options: '',
    run: (context) => keysOf(listed(context)),
  },
  {
    name: 'which-instance',
    section: 'Information',
    summary: 'Print the full host:port of an instance',
    options: '-i HOST[:PORT]',
    each: true,
    run: ({ select }) => [nameOf(select.member().watched)],
  },
  {
    name: 'which-cluster',
    section: 'Information',
    summary: 'Print the name of the cluster an instance belongs to',
    options: CLUSTER,
    each: true,
    run: ({ select, log }) => {
      const found = select.optionalCluster();
      if (found === undefined) log.error({}, 'This host belongs to no cluster: name one with -i or -alias');
      return [found?.name ?? ''];
    },
  },
  {
    name: 'which-cluster-alias',
    section: 'Information',
    summary: 'Print the alias of a cluster, its name where it has none',
    options: CLUSTER,
    each: true,
    run: ({ select }) => [select.cluster().alias],
  },
  {
    name: 'which-cluster-domain',
    section: 'Information',
    summary: 'Print the domain name of a cluster',
    options: CLUSTER,
    each: true,
    run: ({ select }) => [select.cluster().domain],
  },
  {
    name: 'which-cluster-master',
    section: 'Information',
    summary: 'Print the master of a cluster, also a read-only one',
    options: CLUSTER,
    each: true,
    run: ({ select }) => {
      const snapshot = select.cluster();
      const [primary] = primariesOf(snapshot);
      return primary === undefined ? fail(`No masters found for cluster ${snapshot.name}`) : [nameOf(primary)];
    },
  },
  {
    name: 'which-cluster-instances',
    section: 'Information',
    summary: 'List the instances of a cluster',
    options: CLUSTER,
    each: true,
    run: ({ select }) => byKey(select.cluster().members).map(nameOf),
  },
  {
    name: 'which-cluster-osc-replicas',
    synonyms: ['which-cluster-osc-slaves'],
    section: 'Information',
    summary: 'List the replicas whose lag an online schema change should watch',
    options: CLUSTER,
    each: true,
    run: (context) => controls(context, context.select.cluster()).map(nameOf),
  },
  {
    name: 'which-cluster-gh-ost-replicas',
    synonyms: ['which-cluster-gh-ost-slaves'],
    section: 'Information',
    summary: 'List the replicas that gh-ost could work on',
    options: CLUSTER,
    each: true,
    run: ({ select }) => byKey(rowLoggingReplicas(select.cluster())).map(nameOf),
  },
  {
    name: 'which-master',
    section: 'Information',
    summary: 'Print the master of an instance, nothing where it has none',
    options: '-i HOST[:PORT]',
    each: true,
    run: ({ select }) => {
      const source = sourceKey(select.member().watched.instance);
      return source === undefined ? [] : [keyText(source)];
    },
  },
  {
    name: 'which-replicas',
    synonyms: ['which-slaves'],
    section: 'Information',
    summary: 'List the replicas of an instance',
    options: '-i HOST[:PORT]',
    each: true,
    run: ({ select }) => replicas(select).map(nameOf),
  },
  {
    name: 'which-broken-replicas',
    section: 'Information',
    summary: 'List the replicas of an instance that stopped with an error',
    options: '-i HOST[:PORT]',
    each: true,
    run: ({ select }) =>
      replicas(select)
        .filter(({ instance: { replication } }) => {
          if (replication === undefined) return false;
          const stopped = replication.receiver !== 'running' || replication.applier !== 'running';
          return stopped && (replication.receiverError !== '' || replication.applierError !== '');
        })
        .map(nameOf),
  },
  {
    name: 'which-downtimed-instances',
    section: 'Information',
    summary: 'List the instances in downtime, of one cluster or of all',
    options: `[${CLUSTER}]`,
    each: true,
    run: (context) => keysOf(downtimed(context, context.select.optionalCluster())),
  },
  {
    name: 'which-lost-in-recovery',
    section: 'Information',
    summary: 'List the instances that a recovery left behind',
    options: '',
    run: (context) =>
      keysOf(
        downtimed(context).filter(
          ({ snapshot, watched }) => snapshot.downtimes.get(keyText(watched.instance.key))?.reason === LOST_IN_RECOVERY,
        ),
      ),
  },
  {
    name: 'instance-status',
    section: 'Information',
    summary: 'Print the state of an instance as the topology shows it',
    options: '-i HOST[:PORT]',
    each: true,
    run: (context) => {
      const { snapshot, watched } = context.select.member();
      return [drawStatus(snapshot, watched, drawing(context))];
    },
  },
  {
    name: 'get-cluster-heuristic-lag',
    section: 'Information',
    summary: 'Print the largest lag, in seconds, among the replicas an online schema change should watch',
    options: CLUSTER,
    each: true,
    run: (context) => {
      const snapshot = context.select.cluster();
      const lag = heuristicLagSeconds(controls(context, snapshot));
      return lag === undefined ? fail(`No replica of cluster ${snapshot.name} has a known lag`) : [String(lag)];
    },
  },
];

function listed({ world }: CommandContext): readonly Listed[] {
  return listInstances(world.snapshots());
}

function keysOf(members: readonly Listed[]): readonly string[] {
  return members.map(({ watched }) => nameOf(watched));
}

function nameOf({ instance }: WatchedInstance): string {
  return keyText(instance.key);
}

function byKey(members: readonly WatchedInstance[]): readonly WatchedInstance[] {
  return [...members].sort((a, b) => compareKeys(a.instance.key, b.instance.key));
}

/** Of an unknown server: none. */
function replicas(select: CommandContext['select']): readonly WatchedInstance[] {
  const key = select.key();
  const found = select.find(key);
  return found === undefined ? [] : replicasOf(found.snapshot, key);
}

function downtimed({ world }: CommandContext, only?: ClusterSnapshot): readonly Listed[] {
  return listByCluster(only === undefined ? world.snapshots() : [only]).filter(({ snapshot, watched }) =>
    snapshot.downtimes.has(keyText(watched.instance.key)),
  );
}

function controls({ world }: CommandContext, snapshot: ClusterSnapshot): readonly WatchedInstance[] {
  const filters = world.config.OSCIgnoreHostnameFilters;
  return controlReplicas(snapshot, ({ instance }) => filters.some((filter) => matchesServer(filter, instance.key)));
}
