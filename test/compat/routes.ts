// Every call of the established API (http-api.md, section 2), as data: what answers it, who may ask, and in which form.

/** `relayed`: answered by the leader of a group, whoever is asked. `acts`: for those who may act, and for nobody in read-only mode. */
type Row = readonly [
  path: string,
  where: 'relayed' | 'local',
  right: 'acts' | 'open',
  answer: 'envelope' | 'bare',
  /** First segment of the same call in the older wording. */
  older?: string,
];

// biome-ignore format: a table
const ROWS: readonly Row[] = [
  // Relocation
  ['relocate/:host/:port/:belowHost/:belowPort', 'relayed', 'acts', 'envelope'],
  ['relocate-below/:host/:port/:belowHost/:belowPort', 'relayed', 'acts', 'envelope'],
  ['relocate-replicas/:host/:port/:belowHost/:belowPort', 'relayed', 'acts', 'envelope', 'relocate-slaves'],
  ['regroup-replicas/:host/:port', 'relayed', 'acts', 'envelope', 'regroup-slaves'],
  // By file and position
  ['move-up/:host/:port', 'relayed', 'acts', 'envelope'],
  ['move-up-replicas/:host/:port', 'relayed', 'acts', 'envelope', 'move-up-slaves'],
  ['move-below/:host/:port/:siblingHost/:siblingPort', 'relayed', 'acts', 'envelope'],
  ['move-equivalent/:host/:port/:belowHost/:belowPort', 'relayed', 'acts', 'envelope'],
  ['repoint/:host/:port/:belowHost/:belowPort', 'relayed', 'acts', 'envelope'],
  ['repoint-replicas/:host/:port', 'relayed', 'acts', 'envelope', 'repoint-slaves'],
  ['make-co-master/:host/:port', 'relayed', 'acts', 'envelope'],
  ['take-siblings/:host/:port', 'relayed', 'acts', 'envelope', 'enslave-siblings'],
  ['take-master/:host/:port', 'relayed', 'acts', 'envelope', 'enslave-master'],
  ['master-equivalent/:host/:port/:logFile/:logPos', 'relayed', 'acts', 'envelope'],
  // Binlog servers and GTID
  ['regroup-replicas-bls/:host/:port', 'relayed', 'acts', 'envelope', 'regroup-slaves-bls'],
  ['move-below-gtid/:host/:port/:belowHost/:belowPort', 'relayed', 'acts', 'envelope'],
  ['move-replicas-gtid/:host/:port/:belowHost/:belowPort', 'relayed', 'acts', 'envelope', 'move-slaves-gtid'],
  ['regroup-replicas-gtid/:host/:port', 'relayed', 'acts', 'envelope', 'regroup-slaves-gtid'],
  // Pseudo-GTID
  ['match/:host/:port/:belowHost/:belowPort', 'relayed', 'acts', 'envelope'],
  ['match-below/:host/:port/:belowHost/:belowPort', 'relayed', 'acts', 'envelope'],
  ['match-up/:host/:port', 'relayed', 'acts', 'envelope'],
  ['match-replicas/:host/:port/:belowHost/:belowPort', 'relayed', 'acts', 'envelope', 'match-slaves'],
  ['match-up-replicas/:host/:port', 'relayed', 'acts', 'envelope', 'match-up-slaves'],
  ['regroup-replicas-pgtid/:host/:port', 'relayed', 'acts', 'envelope', 'regroup-slaves-pgtid'],
  // Taking over by hand
  ['make-master/:host/:port', 'relayed', 'acts', 'envelope'],
  ['make-local-master/:host/:port', 'relayed', 'acts', 'envelope'],
  // Replication of one server
  ['enable-gtid/:host/:port', 'relayed', 'acts', 'envelope'],
  ['disable-gtid/:host/:port', 'relayed', 'acts', 'envelope'],
  ['locate-gtid-errant/:host/:port', 'relayed', 'open', 'envelope'],
  ['gtid-errant-reset-master/:host/:port', 'relayed', 'acts', 'envelope'],
  ['gtid-errant-inject-empty/:host/:port', 'relayed', 'acts', 'envelope'],
  ['skip-query/:host/:port', 'relayed', 'acts', 'envelope'],
  ['start-replica/:host/:port', 'relayed', 'acts', 'envelope', 'start-slave'],
  ['restart-replica/:host/:port', 'relayed', 'acts', 'envelope', 'restart-slave'],
  ['stop-replica/:host/:port', 'relayed', 'acts', 'envelope', 'stop-slave'],
  ['stop-replica-nice/:host/:port', 'relayed', 'acts', 'envelope', 'stop-slave-nice'],
  ['reset-replica/:host/:port', 'relayed', 'acts', 'envelope', 'reset-slave'],
  ['change-master-credentials/:host/:port', 'relayed', 'acts', 'envelope'],
  ['detach-replica/:host/:port', 'relayed', 'acts', 'envelope', 'detach-slave'],
  ['reattach-replica/:host/:port', 'relayed', 'acts', 'envelope', 'reattach-slave'],
  ['detach-replica-master-host/:host/:port', 'relayed', 'acts', 'envelope', 'detach-slave-master-host'],
  ['reattach-replica-master-host/:host/:port', 'relayed', 'acts', 'envelope', 'reattach-slave-master-host'],
  ['flush-binary-logs/:host/:port', 'relayed', 'acts', 'envelope'],
  ['purge-binary-logs/:host/:port/:logFile', 'relayed', 'acts', 'envelope'],
  ['restart-replica-statements/:host/:port', 'relayed', 'acts', 'envelope', 'restart-slave-statements'],
  ['enable-semi-sync-source/:host/:port', 'relayed', 'acts', 'envelope', 'enable-semi-sync-master'],
  ['disable-semi-sync-source/:host/:port', 'relayed', 'acts', 'envelope', 'disable-semi-sync-master'],
  ['enable-semi-sync-replica/:host/:port', 'relayed', 'acts', 'envelope'],
  ['disable-semi-sync-replica/:host/:port', 'relayed', 'acts', 'envelope'],
  ['delay-replication/:host/:port/:seconds', 'relayed', 'acts', 'envelope'],
  // Checks, settings, queries
  ['can-replicate-from/:host/:port/:belowHost/:belowPort', 'relayed', 'open', 'envelope'],
  ['can-replicate-from-gtid/:host/:port/:belowHost/:belowPort', 'relayed', 'open', 'envelope'],
  ['set-read-only/:host/:port', 'relayed', 'acts', 'envelope'],
  ['set-writeable/:host/:port', 'relayed', 'acts', 'envelope'],
  ['kill-query/:host/:port/:process', 'relayed', 'acts', 'envelope'],
  ['last-pseudo-gtid/:host/:port', 'relayed', 'acts', 'envelope'],
  // Pools
  ['submit-pool-instances/:pool', 'relayed', 'acts', 'envelope'],
  ['cluster-pool-instances/:clusterName', 'relayed', 'acts', 'envelope'],
  ['cluster-pool-instances/:clusterName/:pool', 'relayed', 'acts', 'envelope'],
  ['heuristic-cluster-pool-instances/:clusterName', 'relayed', 'acts', 'envelope'],
  ['heuristic-cluster-pool-instances/:clusterName/:pool', 'relayed', 'acts', 'envelope'],
  ['heuristic-cluster-pool-lag/:clusterName', 'relayed', 'acts', 'envelope'],
  ['heuristic-cluster-pool-lag/:clusterName/:pool', 'relayed', 'acts', 'envelope'],
  // What there is
  ['search/:searchString', 'relayed', 'open', 'bare'],
  ['search', 'relayed', 'open', 'bare'],
  ['cluster/:clusterHint', 'relayed', 'open', 'bare'],
  ['cluster/alias/:clusterAlias', 'relayed', 'open', 'bare'],
  ['cluster/instance/:host/:port', 'relayed', 'open', 'bare'],
  ['cluster-info/:clusterHint', 'relayed', 'open', 'bare'],
  ['cluster-info/alias/:clusterAlias', 'relayed', 'open', 'bare'],
  ['cluster-osc-replicas/:clusterHint', 'relayed', 'open', 'bare', 'cluster-osc-slaves'],
  ['set-cluster-alias/:clusterName', 'relayed', 'acts', 'envelope'],
  ['clusters', 'relayed', 'open', 'bare'],
  ['clusters-info', 'relayed', 'open', 'bare'],
  ['masters', 'relayed', 'open', 'bare'],
  ['master/:clusterHint', 'relayed', 'open', 'bare'],
  ['instance-replicas/:host/:port', 'relayed', 'open', 'bare'],
  ['all-instances', 'relayed', 'open', 'bare'],
  ['downtimed', 'relayed', 'open', 'bare'],
  ['downtimed/:clusterHint', 'relayed', 'open', 'bare'],
  ['topology/:clusterHint', 'relayed', 'open', 'envelope'],
  ['topology/:host/:port', 'relayed', 'open', 'envelope'],
  ['topology-tabulated/:clusterHint', 'relayed', 'open', 'envelope'],
  ['topology-tabulated/:host/:port', 'relayed', 'open', 'envelope'],
  ['topology-tags/:clusterHint', 'relayed', 'open', 'envelope'],
  ['topology-tags/:host/:port', 'relayed', 'open', 'envelope'],
  ['snapshot-topologies', 'relayed', 'open', 'envelope'],
  ['submit-masters-to-kv-stores', 'relayed', 'open', 'envelope'],
  ['submit-masters-to-kv-stores/:clusterHint', 'relayed', 'open', 'envelope'],
  // Tags
  ['tagged', 'relayed', 'open', 'bare'],
  ['tags/:host/:port', 'relayed', 'open', 'bare'],
  ['tag-value/:host/:port', 'relayed', 'open', 'bare'],
  ['tag-value/:host/:port/:tagName', 'relayed', 'open', 'bare'],
  ['tag/:host/:port', 'relayed', 'open', 'envelope'],
  ['tag/:host/:port/:tagName/:tagValue', 'relayed', 'open', 'envelope'],
  ['untag/:host/:port', 'relayed', 'open', 'envelope'],
  ['untag/:host/:port/:tagName', 'relayed', 'open', 'envelope'],
  ['untag-all', 'relayed', 'open', 'envelope'],
  ['untag-all/:tagName/:tagValue', 'relayed', 'open', 'envelope'],
  // Servers, maintenance, downtime
  ['instance/:host/:port', 'relayed', 'open', 'bare'],
  ['discover/:host/:port', 'relayed', 'acts', 'envelope'],
  ['async-discover/:host/:port', 'relayed', 'acts', 'envelope'],
  ['refresh/:host/:port', 'relayed', 'acts', 'envelope'],
  ['forget/:host/:port', 'relayed', 'acts', 'envelope'],
  ['forget-cluster/:clusterHint', 'relayed', 'acts', 'envelope'],
  ['begin-maintenance/:host/:port/:owner/:reason', 'relayed', 'acts', 'envelope'],
  ['end-maintenance/:host/:port', 'relayed', 'acts', 'envelope'],
  ['in-maintenance/:host/:port', 'relayed', 'open', 'envelope'],
  ['end-maintenance/:maintenanceKey', 'relayed', 'acts', 'envelope'],
  ['maintenance', 'relayed', 'open', 'bare'],
  ['begin-downtime/:host/:port/:owner/:reason', 'relayed', 'acts', 'envelope'],
  ['begin-downtime/:host/:port/:owner/:reason/:duration', 'relayed', 'acts', 'envelope'],
  ['end-downtime/:host/:port', 'relayed', 'acts', 'envelope'],
  // Analysis and recovery
  ['replication-analysis', 'relayed', 'open', 'envelope'],
  ['replication-analysis/:clusterName', 'relayed', 'open', 'envelope'],
  ['replication-analysis/instance/:host/:port', 'relayed', 'open', 'envelope'],
  ['recover/:host/:port', 'relayed', 'acts', 'envelope'],
  ['recover/:host/:port/:candidateHost/:candidatePort', 'relayed', 'acts', 'envelope'],
  ['recover-lite/:host/:port', 'relayed', 'acts', 'envelope'],
  ['recover-lite/:host/:port/:candidateHost/:candidatePort', 'relayed', 'acts', 'envelope'],
  ['graceful-master-takeover/:host/:port', 'relayed', 'acts', 'envelope'],
  ['graceful-master-takeover/:clusterHint', 'relayed', 'acts', 'envelope'],
  ['graceful-master-takeover/:host/:port/:designatedHost/:designatedPort', 'relayed', 'acts', 'envelope'],
  ['graceful-master-takeover/:clusterHint/:designatedHost/:designatedPort', 'relayed', 'acts', 'envelope'],
  ['graceful-master-takeover-auto/:host/:port', 'relayed', 'acts', 'envelope'],
  ['graceful-master-takeover-auto/:clusterHint', 'relayed', 'acts', 'envelope'],
  ['graceful-master-takeover-auto/:host/:port/:designatedHost/:designatedPort', 'relayed', 'acts', 'envelope'],
  ['graceful-master-takeover-auto/:clusterHint/:designatedHost/:designatedPort', 'relayed', 'acts', 'envelope'],
  ['force-master-failover/:host/:port', 'relayed', 'acts', 'envelope'],
  ['force-master-failover/:clusterHint', 'relayed', 'acts', 'envelope'],
  ['force-master-takeover/:clusterHint/:designatedHost/:designatedPort', 'relayed', 'acts', 'envelope'],
  ['force-master-takeover/:host/:port/:designatedHost/:designatedPort', 'relayed', 'acts', 'envelope'],
  ['register-candidate/:host/:port/:promotionRule', 'relayed', 'acts', 'envelope'],
  ['automated-recovery-filters', 'relayed', 'open', 'envelope'],
  ['audit-failure-detection', 'relayed', 'open', 'bare'],
  ['audit-failure-detection/:page', 'relayed', 'open', 'bare'],
  ['audit-failure-detection/id/:id', 'relayed', 'open', 'bare'],
  ['audit-failure-detection/alias/:clusterAlias', 'relayed', 'open', 'bare'],
  ['audit-failure-detection/alias/:clusterAlias/:page', 'relayed', 'open', 'bare'],
  ['replication-analysis-changelog', 'relayed', 'open', 'bare'],
  ['audit-recovery', 'relayed', 'open', 'bare'],
  ['audit-recovery/:page', 'relayed', 'open', 'bare'],
  ['audit-recovery/id/:id', 'relayed', 'open', 'bare'],
  ['audit-recovery/uid/:uid', 'relayed', 'open', 'bare'],
  ['audit-recovery/cluster/:clusterName', 'relayed', 'open', 'bare'],
  ['audit-recovery/cluster/:clusterName/:page', 'relayed', 'open', 'bare'],
  ['audit-recovery/alias/:clusterAlias', 'relayed', 'open', 'bare'],
  ['audit-recovery/alias/:clusterAlias/:page', 'relayed', 'open', 'bare'],
  ['audit-recovery-steps/:uid', 'relayed', 'open', 'bare'],
  ['active-cluster-recovery/:clusterName', 'relayed', 'open', 'bare'],
  ['recently-active-cluster-recovery/:clusterName', 'relayed', 'open', 'bare'],
  ['recently-active-instance-recovery/:host/:port', 'relayed', 'open', 'bare'],
  ['ack-recovery/cluster/:clusterHint', 'relayed', 'acts', 'envelope'],
  ['ack-recovery/cluster/alias/:clusterAlias', 'relayed', 'acts', 'envelope'],
  ['ack-recovery/instance/:host/:port', 'relayed', 'acts', 'envelope'],
  ['ack-recovery/:recoveryId', 'relayed', 'acts', 'envelope'],
  ['ack-recovery/uid/:uid', 'relayed', 'acts', 'envelope'],
  ['ack-all-recoveries', 'relayed', 'acts', 'envelope'],
  ['blocked-recoveries', 'relayed', 'open', 'bare'],
  ['blocked-recoveries/cluster/:clusterName', 'relayed', 'open', 'bare'],
  ['disable-global-recoveries', 'relayed', 'acts', 'envelope'],
  ['enable-global-recoveries', 'relayed', 'acts', 'envelope'],
  ['check-global-recoveries', 'relayed', 'open', 'envelope'],
  // Problems, audit, names
  ['problems', 'relayed', 'open', 'bare'],
  ['problems/:clusterName', 'relayed', 'open', 'bare'],
  ['audit', 'relayed', 'open', 'bare'],
  ['audit/:page', 'relayed', 'open', 'bare'],
  ['audit/instance/:host/:port', 'relayed', 'open', 'bare'],
  ['audit/instance/:host/:port/:page', 'relayed', 'open', 'bare'],
  ['resolve/:host/:port', 'relayed', 'open', 'envelope'],
  // Probes, election, configuration
  ['headers', 'local', 'open', 'bare'],
  ['health', 'local', 'open', 'envelope'],
  ['lb-check', 'local', 'open', 'bare'],
  ['_ping', 'local', 'open', 'bare'],
  ['leader-check', 'local', 'open', 'bare'],
  ['leader-check/:errorStatusCode', 'local', 'open', 'bare'],
  ['routed-leader-check', 'relayed', 'open', 'bare'],
  ['status', 'local', 'open', 'envelope'],
  ['grab-election', 'local', 'acts', 'envelope'],
  ['reelect', 'relayed', 'acts', 'envelope'],
  ['reload-configuration', 'local', 'acts', 'envelope'],
  ['hostname-resolve-cache', 'local', 'open', 'envelope'],
  ['reset-hostname-resolve-cache', 'local', 'acts', 'envelope'],
  ['reload-cluster-alias', 'relayed', 'acts', 'envelope'],
  ['deregister-hostname-unresolve/:host/:port', 'relayed', 'acts', 'envelope'],
  ['register-hostname-unresolve/:host/:port/:virtualname', 'relayed', 'acts', 'envelope'],
  // Group of daemons
  ['raft-add-peer/:addr', 'relayed', 'acts', 'bare'],
  ['raft-remove-peer/:addr', 'relayed', 'acts', 'bare'],
  ['raft-yield/:node', 'local', 'acts', 'envelope'],
  ['raft-yield-hint/:hint', 'local', 'acts', 'envelope'],
  ['raft-peers', 'local', 'open', 'bare'],
  ['raft-state', 'local', 'open', 'bare'],
  ['raft-leader', 'local', 'open', 'bare'],
  ['raft-health', 'local', 'open', 'bare'],
  ['raft-status', 'local', 'open', 'bare'],
  ['raft-snapshot', 'local', 'open', 'bare'],
  ['raft-follower-health-report/:authenticationToken/:raftBind/:raftAdvertise', 'local', 'open', 'bare'],
  // Bulk lists
  ['bulk-instances', 'relayed', 'acts', 'bare'],
  ['bulk-promotion-rules', 'relayed', 'acts', 'bare'],
  // Metrics
  ['discovery-metrics-raw/:seconds', 'relayed', 'open', 'bare'],
  ['discovery-metrics-aggregated/:seconds', 'relayed', 'open', 'bare'],
  ['discovery-queue-metrics-raw/:seconds', 'relayed', 'open', 'bare'],
  ['discovery-queue-metrics-aggregated/:seconds', 'relayed', 'open', 'bare'],
  ['discovery-queue-metrics-raw/:queue/:seconds', 'relayed', 'open', 'bare'],
  ['discovery-queue-metrics-aggregated/:queue/:seconds', 'relayed', 'open', 'bare'],
  ['backend-query-metrics-raw/:seconds', 'relayed', 'open', 'bare'],
  ['backend-query-metrics-aggregated/:seconds', 'relayed', 'open', 'bare'],
  ['write-buffer-metrics-raw/:seconds', 'relayed', 'open', 'bare'],
  ['write-buffer-metrics-aggregated/:seconds', 'relayed', 'open', 'bare'],
  // Retired agents
  ['agents', 'relayed', 'acts', 'bare'],
  ['agent/:host', 'relayed', 'acts', 'bare'],
  ['agent-umount/:host', 'relayed', 'acts', 'bare'],
  ['agent-mount/:host', 'relayed', 'acts', 'bare'],
  ['agent-create-snapshot/:host', 'relayed', 'acts', 'bare'],
  ['agent-removelv/:host', 'relayed', 'acts', 'bare'],
  ['agent-mysql-stop/:host', 'relayed', 'acts', 'bare'],
  ['agent-mysql-start/:host', 'relayed', 'acts', 'bare'],
  ['agent-seed/:targetHost/:sourceHost', 'relayed', 'acts', 'bare'],
  ['agent-active-seeds/:host', 'relayed', 'acts', 'bare'],
  ['agent-recent-seeds/:host', 'relayed', 'acts', 'bare'],
  ['agent-seed-details/:seedId', 'relayed', 'acts', 'bare'],
  ['agent-seed-states/:seedId', 'relayed', 'acts', 'bare'],
  ['agent-abort-seed/:seedId', 'relayed', 'acts', 'bare'],
  ['agent-custom-command/:host/:command', 'relayed', 'acts', 'bare'],
  ['seeds', 'relayed', 'acts', 'bare'],
];

