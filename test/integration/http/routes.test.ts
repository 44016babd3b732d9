import assert from 'node:assert/strict';
import { apiRoutes } from '../../../internal/http/routes.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { FakeHouse, SETTINGS, TestHttp } from '../../support/http.ts';

type Row = readonly [path: string, kind: 'envelope' | 'bare', acts?: 'acts'];

const KEY = 'db2.example/3306';
const MORE = 'db3.example/3306';

/** Every route of the main job, each once with an example: answered, and as the contract says. */
const ROUTES: Row[] = [
  [`instance/${KEY}`, 'bare'],
  [`instance-replicas/db1.example/3306`, 'bare'],
  ['all-instances', 'bare'],
  ['search/db2', 'bare'],
  ['search', 'bare'],
  [`discover/${KEY}`, 'envelope', 'acts'],
  [`refresh/${KEY}`, 'envelope', 'acts'],
  [`async-discover/${KEY}`, 'envelope', 'acts'],
  [`forget/${KEY}`, 'envelope', 'acts'],
  ['forget-cluster/shop', 'envelope', 'acts'],
  ['bulk-instances', 'bare', 'acts'],
  ['clusters', 'bare'],
  ['clusters-info', 'bare'],
  ['cluster-info/shop', 'bare'],
  ['cluster-info/alias/shop', 'bare'],
  ['cluster/shop', 'bare'],
  ['cluster/alias/shop', 'bare'],
  [`cluster/instance/${KEY}`, 'bare'],
  ['cluster-osc-replicas/shop', 'bare'],
  ['cluster-osc-slaves/shop', 'bare'],
  ['masters', 'bare'],
  ['master/shop', 'bare'],
  ['topology/shop', 'envelope'],
  [`topology/${KEY}`, 'envelope'],
  ['topology-tabulated/shop', 'envelope'],
  [`topology-tabulated/${KEY}`, 'envelope'],
  ['topology-tags/shop', 'envelope'],
  [`topology-tags/${KEY}`, 'envelope'],
  ['set-cluster-alias/db1.example:3306?alias=store', 'envelope', 'acts'],
  [`begin-maintenance/${KEY}/me/why`, 'envelope', 'acts'],
  [`begin-maintenance/${KEY}/me/why/2h`, 'envelope', 'acts'],
  [`end-maintenance/${KEY}`, 'envelope', 'acts'],
  ['end-maintenance/4', 'envelope', 'acts'],
  [`in-maintenance/${KEY}`, 'envelope'],
  [`tags/${KEY}`, 'bare'],
  ['tag-value/db1.example/3306?tag=role', 'bare'],
  ['tag-value/db1.example/3306/role', 'bare'],
  ['tagged?tag=role', 'bare'],
  [`tagged/${KEY}?tag=role`, 'bare'],
  ['submit-masters-to-kv-stores', 'envelope'],
  [`tag/${KEY}?tag=role`, 'envelope', 'acts'],
  [`tag/${KEY}/role/backup`, 'envelope', 'acts'],
  [`untag/${KEY}?tag=role`, 'envelope', 'acts'],
  [`untag/${KEY}/role`, 'envelope', 'acts'],
  ['untag-all?tag=role=backup', 'envelope', 'acts'],
  ['untag-all/role/backup', 'envelope', 'acts'],
  [`register-hostname-unresolve/${KEY}/vip.example`, 'envelope', 'acts'],
  [`deregister-hostname-unresolve/${KEY}`, 'envelope', 'acts'],
  ['submit-masters-to-kv-stores/shop', 'envelope'],
  ['submit-pool-instances/readers?instances=db1,db2', 'envelope', 'acts'],
  ...['cluster-pool-instances/db1.example:3306', 'heuristic-cluster-pool-instances/shop'].flatMap((path): Row[] => [
    [path, 'envelope', 'acts'],
    [`${path}/readers`, 'envelope', 'acts'],
  ]),
  ['heuristic-cluster-pool-lag/shop', 'envelope', 'acts'],
  ['heuristic-cluster-pool-lag/shop/readers', 'envelope', 'acts'],
  ['snapshot-topologies', 'envelope'],
  ['maintenance', 'bare'],
  ['audit-failure-detection', 'bare'],
  ['audit-failure-detection/0', 'bare'],
  ['audit-failure-detection/id/9', 'bare'],
  ['audit-failure-detection/alias/shop', 'bare'],
  ['audit-failure-detection/alias/shop/0', 'bare'],
  ['blocked-recoveries', 'bare'],
  ['blocked-recoveries/cluster/db1.example:3306', 'bare'],
  ['replication-analysis', 'envelope'],
  ['replication-analysis/shop', 'envelope'],
  [`replication-analysis/instance/${KEY}`, 'envelope'],
  ['replication-analysis-changelog', 'bare'],
  ['problems', 'bare'],
  ['problems/shop', 'bare'],
  ['automated-recovery-filters', 'envelope'],
  [`begin-downtime/${KEY}/me/why`, 'envelope', 'acts'],
  [`begin-downtime/${KEY}/me/why/30m`, 'envelope', 'acts'],
  [`end-downtime/${KEY}`, 'envelope', 'acts'],
  ['downtimed', 'bare'],
  ['downtimed/shop', 'bare'],
  [`register-candidate/${KEY}/prefer`, 'envelope', 'acts'],
  ['bulk-promotion-rules', 'bare', 'acts'],
  ['force-master-failover/shop', 'envelope', 'acts'],
  [`force-master-failover/${KEY}`, 'envelope', 'acts'],
  [`force-master-takeover/shop/${KEY}`, 'envelope', 'acts'],
  [`force-master-takeover/${KEY}/${MORE}`, 'envelope', 'acts'],
  ...(['graceful-master-takeover', 'graceful-master-takeover-auto'] as const).flatMap((name): Row[] => [
    [`${name}/shop`, 'envelope', 'acts'],
    [`${name}/${KEY}`, 'envelope', 'acts'],
    [`${name}/shop/${KEY}`, 'envelope', 'acts'],
    [`${name}/${KEY}/${MORE}`, 'envelope', 'acts'],
  ]),
  ['disable-global-recoveries', 'envelope', 'acts'],
  ['enable-global-recoveries', 'envelope', 'acts'],
  ['check-global-recoveries', 'envelope'],
  ['audit-recovery', 'bare'],
  ['audit-recovery/0', 'bare'],
  ['audit-recovery/id/41', 'bare'],
  ['audit-recovery/uid/17:abc', 'bare'],
  ['audit-recovery/cluster/db1.example:3306', 'bare'],
  ['audit-recovery/cluster/db1.example:3306/0', 'bare'],
  ['audit-recovery/alias/shop', 'bare'],
  ['audit-recovery/alias/shop/0', 'bare'],
  ['audit-recovery-steps/17:abc', 'bare'],
  ['active-cluster-recovery/db1.example:3306', 'bare'],
  ['recently-active-cluster-recovery/db1.example:3306', 'bare'],
  [`recently-active-instance-recovery/${KEY}`, 'bare'],
  ['audit', 'bare'],
  ['audit/0', 'bare'],
  [`audit/instance/${KEY}`, 'bare'],
  [`audit/instance/${KEY}/0`, 'bare'],
  ['ack-recovery/cluster/shop?comment=c', 'envelope', 'acts'],
  ['ack-recovery/cluster/alias/shop?comment=c', 'envelope', 'acts'],
  [`ack-recovery/instance/${KEY}?comment=c`, 'envelope', 'acts'],
  ['ack-recovery/41?comment=c', 'envelope', 'acts'],
  ['ack-recovery/uid/17:abc?comment=c', 'envelope', 'acts'],
  ['ack-all-recoveries?comment=c', 'envelope', 'acts'],
  [`resolve/${KEY}`, 'envelope'],
  ['hostname-resolve-cache', 'envelope'],
  ['reset-hostname-resolve-cache', 'envelope', 'acts'],
  [`locate-gtid-errant/${KEY}`, 'envelope'],
  [`last-pseudo-gtid/${KEY}`, 'envelope', 'acts'],
  ['lb-check', 'bare'],
  ['_ping', 'bare'],
  ['leader-check', 'bare'],
  ['leader-check/503', 'bare'],
  ['routed-leader-check', 'bare'],
  ['headers', 'bare'],
  ['reload-configuration', 'envelope', 'acts'],
  ['reload-configuration?config=/extra.json', 'envelope', 'acts'],
  ['health', 'envelope'],
  ...['discovery-metrics', 'discovery-queue-metrics', 'backend-query-metrics', 'write-buffer-metrics'].flatMap(
    (name): Row[] => [
      [`${name}-raw/60`, 'bare'],
      [`${name}-aggregated/60`, 'bare'],
    ],
  ),
  ['discovery-queue-metrics-raw/DEFAULT/60', 'bare'],
  ['discovery-queue-metrics-aggregated/DEFAULT/60', 'bare'],
  ['status', 'envelope'],
];
/** What an operator asks of replication, by what stands behind the instance in its path. */
const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  '': [
    ...['move-up', 'move-up-replicas', 'move-up-slaves', 'repoint-replicas', 'repoint-slaves', 'take-siblings'],
    ...[
      'enslave-siblings',
      'take-master',
      'enslave-master',
      'make-co-master',
      'enable-gtid',
      'disable-gtid',
      'skip-query',
    ],
    ...['start-replica', 'start-slave', 'restart-replica', 'restart-slave', 'stop-replica', 'stop-slave'],
    ...['stop-replica-nice', 'stop-slave-nice', 'reset-replica', 'reset-slave', 'change-master-credentials'],
    ...['detach-replica', 'detach-slave', 'reattach-replica', 'reattach-slave', 'flush-binary-logs'],
    ...['detach-replica-master-host', 'detach-slave-master-host', 'reattach-replica-master-host'],
    ...['reattach-slave-master-host', 'enable-semi-sync-master', 'enable-semi-sync-source', 'disable-semi-sync-master'],
    ...['disable-semi-sync-source', 'enable-semi-sync-replica', 'disable-semi-sync-replica', 'set-read-only'],
    'set-writeable',
    ...['regroup-replicas', 'regroup-slaves', 'regroup-replicas-gtid', 'regroup-slaves-gtid'],
    ...['regroup-replicas-pgtid', 'regroup-slaves-pgtid', 'make-master', 'make-local-master'],
    ...['regroup-replicas-bls', 'regroup-slaves-bls', 'match-up', 'match-up-replicas', 'match-up-slaves'],
    ...['gtid-errant-reset-master', 'gtid-errant-inject-empty'],
  ],
  [`/${MORE}`]: [
    ...['relocate', 'relocate-below', 'relocate-replicas', 'relocate-slaves', 'move-below', 'move-below-gtid'],
    ...['move-gtid', 'move-equivalent'],
    ...['move-replicas-gtid', 'move-slaves-gtid', 'repoint', 'repoint-replicas', 'repoint-slaves'],
    ...['match', 'match-below', 'match-replicas', 'match-slaves'],
  ],
  '/db1.example/3306': ['move-up-replicas', 'move-up-slaves', 'match-up-replicas', 'match-up-slaves'],
  '/30': ['delay-replication', 'kill-query'],
  '/mysql-bin.000002': ['purge-binary-logs'],
  '/mysql-bin.000002/4': ['master-equivalent'],
  '?q=select+1': ['restart-replica-statements', 'restart-slave-statements'],
};
for (const [end, names] of Object.entries(OPERATIONS))
  for (const name of names) ROUTES.push([`${name}/${KEY}${end}`, 'envelope', 'acts']);

