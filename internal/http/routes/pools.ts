import { OrchestratorError } from '../../runtime/errors.ts';
import { heuristicLagSeconds } from '../../topology/control-replicas.ts';
import { pooledServers, poolsOf } from '../../topology/pools.ts';
import type { Request } from '../request.ts';
import { act, type EnvelopeHandler, envelope, type HttpServerDeps, type Route } from '../route.ts';
import { wireInstance } from '../wire/instance.ts';
import { wireKeys } from '../wire/values.ts';

/** Pools: which servers are in them, and how far those are behind. */
export function poolRoutes({ services, settings, clock }: HttpServerDeps): readonly Route[] {
  const poolOf = (request: Request) => (request.has('pool') ? request.text('pool') : undefined);
  const named = (request: Request) => (request.has('pool') ? `pool ${request.text('pool')}` : 'all pools');

  /** Of a cluster by its exact name; one that nobody knows has none. */
  const pools: EnvelopeHandler = (request) => {
    const name = request.text('clusterName');
    const snapshot = services.snapshots().find((one) => one.name === name);
    const found = snapshot === undefined ? [] : poolsOf(snapshot, services.pools(), poolOf(request));
    const details = Object.fromEntries([...found].map(([pool, keys]) => [pool, wireKeys(keys)]));
    return envelope('OK', `Instances of cluster ${name} in ${named(request)}`, details);
  };
  const servers: EnvelopeHandler = (request) => {
    const snapshot = request.cluster('clusterName');
    const context = { ...settings, snapshot, nowMs: clock.nowMs() };
    const found = pooledServers(snapshot, services.pools(), poolOf(request));
    return envelope(
      'OK',
      `Readable instances of cluster ${snapshot.name} in ${named(request)}`,
      found.map((member) => wireInstance(member, context)),
    );
  };
  const lag: EnvelopeHandler = (request) => {
    const snapshot = request.clusterByAlias('clusterName');
    const seconds = heuristicLagSeconds(pooledServers(snapshot, services.pools(), poolOf(request)));
    if (seconds === undefined)
      throw new OrchestratorError(
        'NOT_FOUND',
        `No instance of cluster ${snapshot.name} in ${named(request)} has a known lag`,
      );
    return envelope('OK', `Lag of cluster ${snapshot.name} in ${named(request)}`, seconds);
  };
  return [
    act('submit-pool-instances/:pool', async (request) => {
      const pool = request.text('pool');
      await services.submitPool(pool, request.query('instances'));
      return envelope('OK', `Pool ${pool} has the instances that were submitted`, pool);
    }),
    act('cluster-pool-instances/:clusterName', pools),
    act('cluster-pool-instances/:clusterName/:pool', pools),
    act('heuristic-cluster-pool-instances/:clusterName', servers),
    act('heuristic-cluster-pool-instances/:clusterName/:pool', servers),
    act('heuristic-cluster-pool-lag/:clusterName', lag),
    act('heuristic-cluster-pool-lag/:clusterName/:pool', lag),
  ];
}
