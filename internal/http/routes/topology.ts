import { type ClusterSnapshot, primariesOf } from '../../topology/cluster.ts';
import { keyText } from '../../topology/instance-key.ts';
import { drawTabulated, drawTopology } from '../ascii-topology.ts';
import { envelope, type HttpServerDeps, type Route } from '../route.ts';
import { wireAnalysis, wireClusterInfo } from '../wire/analysis.ts';
import { wireInstance } from '../wire/instance.ts';

/** Reading: clusters, instances, drawings, analysis. */
export function topologyRoutes({ services, settings, clock }: HttpServerDeps): readonly Route[] {
  const context = (snapshot: ClusterSnapshot) => ({ ...settings, snapshot, nowMs: clock.nowMs() });
  const instances = (snapshot: ClusterSnapshot) =>
    snapshot.members.map((member) => wireInstance(member, context(snapshot)));
  const drawing = () => ({ ...settings, nowMs: clock.nowMs() });
  const analyses = (snapshots: readonly ClusterSnapshot[], only?: string) =>
    snapshots.flatMap((snapshot) =>
      services
        .analyse(snapshot)
        .filter(({ code, structureWarnings }) => code !== 'NoProblem' || structureWarnings.length > 0)
        .filter(({ facts }) => only === undefined || keyText(facts.instance.key) === only)
        .map((analysis) =>
          wireAnalysis(analysis, snapshot, services.clusterFlags(snapshot), settings.node, clock.nowMs()),
        ),
    );
  const problems = (snapshots: readonly ClusterSnapshot[]) =>
    snapshots.flatMap(instances).filter(({ Problems }) => Problems.length > 0);
  return [
    { path: 'clusters', handle: () => services.snapshots().map(({ name }) => name) },
    {
      path: 'clusters-info',
      handle: () => services.snapshots().map((one) => wireClusterInfo(one, services.clusterFlags(one))),
    },
    { path: 'cluster-info/:clusterHint', handle: (request) => clusterInfo(request.cluster()) },
    { path: 'cluster/:clusterHint', handle: (request) => instances(request.cluster()) },
    { path: 'cluster/alias/:clusterHint', handle: (request) => instances(request.cluster()) },
    { path: 'cluster/instance/:host/:port', handle: (request) => instances(request.cluster()) },
    { path: 'instance/:host/:port', handle: (request) => one(request.member()) },
    { path: 'all-instances', handle: () => services.snapshots().flatMap(instances) },
    { path: 'search/:searchString', handle: (request) => search(request.text('searchString')) },
    { path: 'search', handle: (request) => search(request.query('s')) },
    { path: 'problems', handle: () => problems(services.snapshots()) },
    { path: 'problems/:clusterHint', handle: (request) => problems([request.cluster()]) },
    { path: 'masters', handle: () => services.snapshots().flatMap(writablePrimary) },
    { path: 'master/:clusterHint', handle: (request) => primary(request.cluster()) },
    { path: 'instance-replicas/:host/:port', handle: (request) => replicas(request.member()) },
    {
      path: 'topology/:clusterHint',
      handle: (request) =>
        envelope('OK', `Topology for cluster ${request.cluster().name}`, drawTopology(request.cluster(), drawing())),
    },
    {
      path: 'topology/:host/:port',
      handle: (request) =>
        envelope('OK', `Topology for cluster ${request.cluster().name}`, drawTopology(request.cluster(), drawing())),
    },
    {
      path: 'topology-tabulated/:clusterHint',
      handle: (request) =>
        envelope('OK', `Topology for cluster ${request.cluster().name}`, drawTabulated(request.cluster(), drawing())),
    },
    {
      path: 'topology-tabulated/:host/:port',
      handle: (request) =>
        envelope('OK', `Topology for cluster ${request.cluster().name}`, drawTabulated(request.cluster(), drawing())),
    },
    { path: 'replication-analysis', handle: () => envelope('OK', 'Analysis', analyses(services.snapshots())) },
    {
      path: 'replication-analysis/:clusterName',
      handle: (request) => envelope('OK', 'Analysis', analyses(named(request.text('clusterName')))),
    },
    {
      path: 'replication-analysis/instance/:host/:port',
      handle: (request) => envelope('OK', 'Analysis', analyses(services.snapshots(), keyText(request.key()))),
    },
    { path: 'lb-check', handle: () => 'OK' },
    { path: '_ping', handle: () => 'OK' },
    { path: 'leader-check', handle: () => 'OK' },
    { path: 'leader-check/:errorStatusCode', handle: () => 'OK' },
    { path: 'routed-leader-check', handle: () => 'OK' },
    { path: 'health', handle: () => health() },
    { path: 'status', handle: () => health() },
  ];

  function clusterInfo(snapshot: ClusterSnapshot) {
    return wireClusterInfo(snapshot, services.clusterFlags(snapshot));
  }

  function one({ snapshot, watched }: { snapshot: ClusterSnapshot; watched: ClusterSnapshot['members'][number] }) {
    return wireInstance(watched, context(snapshot));
  }

  function named(name: string) {
    return services.snapshots().filter((snapshot) => snapshot.name === name || snapshot.alias === name);
  }

  function search(text: string) {
    const matchesText = (wire: ReturnType<typeof wireInstance>) =>
      [
        wire.Key.Hostname,
        `${wire.Key.Hostname}:${wire.Key.Port}`,
        wire.ClusterName,
        wire.Version,
        wire.VersionComment,
        wire.InstanceAlias,
      ].some((value) => value.includes(text)) ||
      String(wire.Key.Port) === text ||
      String(wire.ServerID) === text;
    return services.snapshots().flatMap(instances).filter(matchesText);
  }

  function writablePrimary(snapshot: ClusterSnapshot) {
    const found = primariesOf(snapshot).find(({ instance }) => !instance.readOnly);
    return found === undefined ? [] : [wireInstance(found, context(snapshot))];
  }

  function primary(snapshot: ClusterSnapshot) {
    const [found] = primariesOf(snapshot);
    return found === undefined
      ? envelope('ERROR', `No masters found for cluster ${snapshot.name}`)
      : wireInstance(found, context(snapshot));
  }

  function replicas({ snapshot, watched }: { snapshot: ClusterSnapshot; watched: ClusterSnapshot['members'][number] }) {
    const text = keyText(watched.instance.key);
    return instances(snapshot).filter(
      ({ MasterKey }) => keyText({ hostname: MasterKey.Hostname, port: MasterKey.Port }) === text,
    );
  }

  function health() {
    const node = (backend: string) => ({
      Hostname: settings.node.hostname,
      Token: settings.node.token,
      AppVersion: '',
      FirstSeenActive: '',
      LastSeenActive: '',
      ExtraInfo: '',
      Command: '',
      DBBackend: backend,
      LastReported: '',
    });
    return envelope('OK', 'Application node is healthy', {
      Healthy: true,
      Hostname: settings.node.hostname,
      Token: settings.node.token,
      IsActiveNode: true,
      ActiveNode: node(''),
      Error: null,
      AvailableNodes: [node(settings.backend)],
      RaftLeader: '',
      IsRaftLeader: false,
      RaftLeaderURI: '',
      RaftAdvertise: '',
      RaftHealthyMembers: null,
    });
  }
}
