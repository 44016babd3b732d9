// Every command of the established shell client (cli.md, 2.5), as data: what it asks the API for, to the letter, and what it prints of the
// answer, for the house of the tests.

/** `%0A`: the client ends what it encodes in a line feed. A trailing slash: it leaves the last segment empty. */
type Row = readonly [
  command: string,
  /** In the order of the calls, below `/api/`; none: it asks for nothing. */
  asks: readonly string[],
  /** Undefined: whatever it is, the command succeeds. */
  stdout?: readonly string[],
];

const DB1 = 'db1.example/3306';
const DB2 = 'db2.example/3306';
const DB3 = 'db3.example/3306';
const KEY1 = 'db1.example:3306';
const KEY2 = 'db2.example:3306';
const KEY3 = 'db3.example:3306';
const LONE = 'lone.example:3306';
const TREE = [
  `${KEY1}   [0s,ok,8.4.3,rw,ROW,>>,GTID]`,
  `+ ${KEY2} [0s,ok,8.4.3,ro,ROW,>>,GTID]`,
  `- ${KEY3} [null,nonreplicating,8.4.3,ro,ROW,>>,GTID]`,
];

const STATEMENTS = `[ ${[
  'stop replica io_thread;',
  'stop replica sql_thread;',
  'select 1;',
  'start replica sql_thread;',
  'start replica io_thread;',
]
  .map((one) => JSON.stringify(one))
  .join(', ')} ]`;

const onServer = (...names: readonly string[]): readonly Row[] =>
  names.map((name) => [`${name} -i ${KEY2}`, [`${name}/${DB2}`], [KEY2]]);
const relocation = (...names: readonly string[]): readonly Row[] =>
  names.map((name) => [`${name} -i ${KEY3} -d db2.example`, [`${name}/${DB3}/${DB2}`], [`${KEY3}<${KEY1}`]]);

