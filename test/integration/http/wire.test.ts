import assert from 'node:assert/strict';
import { A_RECOVERY, TestHttp } from '../../support/http.ts';
import {
  CLUSTER_INFO,
  HEALTH_STATUS,
  INSTANCE,
  REPLICATION_ANALYSIS,
  type Shape,
  TOPOLOGY_RECOVERY,
  type WireType,
} from '../../support/wire-shapes.ts';

const members = (value: unknown) => Object.keys(value as object).join();
const orNull = (test: (value: unknown) => boolean) => (value: unknown) => value === null || test(value);
const isObject = (value: unknown) => typeof value === 'object' && value !== null;
const isKey = (value: unknown) => members(value) === 'Hostname,Port';
const isCoordinates = (value: unknown) => members(value) === 'LogFile,LogPos,Type';

/** Whether a value is of the type; the small objects by their members, in order. */
const IS: Readonly<Record<WireType, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  int: (value) => Number.isSafeInteger(value),
  bool: (value) => typeof value === 'boolean',
  array: Array.isArray,
  'array|null': orNull(Array.isArray),
  object: isObject,
  'object|null': orNull(isObject),
  Key: isKey,
  'Key|null': orNull(isKey),
  Coordinates: isCoordinates,
  'Coordinates|null': orNull(isCoordinates),
  NullInt: (value) => members(value) === 'Int64,Valid',
  NullBool: (value) => members(value) === 'Bool,Valid',
};

type Found = Readonly<Record<string, unknown>>;
const whole = (json: unknown) => json;
const details = (json: unknown) => (json as { Details: unknown }).Details;
const first = (json: unknown) => (json as Found[])[0];
const analysis = (json: unknown) => first(details(json)) as Found;

const CASES: readonly (readonly [what: string, path: string, find: (json: unknown) => unknown, shape: Shape])[] = [
  ['an instance', 'instance/db2/3306', whole, INSTANCE],
  ['an instance that was discovered', 'discover/db2/3306', details, INSTANCE],
  ['a member of a cluster', 'cluster/shop', first, INSTANCE],
  ['a cluster', 'cluster-info/shop', whole, CLUSTER_INFO],
  ['the cluster of an analysis', 'replication-analysis', (json) => analysis(json).ClusterDetails, CLUSTER_INFO],
  ['an analysis', 'replication-analysis', analysis, REPLICATION_ANALYSIS],
  ['a recovery that was run', 'force-master-failover/shop', details, TOPOLOGY_RECOVERY],
  [
    'its analysis',
    'force-master-failover/shop',
    (json) => (details(json) as Found).AnalysisEntry,
    REPLICATION_ANALYSIS,
  ],
  ['a recovery of old', 'audit-recovery', first, TOPOLOGY_RECOVERY],
  ['its analysis', 'audit-recovery', (json) => first(json)?.AnalysisEntry, REPLICATION_ANALYSIS],
  ['a detection', 'audit-failure-detection', (json) => ({ ...first(json), AllErrors: [] }), TOPOLOGY_RECOVERY],
  ['its analysis', 'audit-failure-detection', (json) => first(json)?.AnalysisEntry, REPLICATION_ANALYSIS],
  ['the health', 'health', details, HEALTH_STATUS],
];

const OLD = { Hostname: 'old.example', Port: 3306 };
const DB1 = { Hostname: 'db1.example', Port: 3306 };
const DB2 = { Hostname: 'db2.example', Port: 3306 };
const DB3 = { Hostname: 'db3.example', Port: 3306 };

