// Every command of the established binary (cli.md, 1.7), as data: what it cannot do without, what it asks for and prints, on the inventory
// of test/integration/cli/inventory.ts with a world that does what it is asked, and its older names.

/** Lines of the standard output, status 0; or part of the only line on the standard error, status 1. */
type Outcome = readonly string[] | RegExp;

interface Row {
  readonly command: string;
  readonly outcome: Outcome;
  /** The change that is asked for. */
  readonly asks?: string;
}

const row = (command: string, outcome: Outcome, asks?: string): Row =>
  asks === undefined ? { command, outcome } : { command, outcome, asks };

const NO_DESTINATION = /Cannot deduce destination: give -d/;
const UNKNOWN = /^Unknown instance: nowhere:3306$/;
const NO_DOMAIN = /^Cluster db1:3306 has no domain name$/;
const missing = (flag: string) => new RegExp(`^No ${flag} given: use -${flag}$`);
const KEY2 = ['db2:3306'];
const MOVED = ['db4:3306', 'db5:3306'];
const R3 = 'db2:3306 lost: 1, trivial: 2, pseudo-gtid: 3';

const below = (name: string, asks: string): readonly Row[] => [
  row(`${name} -i db4 -d db2`, ['db4:3306<db2:3306'], `${asks} db4:3306 db2:3306`),
  row(`${name} -i db4`, NO_DESTINATION),
];
const one = (name: string, asks: string): readonly Row[] => [
  row(`${name} -i db2`, KEY2, `${asks} db2:3306`),
  row(`${name} -i db2,db3`, ['db2:3306', 'db3:3306'], `${asks} db2:3306; ${asks} db3:3306`),
];
const ofCluster = (name: string, lines: readonly string[]): readonly Row[] => [
  row(`${name} -alias main`, lines),
  row(`${name} -i db4`, lines),
  row(`${name} -alias nowhere -i db4`, /^Unable to determine cluster: -alias nowhere$/),
  row(`${name} -i nowhere`, UNKNOWN),
];
const ofKnown = (name: string, host: string, lines: readonly string[]): readonly Row[] => [
  row(`${name} -i ${host}`, lines),
  row(`${name} -i nowhere`, UNKNOWN),
];

const TREE = ['db1:3306', '+ db2:3306 (left)', '+ db3:3306', '  + db4:3306', '- db5:3306'];
const OSC = ['db3:3306', 'db2:3306', 'db4:3306'];
const BY_DEPTH = ['db1:3306', 'other:3307', 'db3:3306', 'db2:3306', 'db5:3306', 'db4:3306'];

