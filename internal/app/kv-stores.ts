import type { Config } from '../config/keys.ts';
import type { KeyValueStore } from '../kv/store.ts';
import { systemClock } from '../runtime/clock.ts';

/** The key-value stores that the configuration names, besides the one that is our own. Clients that are not needed are not even loaded. */
export async function storesFrom(config: Config): Promise<readonly KeyValueStore[]> {
  return [...(await zooKeeper(config)), ...(await consul(config)), ...(await etcd(config))];
}

async function zooKeeper(config: Config): Promise<readonly KeyValueStore[]> {
  if (config.ZkAddress === '') return [];
  const { ZooKeeperStore } = await import('../kv/zookeeper-store.ts');
  return [new ZooKeeperStore({ servers: config.ZkAddress, clock: systemClock })];
}

async function consul(config: Config): Promise<readonly KeyValueStore[]> {
  if (config.ConsulAddress === '') return [];
  const { ConsulStore } = await import('../kv/consul-store.ts');
  const { HttpService, NO_TLS_FILES } = await import('../raft/discovery/http-service.ts');
  const caFile = config.ConsulCAFile;
  const http = new HttpService('Consul', { ...NO_TLS_FILES, caFile }, { anyCertificate: caFile === '' });
  return [
    new ConsulStore(http, {
      origin: `${config.ConsulScheme}://${config.ConsulAddress}`,
      token: config.ConsulAclToken,
      transactional: ['consul-txn', 'consul_txn'].includes(config.ConsulKVStoreProvider.toLowerCase()),
      mostChanges: config.ConsulMaxKVsPerTransaction,
      everywhere: config.ConsulCrossDataCenterDistribution,
    }),
  ];
}

async function etcd(config: Config): Promise<readonly KeyValueStore[]> {
  if (config.EtcdEndpoints.length === 0) return [];
  const { EtcdStore } = await import('../kv/etcd-store.ts');
  const { EtcdClient } = await import('../raft/discovery/etcd-client.ts');
  const access = {
    endpoints: config.EtcdEndpoints.map((endpoint) => endpoint.replace(/\/+$/, '')),
    userFile: config.EtcdUserFile,
    caFile: config.EtcdCAFile,
    certFile: config.EtcdCertFile,
    keyFile: config.EtcdPrivateKeyFile,
  };
  return [new EtcdStore(new EtcdClient(access))];
}
