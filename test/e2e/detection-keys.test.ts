// What a server is, by the queries and patterns of the operator, from the configuration file to the API.

import assert from 'node:assert/strict';
import { until } from '../support/daemon.ts';
import { address, scenarios } from '../support/scenario.ts';

const QUERIES = {
  DetectClusterAliasQuery: "SELECT 'shop'",
  DetectClusterDomainQuery: "SELECT 'shop.example'",
  DetectInstanceAliasQuery: "SELECT CONCAT('number ', @@server_id)",
  DetectPromotionRuleQuery: "SELECT 'prefer_not'",
  DetectDataCenterQuery: "SELECT 'dc1'",
  DetectRegionQuery: "SELECT 'north'",
  DetectPhysicalEnvironmentQuery: "SELECT 'production'",
  DetectSemiSyncEnforcedQuery: 'SELECT 3',
  ReplicationLagQuery: 'SELECT 7',
};
const PATTERNS = {
  DataCenterPattern: '^(127)[.]',
  RegionPattern: '^127[.](0)',
  PhysicalEnvironmentPattern: '[.](1)$',
};

interface Shown {
  readonly Key: { readonly Port: number };
  readonly SlaveLagSeconds: { readonly Int64: number };
  readonly [name: string]: unknown;
}

scenarios('what an operator says of servers', { tree: [undefined, 0, 0], flavours: ['mariadb'] }, (scenario, test) => {
  test('by queries is stronger than by patterns, and shown', async () => {
    await scenario.watching({ ...PATTERNS, ...QUERIES });
    const replica = await shown(1, ({ InstanceAlias }) => InstanceAlias === 'number 2');
    const { SuggestedClusterAlias, DataCenter, Region, PhysicalEnvironment, PromotionRule, SemiSyncPriority } = replica;
    assert.deepEqual(
      [SuggestedClusterAlias, DataCenter, Region, PhysicalEnvironment, PromotionRule, SemiSyncPriority],
      ['shop', 'dc1', 'north', 'production', 'prefer_not', 3],
    );
    assert.equal(replica.SlaveLagSeconds.Int64, 7);
    const domain = async () => (await clusters())[0]?.ClusterDomain || undefined;
    assert.equal(await until('the domain is known', domain), 'shop.example');
  });

  test('by patterns counts where no query is set; who is to be left out is not found', async () => {
    const [, kept, left] = scenario.servers;
    assert.ok(kept && left);
    const filters = { DiscoveryIgnoreReplicaHostnameFilters: [`:${left.key.port}$`] };
    await scenario.watching({ ...PATTERNS, ...filters }, address(scenario.primary), [], 2);
    const { DataCenter, Region, PhysicalEnvironment } = await shown(1, ({ DataCenter }) => DataCenter !== '');
    assert.deepEqual([DataCenter, Region, PhysicalEnvironment], ['127', '0', '1']);
    await scenario.sees(scenario.primary);
    const found = (await scenario.daemon.api<Shown[]>('all-instances')).map(({ Key }) => Key.Port);
    assert.deepEqual(found.toSorted(), [scenario.primary.key.port, kept.key.port].toSorted());
  });

  const clusters = () => scenario.daemon.api<{ ClusterDomain: string }[]>('clusters-info');

  function shown(index: number, holds: (instance: Shown) => boolean): Promise<Shown> {
    const { hostname, port } = scenario.server(index).key;
    return until(`${port} is shown`, async () => {
      const instance = await scenario.daemon.api<Shown>(`instance/${hostname}/${port}`);
      return holds(instance) ? instance : undefined;
    });
  }
});