/** In the order of the list that `help` prints. Drawings are compared up to their first bracket or bar. */
export const COMMAND_ROWS: readonly Row[] = [
  // Smart relocation
  ...below('relocate', 'relocate'),
  ...below('relocate-below', 'relocate'),
  row('relocate-replicas -i db1 -d db2 -pattern db', MOVED, 'relocateReplicas db1:3306 db2:3306 /db/'),
  row('relocate-replicas -i db1', NO_DESTINATION),
  ...one('take-siblings', 'takeSiblings'),
  row('regroup-replicas -i db2', ['db2:3306', R3], 'regroup db2:3306'),
  row('regroup-replicas -i nowhere', UNKNOWN),
  // File and position
  row('move-up -i db4', ['db4:3306<db1:3306'], 'moveUp db4:3306'),
  row('move-up-replicas -i db3', MOVED, 'moveUpReplicas db3:3306'),
  ...below('move-below', 'moveBelow'),
  ...below('move-equivalent', 'moveEquivalent'),
  row('repoint -i db4 -d db2', ['db4:3306<db2:3306'], 'repoint db4:3306 db2:3306'),
  row('repoint -i db4', ['db4:3306<db1:3306'], 'repoint db4:3306'),
  row('repoint-replicas -i db3', ['db4:3306<db3:3306', 'db5:3306<db3:3306'], 'repointReplicas db3:3306'),
  row(
    'repoint-replicas -i db3 -d db2',
    ['db4:3306<db3:3306', 'db5:3306<db3:3306'],
    'repointReplicas db3:3306 db2:3306',
  ),
  ...one('take-master', 'takeSource'),
  ...one('make-co-master', 'makeCoPrimary'),
  ...ofKnown('get-candidate-replica', 'db1', ['db2:3306']),
  // Binlog servers
  row('regroup-replicas-bls -i db2', KEY2, 'regroupBinlogServers db2:3306'),
  row('regroup-replicas-bls -i nowhere', UNKNOWN),
  // GTID
  ...below('move-gtid', 'moveByGtid'),
  row('move-replicas-gtid -i db1 -d db2', MOVED, 'moveReplicasByGtid db1:3306 db2:3306'),
  row('move-replicas-gtid -i db1', NO_DESTINATION),
  row('regroup-replicas-gtid -i db2', ['db2:3306', 'db2:3306 lost: 1, moved: 5'], 'regroupByGtid db2:3306'),
  row('regroup-replicas-gtid -i nowhere', UNKNOWN),
  // Pseudo-GTID
  ...below('match', 'match'),
  row('match-up -i db4', ['db4:3306<db1:3306'], 'matchUp db4:3306'),
  row('rematch -i db4', ['db4:3306<db1:3306'], 'match db4:3306'),
  row('match-replicas -i db1 -d db2', MOVED, 'matchReplicas db1:3306 db2:3306'),
  row('match-replicas -i db1', NO_DESTINATION),
  row('match-up-replicas -i db3', MOVED, 'matchUpReplicas db3:3306'),
  row('regroup-replicas-pgtid -i db2', ['db2:3306', R3], 'regroupByPseudoGtid db2:3306'),
  // Replication
  ...one('enable-gtid', 'enableGtid'),
  ...one('disable-gtid', 'disableGtid'),
  row('which-gtid-errant -i db2', ['uuid:7']),
  ...one('gtid-errant-reset-master', 'resetErrant'),
  ...one('skip-query', 'skipQuery'),
  ...one('stop-replica', 'stopReplication'),
  ...one('start-replica', 'startReplication'),
  ...one('restart-replica', 'restartReplication'),
  ...one('reset-replica', 'forgetSource'),
  ...one('change-master-credentials', 'setLogin'),
  ...one('detach-replica-master-host', 'detach'),
  ...one('reattach-replica-master-host', 'reattach'),
  row('master-pos-wait -i db2 -binlog binlog.000001:4', KEY2),
  row('master-pos-wait -i db2', /^No binlog given: use -binlog$/),
  ...one('enable-semi-sync-master', 'enableSemiSyncSource'),
  ...one('disable-semi-sync-master', 'disableSemiSyncSource'),
  ...one('enable-semi-sync-replica', 'enableSemiSyncReplica'),
  ...one('disable-semi-sync-replica', 'disableSemiSyncReplica'),
  row('restart-replica-statements -i db5 -statement select_1', [
    'stop replica io_thread;',
    'select_1;',
    'start replica io_thread;',
  ]),
  row('restart-replica-statements -i db5', missing('statement')),
  row('can-replicate-from -i db2 -d db3', ['db3:3306']),
  row('can-replicate-from -i db2 -d db4', []),
  row('can-replicate-from -i db2', NO_DESTINATION),
  row('can-replicate-from -i db2 -d nowhere', UNKNOWN),
  row('can-replicate-from -i nowhere -d db2', UNKNOWN),
  ...ofKnown('is-replicating', 'db2', KEY2),
  row('is-replicating -i db5', []),
  ...ofKnown('is-replication-stopped', 'db5', []),
  ...one('set-read-only', 'setReadOnly'),
  ...one('set-writeable', 'setWritable'),
  // Binary logs
  ...one('flush-binary-logs', 'flushBinaryLogs'),
  row('flush-binary-logs -i db2 -binlog binlog.000003', KEY2, 'flushBinaryLogs db2:3306; flushBinaryLogs db2:3306'),
  row(
    'flush-binary-logs -i db2 -binlog binlog.000000',
    /^cannot flush to binlog.000000: db2:3306 writes binlog.000001/,
  ),
  row('purge-binary-logs -i db2 -binlog binlog.000001', KEY2, 'purgeBinaryLogs db2:3306 binlog.000001'),
  row('purge-binary-logs -i db2', missing('binlog')),
  row('last-pseudo-gtid -i db2', ['binlog.000001:4:marker']),
  row('locate-gtid-errant -i db2', ['binlog.000001', 'binlog.000002']),
  row('last-executed-relay-entry -i db2', [
    '{Coordinates:relay.000002:120 NextEventPos:160 EventType:Query Info:BEGIN}:160',
  ]),
  row('correlate-relaylog-pos -i db2 -d db3 -binlog relay.000002:120', [
    'relay.000002:120;relay.000007:4;relay.000007:90',
  ]),
  row('correlate-relaylog-pos -i db2', NO_DESTINATION),
  row('find-binlog-entry -i db2 -pattern marker', ['binlog.000001:4']),
  row('find-binlog-entry -i db2', missing('pattern')),
  row('correlate-binlog-pos -i db2 -d db3', ['binlog.000007:90']),
  row('correlate-binlog-pos -i db2', NO_DESTINATION),
  // Pools
  row('submit-pool-instances -pool p -i db2,db3', [], 'submitPool p db2,db3'),
  row('submit-pool-instances -i db2', missing('pool')),
  row('cluster-pool-instances', [
    'db1:3306\tmain\treaders\tdb1:3306',
    'db1:3306\tmain\treaders\tdb3:3306',
    'db1:3306\tmain\tspare\tdb2:3306',
    'other:3307\tbyhand\tspare\tother:3307',
  ]),
  ...ofCluster('which-heuristic-cluster-pool-instances -pool readers', ['db1:3306', 'db3:3306']),
  // Information
  row('find -pattern ^db[24]', ['db2:3306', 'db4:3306']),
  row('find -pattern (?i)^DB[[:digit:]]:33 -i db1', ['db1:3306', 'db3:3306', 'db2:3306', 'db5:3306', 'db4:3306']),
  row('find -pattern (', /^-pattern is no regular expression: \($/),
  row('find', missing('pattern')),
  row('search -pattern mariadb', ['other:3307']),
  row('search', missing('pattern')),
  row('clusters', ['db1:3306', 'other:3307']),
  row('clusters -i db1,db2', ['db1:3306', 'other:3307']),
  row('clusters-alias', ['db1:3306\tmain', 'other:3307\tbyhand']),
  row('all-clusters-masters', ['db1:3306', 'other:3307']),
  ...ofCluster('topology', TREE),
  ...ofCluster('topology-tabulated', TREE),
  ...ofCluster('topology-tags', TREE),
  row('all-instances', BY_DEPTH),
  ...ofKnown('which-instance', 'b2', KEY2),
  ...ofCluster('which-cluster', ['db1:3306']),
  ...ofCluster('which-cluster-alias', ['main']),
  ...ofCluster('which-cluster-domain', ['']),
  ...ofCluster('which-cluster-master', ['db1:3306']),
  ...ofCluster('which-cluster-instances', ['db1:3306', 'db2:3306', 'db3:3306', 'db4:3306', 'db5:3306']),
  ...ofCluster('which-cluster-osc-replicas', OSC),
  ...ofCluster('which-cluster-gh-ost-replicas', ['db2:3306', 'db3:3306']),
  ...ofKnown('which-master', 'db4', ['db3:3306']),
  row('which-master -i db1', []),
  row('which-downtimed-instances', ['db2:3306', 'db5:3306']),
  row('which-downtimed-instances -alias nowhere', /^Unable to determine cluster/),
  row('which-replicas -i db3', ['db4:3306']),
  row('which-replicas -i nowhere', []),
  row('which-lost-in-recovery', ['db5:3306']),
  ...ofKnown('instance-status', 'db3', ['']),
  ...ofCluster('get-cluster-heuristic-lag', ['25']),
  // Key-value stores, tags
  row('submit-masters-to-kv-stores', ['key:value'], 'submitPrimaries'),
  row('submit-masters-to-kv-stores -alias main', ['key:value'], 'submitPrimaries db1:3306'),
  row('tags -i db2', ['old=', 'role=backup']),
  row('tag-value -i db2 -tag role', ['backup']),
  row('tag-value -i db2 -tag old', ['']),
  row('tag-value -i db2 -tag none', []),
  row('tag-value -i db2', missing('tag')),
  row('tagged -tag role', ['db1:3306', 'db2:3306']),
  row('tagged', missing('tag')),
  row('tag -i db2 -tag a=b', KEY2, 'tag db2:3306 a=b'),
  row('tag -i db2', missing('tag')),
  row('untag -i db2 -tag a', KEY2, 'untag a db2:3306'),
  row('untag -i db2', missing('tag')),
  row('untag-all -tag a=b', KEY2, 'untag a=b'),
  row('untag-all', missing('tag')),
  // Instances
  row('discover -i new', ['new:3306'], 'discover new:3306'),
  row('forget -i db2', KEY2, 'forget db2:3306'),
  row('forget -i b2', ['b2:3306'], 'forget b2:3306'),
  row('forget', missing('i')),
  row('begin-maintenance -i db2 -reason why -owner me', KEY2, 'beginMaintenance db2:3306 me why 600000'),
  row('begin-maintenance -i db2', missing('reason')),
  ...one('end-maintenance', 'endMaintenance'),
  row('in-maintenance -i db3', ['db3:3306']),
  row('in-maintenance -i db4', []),
  row(
    'begin-downtime -i new -reason why -owner me -duration 2h',
    ['new:3306'],
    'beginDowntime new:3306 me why 7200000',
  ),
  row('begin-downtime -i db2', missing('reason')),
  row('begin-downtime -i db2 -reason why -duration 2y', /^Invalid duration: 2y/),
  ...one('end-downtime', 'endDowntime'),
  // Recovery
  row('recover -i db1', ['db3:3306'], 'recover db1:3306'),
  row('recover -i db1 -d db2', ['db3:3306'], 'recover db1:3306 db2:3306'),
  row('recover-lite -i db1', ['db3:3306'], 'recover db1:3306 without hooks'),
  row('force-master-failover -alias main', ['db3:3306'], 'forceFailover db1:3306'),
  row('force-master-failover -alias nowhere', /^Unable to determine cluster/),
  row('force-master-takeover -alias main -d db2', ['db3:3306'], 'forceFailover db1:3306 db2:3306'),
  row('force-master-takeover -alias main', NO_DESTINATION),
  row('force-master-takeover -alias main -d nowhere', UNKNOWN),
  ...['graceful-master-takeover', 'graceful-master-takeover-auto'].flatMap((name) => [
    row(`${name} -alias main -d db2`, ['db3:3306', 'binlog.000001:4'], `takeOver db1:3306 db2:3306`),
    row(`${name} -i db4`, ['db3:3306', 'binlog.000001:4'], 'takeOver db1:3306'),
    row(`${name} -alias main -d nowhere`, UNKNOWN),
    row(`${name} -alias nowhere`, /^Unable to determine cluster/),
  ]),
  row('replication-analysis', ['other:3307 (cluster other:3307): DeadMasterWithoutReplicas']),
  row('ack-all-recoveries -reason seen -owner me', ['3 recoveries acknowledged'], 'acknowledge all me seen'),
  row('ack-all-recoveries', missing('reason')),
  row(
    'ack-cluster-recoveries -alias main -reason seen -owner me',
    ['3 recoveries acknowledged'],
    'acknowledge cluster me seen',
  ),
  row('ack-cluster-recoveries -alias main', missing('reason')),
  row('ack-cluster-recoveries -alias nowhere -reason seen', /^Unable to determine cluster/),
  row(
    'ack-instance-recoveries -i db2 -reason seen -owner me',
    ['3 recoveries acknowledged'],
    'acknowledge instance me seen',
  ),
  row('ack-instance-recoveries -i db2', missing('reason')),
  // Candidates and names
  row('register-candidate -i db2', KEY2, 'setPromotionRule db2:3306 prefer'),
  row('register-candidate -i db2 -promotion-rule must_not', KEY2, 'setPromotionRule db2:3306 must_not'),
  row('register-hostname-unresolve -i db2 -hostname vip', KEY2, 'registerVirtualName db2:3306 vip'),
  row('register-hostname-unresolve -i db2', KEY2, 'registerVirtualName db2:3306'),
  ...one('deregister-hostname-unresolve', 'registerVirtualName'),
  row('set-heuristic-domain-instance -alias byhand', ['other:3307']),
  row('set-heuristic-domain-instance -alias main', NO_DOMAIN),
  row('which-heuristic-domain-instance -alias byhand', ['other:3307']),
  row('which-heuristic-domain-instance -alias main', NO_DOMAIN),
  // Meta
  row('snapshot-topologies', [], 'recordTopologies'),
  row('continuous', ['goes on']),
  row('active-nodes', []),
  row('access-token', ['0'.repeat(64)]),
  row('resolve', missing('i')),
  row('reset-hostname-resolve-cache', ['hostname resolve cache cleared'], 'forgetResolvedNames'),
  row('dump-config', ['{']),
  row('show-resolve-hosts', ['10.0.0.4 db4', 'd1 db1', 'd2 db2']),
  row('show-unresolve-hosts', ['db1 vip1']),
  row('redeploy-internal-db', ['Redeployed internal db']),
  row('internal-suggest-promoted-replacement -i db1 -d db2', KEY2),
  row('internal-suggest-promoted-replacement -i db1', NO_DESTINATION),
  row('internal-suggest-promoted-replacement -i db1 -d nowhere', UNKNOWN),
  row('custom-command', /^custom-command is retired/),
  row('disable-global-recoveries', ['OK: Orchestrator recoveries DISABLED globally'], 'setRecoveriesDisabled true'),
  row('enable-global-recoveries', ['OK: Orchestrator recoveries ENABLED globally'], 'setRecoveriesDisabled false'),
  row('check-global-recoveries', ['OK: Global recoveries disabled: true']),
  row('bulk-instances', ['db1:3306', 'db2:3306', 'db3:3306', 'db4:3306', 'db5:3306', 'other:3307']),
  row('bulk-promotion-rules', ['db2:3306 prefer', 'db5:3306 must_not']),
];

/** The 127 commands. */
export const COMMAND_NAMES: readonly string[] = [
  ...new Set(COMMAND_ROWS.map(({ command }) => command.split(' ')[0] ?? '')),
];

/** Older name=newer name. */
export const OLDER_COMMANDS: readonly (readonly [older: string, newer: string])[] = `
  stop-slave=stop-replica start-slave=start-replica restart-slave=restart-replica reset-slave=reset-replica
  restart-slave-statements=restart-replica-statements relocate-slaves=relocate-replicas
  regroup-slaves=regroup-replicas move-up-slaves=move-up-replicas repoint-slaves=repoint-replicas
  enslave-siblings=take-siblings enslave-master=take-master get-candidate-slave=get-candidate-replica
  move-slaves-gtid=move-replicas-gtid regroup-slaves-gtid=regroup-replicas-gtid match-slaves=match-replicas
  match-up-slaves=match-up-replicas regroup-slaves-pgtid=regroup-replicas-pgtid
  which-cluster-osc-slaves=which-cluster-osc-replicas which-cluster-gh-ost-slaves=which-cluster-gh-ost-replicas
  which-slaves=which-replicas detach-slave=detach-replica-master-host detach-replica=detach-replica-master-host
  detach-slave-master-host=detach-replica-master-host reattach-slave=reattach-replica-master-host
  reattach-replica=reattach-replica-master-host reattach-slave-master-host=reattach-replica-master-host`
  .trim()
  .split(/\s+/)
  .map((pair) => pair.split('='))
  .map(([older = '', newer = '']) => [older, newer]);