const AGENT_CALLS = [
  ...['umount', 'mount', 'create-snapshot', 'removelv', 'mysql-stop', 'mysql-start'],
  ...['active-seeds', 'recent-seeds', 'seed-details', 'seed-states', 'abort-seed'],
].map((call) => `agent-${call}`);

/** They answer, and with an error: there is nothing to recover, and no group. */
const REFUSED: readonly Row[] = [
  ...['agents', 'seeds', 'agent-seed/db1/db2', 'agent-custom-command/db1/ls'].map(
    (path): Row => [path, 'bare', 'acts'],
  ),
  ...['agent', ...AGENT_CALLS].map((call): Row => [`${call}/1`, 'bare', 'acts']),
  ...(['recover', 'recover-lite'] as const).flatMap((name): Row[] => [
    [`${name}/${KEY}`, 'envelope', 'acts'],
    [`${name}/${KEY}/${MORE}`, 'envelope', 'acts'],
  ]),
  [`can-replicate-from/${KEY}/${KEY}`, 'envelope'],
  [`can-replicate-from-gtid/${KEY}/${KEY}`, 'envelope'],
  ['reload-cluster-alias', 'envelope', 'acts'],
  ...['raft-state', 'raft-leader', 'raft-peers', 'raft-health', 'raft-status'].map((path): Row => [path, 'bare']),
  ['raft-follower-health-report/token/10.0.0.1:10008/10.0.0.1:10008', 'bare'],
  ...['raft-snapshot', 'raft-drain', 'raft-add-peer/10.0.0.1', 'raft-remove-peer/10.0.0.1', 'raft-scale-down/3'].map(
    (path): Row => [path, 'bare', 'acts'],
  ),
  ['raft-backup', 'bare', 'acts'],
  ...['raft-yield/10.0.0.1', 'raft-yield-hint/orc', 'reelect', 'grab-election'].map(
    (path): Row => [path, 'envelope', 'acts'],
  ),
];