export interface ContractRoute {
  /** Below `/api/`. */
  readonly path: string;
  readonly where: Row[1];
  readonly right: Row[2];
  readonly answer: Row[3];
}

/** Both spellings of each call. */
export const CONTRACT: readonly ContractRoute[] = ROWS.flatMap(([path, where, right, answer, older]) => {
  const row = { path, where, right, answer };
  return older === undefined ? [row] : [row, { ...row, path: path.replace(/^[^/]+/, older) }];
});

/** Differences on purpose, as docs/compatibility.md explains them. */
export const DIFFERENT: Readonly<Record<string, Partial<Omit<ContractRoute, 'path'>>>> = {
  'raft-yield/:node': { where: 'relayed' },
  'raft-yield-hint/:hint': { where: 'relayed' },
  'raft-snapshot': { right: 'acts' },
  'tag/:host/:port': { right: 'acts' },
  'tag/:host/:port/:tagName/:tagValue': { right: 'acts' },
  'untag/:host/:port': { right: 'acts' },
  'untag/:host/:port/:tagName': { right: 'acts' },
  'untag-all': { right: 'acts' },
  'untag-all/:tagName/:tagValue': { right: 'acts' },
};

/** Not built yet. Only ever gets shorter: a test fails when one of them answers. */
export const LATER: readonly string[] = [];

