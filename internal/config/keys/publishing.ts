import { bool, compat, int, later, list, regexps, text, uint } from './key.ts';

export const KEY_VALUE = {
  KVClusterMasterPrefix: text('mysql/master', 'Path below which the primary of each cluster is published.'),
  ConsulAddress: text('', '`host:port` of Consul; empty: none.', later),
  ConsulScheme: text('http', 'How Consul is spoken to.', { ...later, choices: ['http', 'https'] }),
  ConsulAclToken: text('', 'Token for Consul.', { ...later, secret: true }),
  ConsulCrossDataCenterDistribution: bool(false, 'Publishes in every data centre that Consul knows.', later),
  ConsulKVStoreProvider: text('consul', 'Single writes, or transactions.', {
    ...later,
    choices: ['consul', 'consul-txn', 'consul_txn'],
  }),
  ConsulMaxKVsPerTransaction: int(5, 'Most writes in a transaction; 5 to 64.', later),
  ZkAddress: text('', '`host[:port],...` of ZooKeeper; empty: none.', { ...compat, ...later }),
};

export const WEB = {
  RemoveTextFromHostnameDisplay: text('', 'Part of host names that the console leaves out.', later),
  WebMessage: text('', 'Line on top of every page of the console.', later),
  ProblemIgnoreHostnameFilters: list([], 'Servers left out of the list of problems, by `host:port`.', regexps),
};

export const AUDIT = {
  AuditLogFile: text('', 'File that gets a line for each operation; empty: the log does.'),
  AuditToSyslog: bool(false, 'Sends these lines to syslog.', {
    ...compat,
    unbuilt: 'name a file in AuditLogFile',
  }),
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
