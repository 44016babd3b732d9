import { OrchestratorError } from '../../runtime/errors.ts';
import { compareKeys, keyText, sameKey } from '../../topology/instance-key.ts';
import { type Listed, listInstances, matchesSearch } from '../../topology/listing.ts';
import type { Bytes } from '../bytes.ts';
import { Listing } from '../listing.ts';
import type { Request } from '../request.ts';
import { act, bare, type EnvelopeHandler, envelope, type HttpServerDeps, type Route } from '../route.ts';
import { wireInstance } from '../wire/instance.ts';
import { encodeInstance } from '../wire/instance-json.ts';
import { wireKey } from '../wire/values.ts';

/** Servers one by one: finding them, reading them, letting go of them. */
export function instanceRoutes({ services, settings, clock }: HttpServerDeps): readonly Route[] {
  const contextOf = ({ snapshot }: Listed) => ({
    snapshot,
    nowMs: clock.nowMs(),
    pollSeconds: settings.pollSeconds,
    reasonableLagSeconds: settings.reasonableLagSeconds,
  });
  const wire = (one: Listed) => wireInstance(one.watched, contextOf(one));
  const encode = (one: Listed, json: Bytes) => encodeInstance(one.watched, contextOf(one), json);
  const listed = () => listInstances(services.snapshots());
  const search = (text: string) => new Listing(() => listed().filter((one) => matchesSearch(one, text)), encode);
  const discover: EnvelopeHandler = async (request) => {
    const key = request.key();
    const { key: own } = await services.discover(key);
    const found = listed().find(({ watched }) => sameKey(watched.instance.key, own));
    return found === undefined
      ? envelope('OK', `Instance skipped: ${keyText(key)}`)
      : envelope('OK', `Instance discovered: ${keyText(own)}`, wire(found));
  };
  const refresh: EnvelopeHandler = async (request) => {
    const { key } = await services.discover(request.key());
    return envelope('OK', `Instance refreshed: ${keyText(key)}`, wireKey(key));
  };
  const watch: EnvelopeHandler = async (request) => {
    const key = request.key();
    await services.watch(key);
    return envelope('OK', `Asynchronous discovery initiated for Instance: ${keyText(key)}`, { Key: wireKey(key) });
  };
  const forget: EnvelopeHandler = async (request) => {
    const key = request.key();
    if (!(await services.forget(key)))
      throw new OrchestratorError('NOT_FOUND', `Cannot forget: instance ${keyText(key)} not found`);
    return envelope('OK', `Instance forgotten: ${keyText(key)}`, wireKey(key));
  };
  const forgetCluster: EnvelopeHandler = async (request) => {
    const cluster = request.cluster();
    await services.forgetCluster(cluster);
    return envelope('OK', `Cluster forgotten: ${cluster.name}`);
  };
  return [
    bare('instance/:host/:port', (request) => wire(request.member())),
    bare('instance-replicas/:host/:port', replicas),
    bare('all-instances', () => new Listing(listed, encode)),
    bare('search/:searchString', (request) => search(request.text('searchString'))),
    bare('search', (request) => search(request.query('s'))),
    act('discover/:host/:port', discover),
    act('refresh/:host/:port', refresh),
    act('async-discover/:host/:port', watch),
    act('forget/:host/:port', forget),
    act('forget-cluster/:clusterHint', forgetCluster),
    { path: 'bulk-instances', acts: true, answer: 'bare', handle: keys },
  ];

  function replicas(request: Request) {
    const key = request.key();
    const below = ({ watched }: Listed) => sameKey(watched.instance.replication?.source, key);
    const byKey = (a: Listed, b: Listed) => compareKeys(a.watched.instance.key, b.watched.instance.key);
    return new Listing(() => listed().filter(below).sort(byKey), encode);
  }

  function keys() {
    return listed()
      .map(({ watched }) => watched.instance.key)
      .sort(compareKeys)
      .map(wireKey);
  }
}
