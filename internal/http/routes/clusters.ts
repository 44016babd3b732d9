import { matchesServer } from '../../recovery/filters.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import { type ClusterSnapshot, primariesOf } from '../../topology/cluster.ts';
import { controlReplicas } from '../../topology/control-replicas.ts';
import type { WatchedInstance } from '../../topology/instance.ts';
import { compareKeys } from '../../topology/instance-key.ts';
import { drawTabulated, drawTopology, tagsByServer } from '../ascii-topology.ts';
import { Listing } from '../listing.ts';
import type { Request } from '../request.ts';
import { act, bare, envelope, type HttpServerDeps, type Route, tell } from '../route.ts';
import { wireClusterInfo } from '../wire/cluster.ts';
import { wireInstance } from '../wire/instance.ts';
import { encodeInstance } from '../wire/instance-json.ts';

/** Clusters: their names, members, primaries and drawings. */
export function clusterRoutes({ services, settings, clock }: HttpServerDeps): readonly Route[] {
  const contextOf = (snapshot: ClusterSnapshot) => ({ ...settings, snapshot, nowMs: clock.nowMs() });
  const wireMember = (snapshot: ClusterSnapshot, member: WatchedInstance) => wireInstance(member, contextOf(snapshot));
  const wire = (snapshot: ClusterSnapshot, members: readonly WatchedInstance[] = snapshot.members) =>
    new Listing(
      () => [...members].sort((a, b) => compareKeys(a.instance.key, b.instance.key)),
      (member, json) => encodeInstance(member, contextOf(snapshot), json),
    );
  const info = (snapshot: ClusterSnapshot) => wireClusterInfo(snapshot, services.clusterFlags(snapshot));
  const drawing = (form: '' | '-tabulated' | '-tags'): readonly Route[] =>
    [`topology${form}/:clusterHint`, `topology${form}/:host/:port`].map((path) =>
      tell(path, async (request) => {
        const snapshot = request.cluster();
        const options = { ...settings, nowMs: clock.nowMs() };
        const drawn =
          form === '-tabulated'
            ? drawTabulated(snapshot, options)
            : drawTopology(snapshot, options, form === '-tags' ? tagsByServer(await services.tags()) : undefined);
        return envelope('OK', `Topology for cluster ${snapshot.name}`, drawn);
      }),
    );
  return [
    bare('clusters', () => services.snapshots().map(({ name }) => name)),
    bare('clusters-info', () => services.snapshots().map(info)),
    bare('cluster-info/:clusterHint', (request) => info(request.cluster())),
    bare('cluster-info/alias/:clusterAlias', (request) => info(request.clusterByAlias())),
    bare('cluster/:clusterHint', (request) => wire(request.cluster())),
    bare('cluster/alias/:clusterAlias', (request) => wire(request.clusterByAlias())),
    bare('cluster/instance/:host/:port', (request) => wire(request.cluster())),
    bare('cluster-osc-replicas/:clusterHint', (request) => controls(request.cluster())),
    bare('masters', () => services.snapshots().flatMap(writable)),
    bare('master/:clusterHint', (request) => primary(request.cluster())),
    ...drawing(''),
    ...drawing('-tabulated'),
    ...drawing('-tags'),
    act('set-cluster-alias/:clusterName', setAlias),
    act('reload-cluster-alias', () => envelope('ERROR', 'This API call has been retired')),
  ];

  /** The cluster need not be known. Without an alias the servers are asked again. */
  async function setAlias(request: Request) {
    const [name, alias] = [request.text('clusterName'), request.query('alias')];
    await services.setAliasOverride(name, alias === '' ? undefined : alias);
    return envelope('OK', `Cluster ${name} now has alias '${alias}'`);
  }

  function controls(snapshot: ClusterSnapshot) {
    const ignored = ({ instance }: WatchedInstance) =>
      settings.filters.controlIgnore.some((filter) => matchesServer(filter, instance.key));
    return wire(snapshot, controlReplicas(snapshot, ignored));
  }

  function writable(snapshot: ClusterSnapshot) {
    const found = primariesOf(snapshot).find(({ instance }) => !instance.readOnly);
    return found === undefined ? [] : [wireMember(snapshot, found)];
  }

  function primary(snapshot: ClusterSnapshot) {
    const [found] = primariesOf(snapshot);
    if (found === undefined) throw new OrchestratorError('NOT_FOUND', `No masters found for cluster ${snapshot.name}`);
    return wireMember(snapshot, found);
  }
}