/** Values that clients read and that are easy to get wrong. */
const VALUES: readonly (readonly [path: string, find: (json: unknown) => unknown, part: Found])[] = [
  [
    'instance/db3/3306',
    whole,
    {
      Key: DB3,
      MasterKey: DB1,
      ReplicationSQLThreadState: 1,
      ReplicationIOThreadState: 0,
      Slave_IO_Running: false,
      SlaveLagSeconds: { Int64: 0, Valid: false },
      SlaveHosts: [],
      ClusterName: 'db1.example:3306',
      ReplicationDepth: 1,
      LastSQLError: '',
      LastSeenTimestamp: '2026-01-02T03:04:04Z',
      SecondsSinceLastSeen: { Int64: 1, Valid: true },
      Problems: ['not_replicating'],
      LastDiscoveryLatency: 1_250_000,
      AncestryUUID: '00000000-0000-0000-0000-000000000001,00000000-0000-0000-0000-000000000003',
      QSP: {},
    },
  ],
  ['instance/db1/3306', whole, { MasterKey: { Hostname: '', Port: 0 }, SlaveHosts: [DB2, DB3], ReadOnly: false }],
  ['cluster-info/shop', whole, { ClusterAlias: 'shop', CountInstances: 3, HeuristicLag: 0 }],
  [
    'audit-recovery',
    first,
    {
      Id: 41,
      LastDetectionId: 9,
      ProcessingNodeHostname: 'node2',
      SuccessorKey: DB1,
      SuccessorBinlogCoordinates: null,
      IsActive: true,
      AllErrors: [''],
      ParticipatingInstanceKeys: [DB2, DB3],
      RecoveryStartTimestamp: '2026-01-02T03:03:05Z',
      RecoveryType: 'NotMasterRecovery',
      Type: '',
    },
  ],
  [
    'audit-recovery',
    (json) => first(json)?.AnalysisEntry,
    { AnalyzedInstanceKey: OLD, CountReplicas: 2, SlaveHosts: [DB2, DB3], StructureAnalysis: null },
  ],
  [
    'force-master-failover/shop',
    details,
    {
      Id: 41,
      SuccessorKey: DB1,
      IsActive: false,
      AllErrors: [],
      RecoveryStartTimestamp: '',
      ProcessingNodeHostname: '',
      Type: 'MasterRecovery',
      RecoveryType: 'MasterRecoveryGTID',
    },
  ],
  [
    'audit-failure-detection',
    first,
    { Id: 9, UID: '', SuccessorKey: null, AllErrors: null, RelatedRecoveryId: 41, RecoveryType: '', IsActive: true },
  ],
  [
    'blocked-recoveries',
    first,
    { FailedInstanceKey: DB1, BlockingRecoveryId: 41, LastBlockedTimestamp: '2026-01-02T03:04:04Z' },
  ],
  ['maintenance', first, { MaintenanceId: 4, Key: DB3, SecondsElapsed: 5, IsActive: true, Owner: 'me', Reason: 'why' }],
  ['audit', first, { AuditId: 7, AuditType: 'begin-downtime', AuditInstanceKey: DB2, Message: 'why' }],
  ['instance/alias.example/3306', whole, { Key: DB2 }],
  ['topology/alias.example', whole, { Message: 'Topology for cluster db1.example:3306' }],
  ['resolve/db2.example/3306', details, { Hostname: 'db2.example.', Port: 3306 }],
  ['resolve/nowhere.example/1', whole, { Code: 'ERROR', Message: 'cannot connect to nowhere.example:1' }],
  [
    'hostname-resolve-cache',
    details,
    { 'alias.example': { Object: 'db2.example', Expiration: 1_767_323_045_001_000_000 } },
  ],
  [
    'bulk-promotion-rules',
    first,
    {
      Hostname: 'db2.example',
      Port: 3306,
      PromotionRule: 'prefer',
      LastSuggestedString: '2026-01-02T03:04:04Z',
      PromotionRuleExpiry: '2026-01-02T03:04:06Z',
    },
  ],
  [
    'replication-analysis-changelog',
    (json) => (json as Found[])[1],
    {
      AnalyzedInstanceKey: DB2,
      Changelog: ['2026-01-02T03:04:02Z;DeadIntermediateMaster,', '2026-01-02T03:04:04Z;NoProblem,'],
    },
  ],
  ['audit-recovery/id/41', first, { Id: 41, UID: '17:abc' }],
  ['audit-recovery/id/1', whole, { length: 0 }],
  [
    'health',
    details,
    {
      Healthy: true,
      Hostname: 'node1',
      Token: 'f00d',
      IsActiveNode: true,
      ActiveNode: {
        Hostname: 'node1',
        Token: 'f00d',
        AppVersion: '',
        FirstSeenActive: '2026-01-02T03:03:55Z',
        LastSeenActive: '2026-01-02T03:04:05Z',
        ExtraInfo: '',
        Command: '',
        DBBackend: '',
        LastReported: '0001-01-01T00:00:00Z',
      },
      Error: null,
    },
  ],
  [
    'health',
    (json) => (details(json) as { AvailableNodes: Found[] }).AvailableNodes[0],
    { Hostname: 'node2', AppVersion: '3.9', DBBackend: '/data/orchestrator.sqlite3' },
  ],
  ['audit-recovery-steps/17:abc', first, { Id: 1, RecoveryUID: '17:abc', Message: 'drained' }],
];