/** A value for each parameter, such that the house of the tests has something to say. */
export const EXAMPLES: Readonly<Record<string, string>> = {
  ...{ host: 'db1.example', port: '3306', clusterHint: 'shop', clusterName: 'db1.example:3306', clusterAlias: 'shop' },
  ...{ owner: 'me', reason: 'why', duration: '1h', maintenanceKey: '4', promotionRule: 'prefer', page: '0', id: '9' },
  ...{ uid: '17:abc', recoveryId: '41', searchString: 'db2', logFile: 'mysql-bin.000002', logPos: '4', seconds: '30' },
  ...{ process: '30', pool: 'p', tagName: 'role', tagValue: 'backup', virtualname: 'vip.example', queue: 'DEFAULT' },
  ...{ errorStatusCode: '503', addr: '10.0.0.1', node: '10.0.0.1:10008', hint: 'orc', authenticationToken: 'abcdefgh' },
  ...{ raftBind: '10.0.0.1', raftAdvertise: '10.0.0.1', seedId: '1', command: 'ls', targetHost: 'a', sourceHost: 'b' },
};
const OTHERS: Readonly<Record<string, string>> = { Host: 'db2.example', Port: '3306' };

/** Parameters of the query string that some of the calls cannot do without. */
const QUERY = 'tag=role&comment=c&s=db2&q=select+1&alias=store&instances=db2.example:3306';

/** Undefined: no call of the contract has such a parameter. */
export function exampleValue(parameter: string): string | undefined {
  return EXAMPLES[parameter] ?? OTHERS[/(Host|Port)$/.exec(parameter)?.[0] ?? ''];
}

export function exampleOf({ path }: Pick<ContractRoute, 'path'>): string {
  const filled = path.replace(/:(\w+)/g, (_, name: string) => {
    const value = exampleValue(name);
    if (value === undefined) throw new Error(`no example of ${name}`);
    return encodeURIComponent(value);
  });
  return `${filled}?${QUERY}`;
}
