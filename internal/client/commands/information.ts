import type { Part } from '../answer.ts';
import type { ApiCommand, Need, Pieces } from '../command.ts';
import * as print from '../printing.ts';

const section = 'Discovery and information';
const onInstance = ({ instance }: Pieces) => instance;
const onCluster = ({ cluster }: Pieces) => cluster;

/** `route/H`, `route/A` or `route` alone. */
function row(
  name: string,
  needs: readonly ('instance' | 'cluster')[],
  route: string,
  summary: string,
  how: ApiCommand['print'],
): ApiCommand {
  const end = needs[0] === 'instance' ? onInstance : onCluster;
  const path = needs.length === 0 ? () => route : (pieces: Pieces) => `${route}/${end(pieces)}`;
  return { name, section, summary, needs: needs satisfies readonly Need[], path, print: how };
}

const ofInstance = ['instance'] as const;
const ofCluster = ['cluster'] as const;

/** Reading what the API knows of clusters and servers, and telling it of new ones. */
export const INFORMATION: readonly ApiCommand[] = [
  {
    ...row(
      'discover',
      ofInstance,
      'discover',
      'Read an instance now and keep it; its source and replicas follow',
      print.keyOfInstance,
    ),
    changes: true,
  },
  {
    ...row(
      'async-discover',
      ofInstance,
      'async-discover',
      'Have an instance read soon, without waiting for it',
      print.keyOfInstance,
    ),
    changes: true,
  },
  {
    ...row('forget', ofInstance, 'forget', 'Forget an instance; discovery may find it again', print.nothing),
    changes: true,
  },
  {
    ...row('forget-cluster', ofCluster, 'forget-cluster', 'Forget all instances of a cluster', print.nothing),
    changes: true,
  },
  row('topology', ofCluster, 'topology', 'Draw the replication tree of a cluster', print.text),
  row('topology-tabulated', ofCluster, 'topology-tabulated', 'Draw the tree in columns separated by |', print.text),
  row('topology-tags', ofCluster, 'topology-tags', 'Draw the tree with the tags of each instance', print.text),
  {
    ...row(
      'snapshot-topologies',
      [],
      'snapshot-topologies',
      'Record who replicates from whom, for history',
      print.text,
    ),
    changes: true,
  },
  row('clusters', [], 'clusters-info', 'List the names of all clusters', ({ data }) =>
    data.list().map((one) => one.field('ClusterName').text()),
  ),
  row(
    'clusters-alias',
    [],
    'clusters-info',
    'List the names of all clusters with their aliases, as name,alias',
    ({ data }) => data.list().map((one) => `${one.field('ClusterName').text()},${one.field('ClusterAlias').text()}`),
  ),
  {
    name: 'search',
    section,
    summary: 'Search instances by part of host, cluster, alias or version, or by exact server id or port',
    needs: ['text'],
    path: ({ of }) => `search?s=${of('instance')}`,
    print: print.keysOfInstances,
  },
  row('instance', ofInstance, 'instance', 'Print the full host:port of an instance', print.keyOfInstance),
  row('which-instance', ofInstance, 'instance', 'The same', print.keyOfInstance),
  {
    ...row('which-master', ofInstance, 'instance', 'Print the master of an instance', ({ data }) => [
      data.field('MasterKey').key(),
    ]),
    notes: 'Prints :0 for a master.',
  },
  row('which-replicas', ofInstance, 'instance-replicas', 'List the replicas of an instance', print.keysOfInstances),
  row(
    'which-broken-replicas',
    ofInstance,
    'instance-replicas',
    'List the replicas of an instance that stopped with an error',
    print.instancesWhere(isBroken),
  ),
  row('which-cluster-instances', ofCluster, 'cluster', 'List the instances of a cluster', print.keysOfInstances),
  row(
    'which-cluster',
    ofCluster,
    'cluster-info',
    'Print the name of the cluster an instance belongs to',
    print.field('ClusterName'),
  ),
  row('which-cluster-alias', ofCluster, 'cluster-info', 'Print the alias of a cluster', print.field('ClusterAlias')),
  {
    ...row(
      'which-cluster-master',
      ofCluster,
      'master',
      'Print the name of the cluster whose master is known',
      print.field('ClusterName'),
    ),
    notes: 'As the established client does: the name of the cluster, not the key of the master (all-clusters-masters).',
  },
  row('all-clusters-masters', [], 'masters', 'List the writable master of each cluster', print.keysOfInstances),
  row('all-instances', [], 'all-instances', 'List all known instances', print.keysOfInstances),
  row(
    'which-cluster-osc-replicas',
    ofCluster,
    'cluster-osc-replicas',
    'List the replicas whose lag an online schema change should watch',
    print.keysOfInstances,
  ),
  row(
    'which-cluster-osc-running-replicas',
    ofCluster,
    'cluster-osc-replicas',
    'The same, those only that replicate',
    print.instancesWhere(print.bothRunning),
  ),
  {
    name: 'downtimed',
    section,
    summary: 'List the instances in downtime, of one cluster or of all',
    needs: [],
    takes: ['alias', 'instance'],
    path: ({ cluster }) => (cluster === '' ? 'downtimed' : `downtimed/${cluster}`),
    print: print.keysOfInstances,
  },
  row('dominant-dc', [], 'masters', 'Print the data center where most masters are', ({ data }) =>
    dominant(data.list().map((one) => one.field('DataCenter').text())),
  ),
  {
    name: 'submit-masters-to-kv-stores',
    section,
    summary: 'Write who the masters are to the key-value stores, of one cluster or of all',
    needs: [],
    takes: ['alias'],
    path: ({ of }) =>
      of('alias') === '' ? 'submit-masters-to-kv-stores' : `submit-masters-to-kv-stores/${of('alias')}`,
    print: ({ data }) => data.list().map((one) => `${one.field('Key').text()}:${one.field('Value').text()}`),
    changes: true,
  },
  row(
    'is-replicating',
    ofInstance,
    'instance',
    'Print the instance if both its replication threads run',
    print.threadsIn(1),
  ),
  row(
    'is-replication-stopped',
    ofInstance,
    'instance',
    'Print the instance if both its replication threads are stopped',
    print.threadsIn(0),
  ),
  row(
    'which-gtid-errant',
    ofInstance,
    'instance',
    'Print the errant transactions of a replica, as they were read last',
    print.field('GtidErrant'),
  ),
  row(
    'replication-analysis',
    [],
    'replication-analysis',
    'List what is wrong with any cluster, what is in downtime included',
    ({ data }) => data.list().map(finding),
  ),
];

function isBroken(replica: Part): boolean {
  const errors = ['LastSQLError', 'LastIOError'].some((name) => replica.field(name).text() !== '');
  return errors && !print.bothRunning(replica);
}

/** Of several that are as frequent the last one, as text. */
function dominant(centers: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const center of centers) counts.set(center, (counts.get(center) ?? 0) + 1);
  const [first] = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? 1 : -1));
  return first === undefined ? [] : [first[0]];
}

/** One code: what is wrong, or the first warning where nothing is. */
function finding(entry: Part): string {
  const code = entry.field('Analysis').text();
  const [warning] = code === 'NoProblem' ? entry.field('StructureAnalysis').list() : [];
  const shown = code === 'NoProblem' ? (warning?.text() ?? '') : code;
  const cluster = entry.field('ClusterDetails').field('ClusterName').text();
  return `${entry.field('AnalyzedInstanceKey').key()} (cluster ${cluster}): ${shown}`;
}