/** Commands of the shell client, and what its `jq` finds in the answers: path of members, and the value there. */
const CLIENT: readonly (readonly [command: string, path: string, member: string, value: unknown])[] = [
  ['discover', 'discover/db2.example/3306', 'Details.Key', DB2],
  ['async-discover', 'async-discover/db2.example/3306', 'Details.Key', DB2],
  ['clusters', 'clusters-info', '0.ClusterName', 'db1.example:3306'],
  ['clusters-alias', 'clusters-info', '0.ClusterAlias', 'shop'],
  ['search', 'search?s=db2%0A', '0.Key', DB2],
  ['instance', 'instance/db2.example/3306', 'Key', DB2],
  ['which-master', 'instance/db2.example/3306', 'MasterKey', DB1],
  ['which-master of one that has none', 'instance/db1.example/3306', 'MasterKey', { Hostname: '', Port: 0 }],
  ['which-replicas', 'instance-replicas/db1.example/3306', '1.Key', DB3],
  ['which-broken-replicas', 'instance-replicas/db1.example/3306', '1.ReplicationIOThreadRuning', false],
  ['which-cluster-instances', 'cluster/db2.example:3306', '2.Key', DB3],
  ['which-cluster', 'cluster-info/db2.example', 'ClusterName', 'db1.example:3306'],
  ['which-cluster-alias', 'cluster-info/shop', 'ClusterAlias', 'shop'],
  ['which-cluster-master', 'master/shop', 'ClusterName', 'db1.example:3306'],
  ['all-clusters-masters', 'masters', '0.Key', DB1],
  ['all-instances', 'all-instances', '0.Key', DB1],
  ['which-cluster-osc-replicas', 'cluster-osc-replicas/shop', '0.Key', DB2],
  ['downtimed', 'downtimed/', 'length', 0],
  ['dominant-dc', 'masters', '0.DataCenter', 'dc1'],
  ['is-replicating', 'instance/db2.example/3306', 'ReplicationIOThreadState', 1],
  ['which-gtid-errant', 'instance/db2.example/3306', 'GtidErrant', ''],
  ['replication-analysis', 'replication-analysis', 'Details.0.ClusterDetails.ClusterName', 'lone.example:3306'],
  ['topology-tags', 'topology-tags/shop', 'Details.length', 'string'],
  ['tags', 'tags/db1.example/3306', '0', 'in_service='],
  ['tag', 'tag/db2.example/3306?tag=role%3Dbackup%0A', 'Details', DB2],
  ['untag', 'untag/db2.example/3306?tag=role', 'Details.0', DB2],
  ['untag-all', 'untag-all?tag=role=backup', 'Details.0', DB1],
  ['untag-all by the path', 'untag-all/role/backup', 'Message', 'role removed from 1 instances'],
  ['submit-pool-instances', 'submit-pool-instances/readers?instances=db1,db2%0A', 'Details', 'readers'],
  ['pools of a cluster', 'cluster-pool-instances/db1.example:3306', 'Details', { readers: [DB1, DB2], written: [DB1] }],
  ['one of them', 'cluster-pool-instances/db1.example:3306/written', 'Details', { written: [DB1] }],
  ['one that nobody is in', 'cluster-pool-instances/db1.example:3306/none', 'Details', {}],
  ['pools of a cluster by its alias', 'cluster-pool-instances/shop', 'Details', {}],
  ['pooled', 'heuristic-cluster-pool-instances/shop/', 'Details.0.Key', DB1],
  ['pooled, by a member', 'heuristic-cluster-pool-instances/db2.example/readers', 'Details.1.Key', DB2],
  ['pooled, in one pool', 'heuristic-cluster-pool-instances/shop/written', 'Details.length', 1],
  ['pooled, dead', 'heuristic-cluster-pool-instances/lone.example/spare', 'Details.length', 0],
  ['lag of pools', 'heuristic-cluster-pool-lag/shop/readers', 'Details', 0],
  [
    'lag of none',
    'heuristic-cluster-pool-lag/shop/none',
    'Message',
    'No instance of cluster db1.example:3306 in pool none has a known lag',
  ],
  ['register-hostname-unresolve', 'register-hostname-unresolve/db2.example/3306/vip', 'Details', DB2],
  ['deregister-hostname-unresolve', 'deregister-hostname-unresolve/db2.example/3306', 'Details', DB2],
  ['agents', 'agents', 'Message', 'Agents not served'],
  ['submit-masters-to-kv-stores', 'submit-masters-to-kv-stores/shop', 'Details.0.Key', 'mysql/master/shop'],
  ['submit-masters-to-kv-stores, of all', 'submit-masters-to-kv-stores', 'Message', 'Submitted 1 masters'],
  ['tags of one that has none', 'tags/db2.example/3306', 'length', 0],
  ['tag-value', 'tag-value/db1.example/3306?tag=role%0A', 'length', 'backup'.length],
  ['tag-value, absent', 'tag-value/db1.example/3306?tag=x%0A', 'Message', 'Tag x not found for db1.example:3306'],
  ['tagged', 'tagged/?tag=role%3Dbackup%0A', '0', DB1],
  ['tagged, with an instance in the environment', 'tagged/db2.example/3306?tag=~role', 'length', 0],
  ['tagged, no tag', 'tagged/?tag=%0A', 'Message', 'not a tag: ""'],
  ['begin-downtime', 'begin-downtime/db2.example/3306/me%0A/why%0A/10m', 'Details', DB2],
  ['end-downtime', 'end-downtime/db2.example/3306', 'Details', DB2],
  ['begin-maintenance', 'begin-maintenance/db2.example/3306/me%0A/why%0A', 'Details', DB2],
  ['end-maintenance', 'end-maintenance/db2.example/3306', 'Details', DB2],
  ['register-candidate', 'register-candidate/db2.example/3306/prefer', 'Details', DB2],
  ['recover, nothing to do', 'recover/db2.example/3306', 'Details', DB2],
  ['graceful-master-takeover', 'graceful-master-takeover/shop/db2.example/3306', 'Details.SuccessorKey', DB1],
  ['graceful-master-takeover-auto', 'graceful-master-takeover-auto/shop', 'Details.SuccessorKey', DB1],
  ['force-master-failover', 'force-master-failover/shop', 'Details.SuccessorKey', DB1],
  ['force-master-takeover', 'force-master-takeover/shop/db2.example/3306', 'Details.SuccessorKey', DB1],
  ['ack-cluster-recoveries', 'ack-recovery/cluster/shop?comment=seen%0A', 'Details', 'db1.example:3306'],
  ['ack-all-recoveries', 'ack-all-recoveries?comment=seen%0A', 'Details', 'seen'],
  ['disable-global-recoveries', 'disable-global-recoveries', 'Details', 'disabled'],
  ['check-global-recoveries', 'check-global-recoveries', 'Details', 'disabled'],
  ['enable-global-recoveries', 'enable-global-recoveries', 'Details', 'enabled'],
];

