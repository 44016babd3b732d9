import { z } from 'zod';
import { heuristicLagSeconds } from '../../../topology/control-replicas.ts';
import { pooledServers } from '../../../topology/pools.ts';
import { type Call, change, entries, list, read } from '../call.ts';
import type { V2Deps } from '../calls.ts';
import { ClusterForm, clusterOf } from '../resources/cluster.ts';
import { FailoverPlanForm, failoverPlanOf } from '../resources/failover-plan.ts';
import { named, ServerList, serversOf } from '../schema.ts';

export const ClusterName = {
  cluster: z.string().min(1).max(300).describe('Name or alias of a cluster, or one of its servers'),
};

const PoolLagForm = named(
  'PoolLag',
  z.strictObject({ lagSeconds: z.number().nullable().describe('Null: of none it is known'), servers: ServerList }),
);

export function clusterCalls({ services, lookup }: V2Deps): readonly Call[] {
  const area = 'clusters';
  const bodyOf = (snapshot: Parameters<typeof clusterOf>[0]) => clusterOf(snapshot, services.clusterFlags(snapshot));
  return [
    list({
      ...{ id: 'listClusters', area, path: '/clusters', summary: 'All clusters, by name' },
      query: { alias: z.string().max(300).optional().describe('Only those that are called exactly so') },
      item: ClusterForm,
      handle: ({ query }) =>
        entries({
          items: services.snapshots().filter(({ alias }) => query.alias === undefined || alias === query.alias),
          key: ({ name }) => [name],
          render: bodyOf,
        }),
    }),
    read({
      ...{ id: 'getCluster', area, path: '/clusters/{cluster}', summary: 'One cluster' },
      with: ClusterName,
      problems: ['NOT_FOUND'],
      answer: ClusterForm,
      handle: ({ path }) => bodyOf(lookup.cluster(path.cluster)),
    }),
    change('patch', {
      ...{
        id: 'renameCluster',
        area,
        path: '/clusters/{cluster}',
        summary: 'Give a cluster an alias, or back what its servers suggest',
      },
      with: ClusterName,
      problems: ['NOT_FOUND'],
      body: z.strictObject({
        alias: z.string().trim().min(1).max(128).nullable().describe('Null: what its servers suggest'),
      }),
      answer: ClusterForm,
      handle: async ({ path, body }) => {
        const { name } = lookup.cluster(path.cluster);
        await services.setAliasOverride(name, body.alias ?? undefined);
        return bodyOf(lookup.cluster(name));
      },
    }),
    change('delete', {
      ...{ id: 'forgetCluster', area, path: '/clusters/{cluster}', summary: 'Forget a cluster and all of its servers' },
      with: ClusterName,
      problems: ['NOT_FOUND'],
      handle: async ({ path }) => services.forgetCluster(lookup.cluster(path.cluster)),
    }),
    read({
      ...{ id: 'getPoolLag', area, path: '/clusters/{cluster}/pool-lag' },
      summary: 'How far its servers in pools that can be read from are behind, at most',
      with: ClusterName,
      query: { pool: z.string().trim().min(1).max(128).optional().describe('Only this one') },
      problems: ['NOT_FOUND'],
      answer: PoolLagForm,
      handle: ({ path, query }) => {
        const pooled = pooledServers(lookup.cluster(path.cluster), services.pools(), query.pool);
        const servers = serversOf(pooled.map(({ instance }) => instance.key));
        return { lagSeconds: heuristicLagSeconds(pooled) ?? null, servers };
      },
    }),
    read({
      ...{ id: 'getFailoverPlan', area, path: '/clusters/{cluster}/failover-plan' },
      summary: 'What would happen if the primary died now, and what would keep it from happening',
      with: ClusterName,
      problems: ['NOT_FOUND'],
      answer: FailoverPlanForm,
      handle: async ({ path }) => failoverPlanOf(await services.failoverPlan(lookup.cluster(path.cluster))),
    }),
  ];
}