const withSlash = (path: string) => path.replace(/(\?|$)/, '/$1');

describe('routes of the API', () => {
  let http: TestHttp;
  let readOnly: TestHttp;
  before(async () => {
    http = await TestHttp.start({ urlPrefix: '/orc' });
    readOnly = await TestHttp.start({ readOnly: true });
  });
  after(() => Promise.all([http.stop(), readOnly.stop()]));

  for (const [path, kind, acts] of ROUTES) {
    it(`${path}: ${kind}${acts ? ', for those who may act' : ''}`, async () => {
      for (const spelled of [path, withSlash(path)]) {
        const { status, headers, json, text } = await http.get(`/orc/api/${spelled}`);
        assert.equal(status, 200, text);
        assert.equal(headers['content-type'], 'application/json; charset=UTF-8');
        const isEnvelope = Object.keys(json as object).join() === 'Code,Message,Details';
        assert.equal(isEnvelope, kind === 'envelope', text.slice(0, 200));
      }
      const refused = await readOnly.get(`/api/${path}`);
      assert.equal(refused.text === '{"Code":"ERROR","Message":"Unauthorized","Details":null}', acts !== undefined);
      assert.equal(refused.status, acts === undefined ? 200 : 500);
      const before = http.house.calls.length;
      const head = await http.get(`/orc/api/${path}`, {}, 'HEAD');
      assert.deepEqual([head.status, head.text], [acts === undefined ? 200 : 500, '']);
      assert.deepEqual(http.house.calls.slice(before), []); // asking for a head changes nothing
    });
  }

  for (const [path] of REFUSED) {
    it(`${path}: an error envelope`, async () => {
      const { status, json } = await http.get(`/orc/api/${path}`);
      assert.equal(status, path.startsWith('v2') ? 404 : 500);
      assert.equal((json as { Code: string }).Code, 'ERROR');
    });
  }

  it('has no route that the table above leaves out', () => {
    const deps = { services: new FakeHouse().services(), settings: SETTINGS, clock: systemClock, log: silentLog };
    const examples = [...ROUTES, ...REFUSED].map(([path]) => path.replace(/\?.*/, ''));
    for (const { path } of apiRoutes(deps)) {
      const expression = new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`);
      assert.ok(
        examples.some((example) => expression.test(example)),
        path,
      );
    }
  });

  it('answers an unknown call with an envelope, whatever the verb', async () => {
    for (const [method, path] of [
      ['GET', '/orc/api/nonsense'],
      ['GET', '/orc/api/Clusters'],
      ['GET', '/orc/api/instance/db1.example'],
      ['GET', '/orc/api/'],
      ['POST', '/orc/api/clusters'],
      ['DELETE', '/orc/api/forget/db1.example/3306'],
    ] as const) {
      const { status, json } = await http.get(path, {}, method, method === 'POST' ? '{"broken' : undefined);
      assert.equal(status, 404, path);
      assert.deepEqual(json, { Code: 'ERROR', Message: `No such API call: ${method} ${path}`, Details: null });
    }
  });

  it('answers outside of the API, and outside of its prefix, with a line of text', async () => {
    for (const path of [
      '/',
      '/orc',
      '/api/clusters',
      '/orc/nothing',
      '/orc/web',
      '/orc/web/nothing',
      '/web/clusters',
    ]) {
      const { status, text } = await http.get(path);
      assert.deepEqual([status, text], [404, '404 page not found'], path);
    }
  });

  it('serves the status endpoint where it was put, and only there', async () => {
    const moved = await TestHttp.start({ urlPrefix: '/orc', statusEndpoint: '/up' });
    try {
      assert.equal(((await moved.get('/up')).json as { Details: { Healthy: boolean } }).Details.Healthy, true);
      assert.equal((await moved.get('/orc/api/status')).status, 404);
    } finally {
      await moved.stop();
    }
  });

  it('tells checks with the status they ask for whether it leads; what is no status of an error is 404', async () => {
    const follower = await TestHttp.start();
    follower.house.leads = false;
    try {
      for (const [path, status] of [
        ['leader-check', 404],
        ['leader-check/503', 503],
        ['leader-check/503/', 503],
        ['leader-check/200', 404],
        ['leader-check/-503', 404],
        ['leader-check/no', 404],
        ['routed-leader-check', 404],
      ] as const) {
        const answer = await follower.get(`/api/${path}`);
        assert.deepEqual([answer.status, answer.text], [status, '"Not leader"'], path);
      }
      assert.equal((await follower.get('/api/lb-check')).text, '"OK"');
    } finally {
      await follower.stop();
    }
  });

  it('puts its name in front of every message, and in front of nothing else', async () => {
    const named = await TestHttp.start({ messagePrefix: 'Orchestrator n1 says: ' });
    try {
      const message = async (path: string) => ((await named.get(path)).json as { Message: string }).Message;
      assert.equal(await message('/api/check-global-recoveries'), 'Orchestrator n1 says: Global recoveries enabled');
      assert.equal(await message('/api/instance/x/1'), 'Orchestrator n1 says: Cannot read instance: x:1');
      assert.equal(await message('/api/nonsense'), 'Orchestrator n1 says: No such API call: GET /api/nonsense');
      assert.equal((await named.get('/api/lb-check')).text, '"OK"');
    } finally {
      await named.stop();
    }
  });

  it('says what is missing while it is not ready', async () => {
    const fresh = await TestHttp.start();
    try {
      assert.deepEqual([(await fresh.get('/readyz')).status, (await fresh.get('/readyz')).text], [200, 'ok']);
      await fresh.get('/api/async-discover/a/1');
      const { status, text } = await fresh.get('/readyz');
      assert.deepEqual([status, text], [503, 'backend: no calls']);
      assert.equal((await fresh.get('/readyz?verbose')).text, '[+] discovery: 3 servers known\n[-] backend: no calls');
      assert.equal((await fresh.get('/livez')).text, 'ok');
    } finally {
      await fresh.stop();
    }
  });
});
