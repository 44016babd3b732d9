import { bool, compat, int, later, list, regexps, restart, text, uint } from './key.ts';

export const KEY_VALUE = {
  KVClusterMasterPrefix: text('mysql/master', 'Path below which the primary of each cluster is published.'),
  ConsulAddress: text('', '`host:port` of Consul; empty: none.', restart),
  ConsulScheme: text('http', 'How Consul is spoken to.', { ...restart, choices: ['http', 'https'] }),
  ConsulAclToken: text('', 'Token for Consul.', { ...restart, secret: true }),
  ConsulCrossDataCenterDistribution: bool(false, 'Publishes in every data centre that Consul knows.', restart),
  ConsulKVStoreProvider: text('consul', 'Writes one by one, or transactions.', {
    ...restart,
    choices: ['consul', 'consul-txn', 'consul_txn'],
  }),
  ConsulMaxKVsPerTransaction: int(
    5,
    'Most writes in a transaction, 5 to 64; those of one cluster stay together.',
    restart,
  ),
  ZkAddress: text('', '`host[:port],...` of ZooKeeper, by names or IPv4 addresses; empty: none.', {
    ...compat,
    ...restart,
  }),
};

/** Ours, for the same purpose. */
export const OWN_KEY_VALUE = {
  ConsulCAFile: text(
    '',
    'PEM file of the authority that the certificate of Consul is checked against; empty: with `https` any certificate is taken.',
    restart,
  ),
  EtcdEndpoints: list(
    [],
    'Members of the etcd cluster that primaries are published in, such as `https://10.0.0.1:2379`; empty: none.',
    restart,
  ),
  EtcdUserFile: text('', 'File with a line `user:password` for etcd; empty: no login.', restart),
  EtcdCAFile: text('', 'PEM file of the authority of etcd; empty: those of the system.', restart),
  EtcdCertFile: text('', 'PEM file with our certificate for etcd; empty: none.', restart),
  EtcdPrivateKeyFile: text('', 'PEM file with its key.', restart),
};

export const WEB = {
  RemoveTextFromHostnameDisplay: text('', 'Part of host names that the console leaves out.', later),
  WebMessage: text('', 'Line on top of every page of the console.', later),
  ProblemIgnoreHostnameFilters: list([], 'Servers left out of the list of problems, by `host:port`.', regexps),
};

export const AUDIT = {
  AuditLogFile: text('', 'File that gets a line for each operation; empty: the log does.'),
  AuditToSyslog: bool(false, 'Sends a line for each operation to the local syslog as well.', { ...compat, ...restart }),
  AuditToBackendDB: bool(false, 'Writes them to the backend, for the audit pages. Those of recoveries always are.'),
  AuditPurgeDays: uint(7, 'Age at which audits, detections and recoveries are deleted.', { unit: 'days' }),
};

const graphite = { ...compat, ...later };

export const GRAPHITE = {
  GraphiteAddr: text('', '`host:port` of Graphite; empty: none.', graphite),
  GraphitePath: text('', 'Prefix of its metrics; `{hostname}` stands for this host.', graphite),
  GraphiteConvertHostnameDotsToUnderscores: bool(true, 'Dots of the host name become underscores there.', graphite),
  GraphitePollSeconds: int(60, 'Period; 0 or less: never.', { ...graphite, unit: 's' }),
};