/** Command, and the options it is given here. */
// biome-ignore format: a table
export const CLIENT_COMMANDS: readonly Row[] = [
  ['help', []],
  ['which-api', []],
  ['api -P leader-check', ['leader-check'], ['"OK"']],
  // Discovery and information
  [`async-discover -i ${KEY2}`, [`async-discover/${DB2}`], [KEY2]],
  ['discover -i db2.example', [`discover/${DB2}`], [KEY2]],
  [`forget -i ${KEY2}`, [`forget/${DB2}`], []],
  ['forget-cluster -a shop', ['forget-cluster/shop'], []],
  ['topology -a shop', ['topology/shop'], TREE],
  ['topology-tabulated -i db3.example', ['topology-tabulated/db3.example']],
  [`topology-tags -i ${KEY1}`, [`topology-tags/${KEY1}`]],
  ['snapshot-topologies', ['snapshot-topologies']],
  ['clusters', ['clusters-info'], [KEY1, LONE]],
  ['clusters-alias', ['clusters-info'], [`${KEY1},shop`, `${LONE},${LONE}`]],
  ['search -i db2', ['search?s=db2%0A'], [KEY2]],
  ['instance -i db3.example', [`instance/${DB3}`], [KEY3]],
  ['which-instance -i b3 -D 3306', ['instance/b3/3306'], [KEY3]],
  [`which-master -i ${KEY2}`, [`instance/${DB2}`], [KEY1]],
  [`which-replicas -i ${KEY1}`, [`instance-replicas/${DB1}`], [KEY2, KEY3]],
  [`which-broken-replicas -i ${KEY1}`, [`instance-replicas/${DB1}`], []],
  ['which-cluster-instances -a shop', ['cluster/shop'], [KEY1, KEY2, KEY3]],
  [`which-cluster -i ${KEY3}`, [`cluster-info/${KEY3}`], [KEY1]],
  ['which-cluster-alias -i db3.example', ['cluster-info/db3.example'], ['shop']],
  ['which-cluster-master -a shop', ['master/shop'], [KEY1]],
  ['all-clusters-masters', ['masters'], [KEY1]],
  ['all-instances', ['all-instances'], [KEY1, LONE, KEY2, KEY3]],
  ['which-cluster-osc-replicas -a shop', ['cluster-osc-replicas/shop'], [KEY2, KEY3]],
  ['which-cluster-osc-running-replicas -a shop', ['cluster-osc-replicas/shop'], [KEY2]],
  ['downtimed', ['downtimed/'], []],
  ['dominant-dc', ['masters'], ['dc1']],
  ['submit-masters-to-kv-stores -a shop', ['submit-masters-to-kv-stores/shop'], ['mysql/master/shop:db1.example:3306']],
  [`is-replicating -i ${KEY2}`, [`instance/${DB2}`], [KEY2]],
  [`is-replication-stopped -i ${KEY2}`, [`instance/${DB2}`], []],
  [`which-gtid-errant -i ${KEY2}`, [`instance/${DB2}`], ['']],
  ['replication-analysis', ['replication-analysis']],
  // Relocation
  ...relocation('relocate', 'match', 'move-below', 'move-equivalent', 'move-gtid', 'repoint'),
  ['relocate-replicas -i db1.example -d db2.example', [`relocate-replicas/${DB1}/${DB2}`], [KEY1]],
  ['move-replicas-gtid -i db1.example -s db2.example', [`move-replicas-gtid/${DB1}/${DB2}`], [KEY1]],
  ...['match-up', 'move-up', 'make-co-master', 'take-master', 'take-siblings'].map(
    (name): Row => [`${name} -i ${KEY2}`, [`${name}/${DB2}`], [`${KEY2}<${KEY1}`]],
  ),
  ...['match-up-replicas', 'move-up-replicas', 'repoint-replicas'].map(
    (name): Row => [`${name} -i ${KEY2}`, [`${name}/${DB2}/`], [KEY2]],
  ),
  // Replication and servers
  ...onServer('stop-replica', 'stop-replica-nice', 'start-replica', 'restart-replica', 'reset-replica'),
  ...onServer('change-master-credentials', 'detach-replica', 'reattach-replica', 'detach-replica-master-host'),
  ...onServer('reattach-replica-master-host', 'skip-query', 'gtid-errant-reset-master', 'gtid-errant-inject-empty'),
  ...onServer('enable-semi-sync-master', 'disable-semi-sync-master', 'enable-semi-sync-replica'),
  ...onServer('disable-semi-sync-replica', 'set-read-only', 'set-writeable', 'flush-binary-logs'),
  [`purge-binary-logs -i ${KEY2} -n mysql-bin.000002`, [`purge-binary-logs/${DB2}/mysql-bin.000002`], [KEY2]],
  [`locate-gtid-errant -i ${KEY2}`, [`locate-gtid-errant/${DB2}`], ['binlog.000002']],
  [`last-pseudo-gtid -i ${KEY2}`, [`last-pseudo-gtid/${DB2}`]],
  [`restart-replica-statements -i ${KEY2} -q ${encodeURIComponent('select 1')}`, [`restart-replica-statements/${DB2}?q=select%201%0A`], [STATEMENTS]],
  [`delay-replication -i ${KEY2} -S 30`, [`delay-replication/${DB2}/30`], ['30']],
  [`can-replicate-from -i ${KEY3} -d db2.example`, [`can-replicate-from/${DB3}/${DB2}`], [KEY2]],
  [`can-replicate-from-gtid -i ${KEY3} -d db2.example`, [`can-replicate-from-gtid/${DB3}/${DB2}`], [KEY2]],
  // Tags and pools
  [`tags -i ${KEY1}`, [`tags/${DB1}`], ['in_service=', 'role=backup']],
  [`tag-value -i ${KEY1} -t role`, [`tag-value/${DB1}?tag=role%0A`], ['backup']],
  [`tag -i ${KEY2} -t role=a%26b`, [`tag/${DB2}?tag=role%3Da%26b%0A`], [KEY2]],
  [`untag -i ${KEY2} -t role=app`, [`untag/${DB2}?tag=role=app`], [KEY2]],
  ['untag-all -t role=app', ['untag-all?tag=role=app'], [KEY1]],
  ['tagged -t ~in_service=1,role', ['tagged/?tag=~in_service%3D1%2Crole%0A'], [KEY1]],
  [`submit-pool-instances -i ${KEY2},${KEY3} -l p`, [`submit-pool-instances/p?instances=${encodeURIComponent(`${KEY2},${KEY3}`)}%0A`]],
  ['which-heuristic-cluster-pool-instances -a shop', ['heuristic-cluster-pool-instances/shop/']],
  // Downtime, maintenance, registration
  [`begin-downtime -i ${KEY2} -o me/you -r why%3F%20%23now -u 1h`, [`begin-downtime/${DB2}/me%2Fyou%0A/why%3F%20%23now%0A/1h`], [KEY2]],
  [`end-downtime -i ${KEY2}`, [`end-downtime/${DB2}`], [KEY2]],
  [`begin-maintenance -i ${KEY2} -o me -r work%20here`, [`begin-maintenance/${DB2}/me%0A/work%20here%0A`], [KEY2]],
  [`end-maintenance -i ${KEY2}`, [`end-maintenance/${DB2}`], [KEY2]],
  [`register-candidate -i ${KEY2} --promotion-rule must_not`, [`register-candidate/${DB2}/must_not`], [KEY2]],
  [`register-hostname-unresolve -i ${KEY2} -hostname vip.example`, [`register-hostname-unresolve/${DB2}/vip.example`], [KEY2]],
  [`deregister-hostname-unresolve -i ${KEY2}`, [`deregister-hostname-unresolve/${DB2}`], [KEY2]],
  // Recovery
  ['recover -i lone.example', ['recover/lone.example/3306'], [KEY1]],
  ['graceful-master-takeover -a shop -d db2.example', [`graceful-master-takeover/shop/${DB2}`], [KEY1]],
  ['graceful-master-takeover-auto -i db1.example', ['graceful-master-takeover-auto/db1.example'], [KEY1]],
  ['force-master-failover -a shop', ['force-master-failover/shop'], [KEY1]],
  ['force-master-takeover -a shop -d db2.example', [`force-master-takeover/shop/${DB2}`], [KEY1]],
  ['ack-cluster-recoveries -a shop -r seen', ['ack-recovery/cluster/shop?comment=seen%0A'], [KEY1]],
  ['ack-all-recoveries -r seen', ['ack-all-recoveries?comment=seen%0A'], ['seen']],
  ['disable-global-recoveries', ['disable-global-recoveries'], ['disabled']],
  ['enable-global-recoveries', ['enable-global-recoveries'], ['enabled']],
  ['check-global-recoveries', ['check-global-recoveries'], ['enabled']],
  // Group
  ['raft-leader', ['raft-state', 'raft-leader']],
  ['raft-health', ['raft-health'], ['healthy']],
  ['raft-leader-hostname', ['raft-state', 'status'], ['node1']],
  ['raft-elect-leader -H orc', ['raft-state', 'raft-yield-hint/orc'], ['orc']],
];

/** The words of a command line, decoded: no blank stands in a row otherwise. */
export const wordsOf = (command: string): readonly string[] => command.split(' ').map(decodeURIComponent);