function memberAt(json: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (value as Found)[name], json);
}

describe('shapes of the contract', () => {
  let http: TestHttp;
  before(async () => {
    http = await TestHttp.start();
  });
  after(() => http.stop());

  for (const [what, path, find, shape] of CASES) {
    it(`${what} (${path}) has every member, in order and of its type`, async () => {
      const found = find((await http.get(`/api/${path}`)).json) as Found;
      assert.deepEqual(Object.keys(found), Object.keys(shape));
      for (const [name, type] of Object.entries(shape))
        assert.ok(IS[type](found[name]), `${name}: ${JSON.stringify(found[name])} is no ${type}`);
    });
  }

  for (const [path, find, part] of VALUES) {
    it(`${path} answers ${Object.keys(part).join(', ')}`, async () => {
      const found = find((await http.get(`/api/${path}`)).json) as Found;
      assert.deepEqual(Object.fromEntries(Object.keys(part).map((name) => [name, found[name]])), part);
    });
  }

  it('says in its health what ails the backend, and who leads in its place', async () => {
    const ill = await TestHttp.start();
    Object.assign(ill.house, { failure: 'the file is locked', leads: false });
    try {
      for (const path of ['/api/health', '/api/status']) {
        const { status, json } = await ill.get(path);
        const { Healthy, IsActiveNode, ActiveNode, Error: cause } = details(json) as Found;
        assert.deepEqual([status, Healthy, IsActiveNode], [500, false, false]);
        assert.deepEqual([(ActiveNode as Found).Hostname, cause], ['node2', { Message: 'the file is locked' }]);
        assert.equal((json as Found).Message, 'Application node is unhealthy: the file is locked');
      }
    } finally {
      await ill.stop();
    }
  });

  it('answers a recovery that is asked for again with what came of it, and starts nothing', async () => {
    const own = await TestHttp.start();
    const failed = { hostname: 'db2.example', port: 3306 };
    try {
      for (const [successful, code, message, key] of [
        [true, 'OK', 'Recovery was executed a moment ago on db2.example:3306', DB1],
        [false, 'ERROR', 'Recovery failed on db2.example:3306: no candidate', DB2],
      ] as const) {
        own.house.repeated = [{ ...A_RECOVERY, failed, successful, errors: ['no candidate'] }];
        for (const path of ['recover/db2.example/3306', 'recover-lite/db2.example/3306/db3.example/3306'])
          assert.deepEqual((await own.get(`/api/${path}`)).json, { Code: code, Message: message, Details: key });
      }
      assert.deepEqual(own.house.calls, []);
    } finally {
      await own.stop();
    }
  });

  it('acknowledges by the number of the backend, not by the place in a list', async () => {
    const own = await TestHttp.start();
    own.house.recoveries = ['19:new', '18:def', '17:abc'].map((uid) => ({ ...A_RECOVERY, uid }));
    try {
      for (const [id, uids] of [
        [41, '17:abc'],
        [42, '18:def'],
        [1, ''],
        [0, ''],
      ] as const) {
        const { json } = await own.get(`/api/ack-recovery/${id}?comment=c`);
        assert.deepEqual([own.house.calls.at(-1), details(json)], [`acknowledge ${uids} node1|c`, `${id}`]);
      }
    } finally {
      await own.stop();
    }
  });

  it('has equal values under old and new names', async () => {
    const instance = (await http.get('/api/instance/db1/3306')).json as Found;
    for (const [old, current] of [
      ['LogSlaveUpdatesEnabled', 'LogReplicationUpdatesEnabled'],
      ['Slave_SQL_Running', 'ReplicationSQLThreadRuning'],
      ['Slave_IO_Running', 'ReplicationIOThreadRuning'],
      ['SlaveLagSeconds', 'ReplicationLagSeconds'],
      ['SlaveHosts', 'Replicas'],
    ] as const)
      assert.deepEqual(instance[old], instance[current]);
  });

  it('draws tags behind the first bracket, none of them as an empty one', async () => {
    const lines = String(details((await http.get('/api/topology-tags/shop')).json)).split('\n');
    assert.match(lines[0] ?? '', /^db1\.example:3306 +\[[^\]]+\] \[in_service,role=backup\]$/);
    assert.match(lines[1] ?? '', /^\+ db2\.example:3306 \[[^\]]+\] \[\]$/);
  });

  for (const [command, path, member, value] of CLIENT) {
    it(`the shell client finds ${member} for ${command}`, async () => {
      const found = memberAt((await http.get(`/api/${path}`)).json, member);
      if (value === 'string') assert.ok(Number(found) > 0);
      else assert.deepEqual(found, value);
    });
  }
});
