import assert from 'node:assert/strict';
import { ADDRESSES, FakeGroup } from '../../support/fake-group.ts';
import { A_RECOVERY, TestHttp } from '../../support/http.ts';
import { V2Client } from '../../support/v2.ts';

const DB2 = 'db2.example:3306';
const span = { server: 'db2.example', owner: 'me', reason: 'why', durationSeconds: 60 };

type Change = readonly [method: string, path: string, body: unknown, status: number, begun: readonly string[]];

/** Every change that needs no group, with what the house is asked for. */
const CHANGES: readonly Change[] = [
  ['POST', '/instances', { server: 'db2.example' }, 201, [`discover ${DB2}`]],
  ['POST', '/watched-servers', { server: 'new.example:3307' }, 202, ['watch new.example:3307']],
  ['POST', `/instances/${DB2}/reads`, undefined, 200, [`discover ${DB2}`]],
  ['DELETE', `/instances/${DB2}`, undefined, 204, [`forget ${DB2}`]],
  ['DELETE', '/instances/nobody.example:3306', undefined, 404, ['forget nobody.example:3306']],
  ['PUT', `/instances/${DB2}/virtual-hostname`, { hostname: 'vip.example' }, 204, [`virtual ${DB2} vip.example`]],
  ['DELETE', `/instances/${DB2}/virtual-hostname`, undefined, 204, [`virtual ${DB2} `]],
  ['PATCH', '/clusters/shop', { alias: 'market' }, 200, ['alias db1.example:3306 market']],
  ['DELETE', '/clusters/lone.example:3306', undefined, 204, ['forget lone.example:3306']],
  ['POST', '/downtimes', span, 201, [`downtime ${DB2} me|why|60000`]],
  ['POST', '/downtimes', { server: DB2, reason: 'x' }, 201, [`downtime ${DB2} node1|x|600000`]],
  ['POST', '/downtimes', { server: 'cname.example', reason: 'x' }, 201, [`downtime ${DB2} node1|x|600000`]],
  ['DELETE', '/downtimes/cname2.example', undefined, 204, [`end downtime ${DB2}`]],
  ['DELETE', `/downtimes/${DB2}`, undefined, 204, [`end downtime ${DB2}`]],
  ['DELETE', '/downtimes/db1.example:3306', undefined, 404, ['end downtime db1.example:3306']],
  ['POST', '/maintenance-locks', span, 201, [`maintenance ${DB2} me|why|60000`]],
  [
    'POST',
    '/maintenance-locks',
    { ...span, server: 'db3.example' },
    409,
    ['maintenance db3.example:3306 me|why|60000'],
  ],
  ['DELETE', '/maintenance-locks/db3.example:3306', undefined, 204, ['end maintenance db3.example:3306']],
  ['PUT', `/promotion-rules/${DB2}`, { rule: 'preferNot' }, 204, [`rule ${DB2} prefer_not`]],
  ['PUT', `/promotion-rules/${DB2}`, { rule: 'must' }, 400, []],
  ['PUT', `/instances/${DB2}/tags/role`, { value: 'backup' }, 204, [`tag ${DB2} role=backup`]],
  ['PUT', `/instances/${DB2}/tags/role`, {}, 204, [`tag ${DB2} role`]],
  ['DELETE', `/instances/${DB2}/tags/role`, undefined, 204, [`untag ${DB2} role`]],
  ['DELETE', '/tags/role?value=backup', undefined, 200, ['untag all role=backup']],
  ['DELETE', '/tags/role', undefined, 200, ['untag all role']],
  ['PUT', '/pools/readers', { servers: [DB2, 'db3.example'] }, 204, [`pool readers ${DB2},db3.example:3306`]],
  ['POST', '/acknowledgements', { comment: 'seen', all: true }, 200, ['acknowledge 17:abc node1|seen']],
  ['POST', '/acknowledgements', { comment: 'seen', uid: '17:abc' }, 200, ['acknowledge 17:abc node1|seen']],
  ['POST', '/acknowledgements', { comment: 'seen', cluster: 'shop' }, 200, ['acknowledge 17:abc node1|seen']],
  ['POST', '/acknowledgements', { comment: 'seen', server: 'old.example' }, 200, ['acknowledge 17:abc node1|seen']],
  ['POST', '/acknowledgements', { comment: 'seen', uid: 'nobody' }, 404, []],
  ['POST', '/acknowledgements', { comment: 'seen' }, 400, []],
  ['POST', '/acknowledgements', { comment: 'seen', all: true, uid: '17:abc' }, 400, []],
  ['PUT', '/global-recoveries', { enabled: false }, 200, ['disabled true']],
  ['PUT', '/global-recoveries', { enabled: true }, 200, ['disabled false']],
  [
    'POST',
    '/recoveries',
    { kind: 'takeover', cluster: 'shop', successor: DB2 },
    200,
    [`take over db1.example:3306 ${DB2} false`],
  ],
  [
    'POST',
    '/recoveries',
    { kind: 'recover', server: 'db1.example' },
    409,
    ['recover db1.example:3306 db1.example:3306 {"skipHooks":false}'],
  ],
  [
    'POST',
    '/recoveries',
    { kind: 'failover', cluster: 'shop' },
    200,
    ['recover db1.example:3306 db1.example:3306 {"code":"DeadMaster","command":"force-master-failover"}'],
  ],
  ['POST', '/recoveries', { kind: 'failover', cluster: 'shop', successor: 'a,b' }, 400, []],
  ['POST', '/recoveries', { kind: 'panic', cluster: 'shop' }, 400, []],
  [
    'POST',
    `/instances/${DB2}/operations`,
    { operation: 'relocate', below: 'db3.example' },
    200,
    [`relocate ${DB2} db3.example:3306`],
  ],
  [
    'POST',
    `/instances/${DB2}/operations`,
    { operation: 'moveBelow', sibling: 'db3.example' },
    200,
    [`moveBelow ${DB2} db3.example:3306`],
  ],
  ['POST', `/instances/${DB2}/operations`, { operation: 'repoint' }, 200, [`repoint ${DB2}`]],
  [
    'POST',
    `/instances/${DB2}/operations`,
    { operation: 'relocateReplicas', below: DB2, pattern: 'db' },
    200,
    [`relocateReplicas ${DB2} ${DB2}`],
  ],
  ['POST', `/instances/${DB2}/operations`, { operation: 'setReadOnly' }, 200, [`setReadOnly ${DB2}`]],
  ['POST', `/instances/${DB2}/operations`, { operation: 'setDelay', delaySeconds: 60 }, 200, [`setDelay ${DB2}`]],
  ['POST', `/instances/${DB2}/operations`, { operation: 'killQuery', processId: 7 }, 200, [`killQuery ${DB2}`]],
  [
    'POST',
    `/instances/${DB2}/operations`,
    { operation: 'purgeBinaryLogs', file: 'latest' },
    200,
    [`purgeBinaryLogs ${DB2}`],
  ],
  ['POST', `/instances/${DB2}/operations`, { operation: 'relocate' }, 400, []],
  ['POST', `/instances/${DB2}/operations`, { operation: 'setReadOnly', below: DB2 }, 400, []],
  ['POST', `/instances/${DB2}/operations`, { operation: 'dropEverything' }, 400, []],
  ['POST', '/instances/nobody.example/operations', { operation: 'setReadOnly' }, 404, []],
  ['POST', '/publications', { cluster: 'shop' }, 200, []],
  ['POST', '/topology-records', undefined, 204, []],
  ['POST', '/node/configuration-reloads', { file: '/extra.json' }, 200, ['reload /extra.json']],
  ['POST', '/node/configuration-reloads', { file: '/broken' }, 422, ['reload /broken']],
  ['DELETE', '/node/resolved-names', undefined, 204, ['forget names']],
  ['POST', '/leadership-claims', undefined, 409, []],
];

/** The same in a group, where this node leads. */
const GROUP_CHANGES: readonly Change[] = [
  ['POST', '/group/members', { address: '10.0.0.4' }, 201, ['add 10.0.0.4:10008']],
  ['POST', '/group/members', { address: '10.0.0.4', waitUntilVoter: true }, 201, ['add 10.0.0.4:10008, wait']],
  ['POST', '/group/members', { address: 'a b' }, 400, []],
  ['DELETE', `/group/members/${ADDRESSES[2]}`, undefined, 204, [`remove ${ADDRESSES[2]}`]],
  ['DELETE', `/group/members/${ADDRESSES[1]}`, undefined, 503, [`remove ${ADDRESSES[1]}`]],
  ['PUT', '/group/size', { members: 1, atMost: 1 }, 200, ['scale down to 1, 1 at most']],
  ['POST', '/leadership-transfers', {}, 202, ['transfer to anybody']],
  ['POST', '/leadership-transfers', { to: '10.0.0.2', wait: true }, 202, [`transfer to ${ADDRESSES[1]}, wait`]],
  ['POST', '/leadership-transfers', { hint: 'fra' }, 202, [`transfer to ${ADDRESSES[2]}`]],
  ['POST', '/leadership-transfers', { hint: 'nowhere' }, 404, []],
  ['PUT', '/node/draining', { draining: true }, 204, ['drain']],
  ['PUT', '/node/draining', { draining: false }, 204, ['undrain']],
  ['POST', '/node/snapshots', undefined, 204, ['snapshot']],
];

/** What is asked, and how many entries there are. */
const LISTS: readonly (readonly [path: string, entries: number])[] = [
  ['/analyses', 1],
  ['/analyses?all=true', 4],
  ['/analyses?cluster=shop', 0],
  ['/analyses?server=lone.example', 1],
  ['/analysis-changes', 3],
  ['/recoveries', 1],
  ['/recoveries?cluster=shop', 1],
  ['/recoveries?cluster=db1.example:3306&server=old.example&acknowledged=false&underWay=false', 1],
  ['/recoveries?acknowledged=true', 0],
  ['/recoveries/17:abc/steps', 1],
  ['/detections', 1],
  ['/blocked-recoveries', 1],
  ['/blocked-recoveries?cluster=other', 0],
  ['/audit-entries', 4],
  ['/audit-entries?server=db3.example', 4],
  ['/downtimes', 1],
  ['/maintenance-locks', 1],
  ['/promotion-rules', 2],
  ['/tags', 2],
  ['/tags?server=db1.example&name=role', 1],
  ['/pool-members', 5],
  ['/pool-members?pool=nobody', 0],
  ['/node/resolved-names', 1],
  ['/publications', 2],
  ['/publications?prefix=mysql/master/shop/', 1],
];

const READS = [
  '/clusters/shop/pool-lag',
  '/clusters/shop/pool-lag?pool=readers',
  '/recoveries/17:abc',
  '/global-recoveries',
  '/node',
  '/resolutions/db2.example',
  `/instances/${DB2}/replication-check?source=db1.example`,
  `/instances/${DB2}/replication-check?source=${DB2}&byGtid=true`,
  `/instances/${DB2}/restart-statements?statement=select+1`,
  `/instances/${DB2}/errant-gtid-logs`,
  `/instances/${DB2}/last-marker`,
  `/instances/${DB2}/equivalent-places?file=binlog.000001&position=4`,
  `/instances/${DB2}/operation-plan?operation=relocate&below=db3.example`,
];

/** They need more than the fake house has, a plan or another daemon on the backend; or they never end. */
const NOT_HERE = ['getFailoverPlan', 'claimLeadership', 'listenToEvents'];

describe('calls of /api/v2', () => {
  let http: TestHttp;
  let client: V2Client;
  const group = new FakeGroup(1);
  before(async () => {
    http = await TestHttp.start();
    client = await V2Client.of((...request) => http.get(...request));
    const forever = { owner: 'me', reason: 'why', beginMs: 0, endMs: 8.64e15 };
    http.house.inventory.setDowntime({ hostname: 'db3.example', port: 3306 }, forever);
  });
  after(() => http.stop());

  for (const [method, path, body, status, begun] of CHANGES)
    it(`${method} ${path} ${JSON.stringify(body) ?? ''}: ${status}`, async () => {
      http.house.calls.length = 0;
      const answer = await client.ask(path, { method, body });
      assert.equal(answer.status, status, answer.text);
      assert.deepEqual(http.house.calls, begun);
    });

  for (const [query, servers] of [
    ['', 2],
    ['?pool=written', 1],
    ['?pool=nobody', 0],
  ] as const)
    it(`the lag of pools${query} is the one that /api tells, and null where it tells none`, async () => {
      const found = await client.done<{ lagSeconds: number | null; servers: readonly string[] }>(
        `/clusters/shop/pool-lag${query}`,
      );
      const told = await http.get(`/api/heuristic-cluster-pool-lag/shop${query.replace('?pool=', '/')}`);
      const { Code, Details } = JSON.parse(told.text) as { Code: string; Details: number };
      assert.equal(found.lagSeconds, Code === 'OK' ? Details : null);
      assert.equal(found.servers.length, servers);
    });

  for (const [path, count] of LISTS)
    it(`${path}: ${count} entries`, async () => {
      const { items } = await client.done<{ items: readonly unknown[] }>(path);
      assert.equal(items.length, count);
      const one = await client.done<{ items: readonly unknown[]; nextCursor: string | null }>(
        `${path}${path.includes('?') ? '&' : '?'}limit=1`,
      );
      const rest: unknown[] = [...one.items];
      for (let cursor = one.nextCursor; cursor !== null; ) {
        const next = await client.done<typeof one>(`${path}${path.includes('?') ? '&' : '?'}limit=1&cursor=${cursor}`);
        rest.push(...next.items);
        cursor = next.nextCursor;
      }
      assert.deepEqual(rest, items); // page by page the same
    });

  for (const path of READS) it(`GET ${path}`, () => client.done(path).then((value) => assert.ok(value)));

  const UNPLANNED: readonly (readonly [query: string, code: string])[] = [
    ['operation=relocate', 'BAD_REQUEST'],
    ['operation=moveUp&below=db3.example', 'BAD_REQUEST'],
    ['operation=setReadOnly', 'BAD_REQUEST'],
    ['operation=makePrimary', 'BAD_REQUEST'],
    ['below=db3.example', 'BAD_REQUEST'],
    ['operation=takeSource', 'CONFLICT'],
  ];
  for (const [query, code] of UNPLANNED)
    it(`plan nothing for ${query}: ${code}`, async () => {
      assert.equal((await client.problem(`/instances/${DB2}/operation-plan?${query}`)).code, code);
    });

  it('speak of a group where there is one, and of none where there is none', async () => {
    assert.equal((await client.problem('/group')).code, 'CONFLICT');
    http.house.group = group;
    const seen = await client.done('/group');
    assert.deepEqual([seen.role, seen.term, seen.leader], ['leader', 7, { address: ADDRESSES[0], url: null }]);
    const { items } = await client.done<{ items: readonly { address: string }[] }>('/group/members');
    assert.deepEqual(
      items.map(({ address }) => address),
      [...ADDRESSES],
    );
  });

  for (const [method, path, body, status, begun] of GROUP_CHANGES)
    it(`in a group, ${method} ${path} ${JSON.stringify(body) ?? ''}: ${status}`, async () => {
      group.calls.length = 0;
      const answer = await client.ask(path, { method, body });
      assert.equal(answer.status, status, answer.text);
      assert.deepEqual(group.calls, begun);
    });

  it('give a backup as a file, and only to those who may act', async () => {
    const key = { 'Idempotency-Key': 'means nothing here' };
    const { status, text, headers } = await client.ask('/node/backup', { headers: key });
    assert.deepEqual([status, text], [200, 'all of it']);
    assert.match(String(headers['content-disposition']), /c1-98\.backup/);
  });

  it('tell a recovery that failed by its uid', async () => {
    http.house.repeated = [
      { ...A_RECOVERY, failed: { hostname: 'db1.example', port: 3306 }, successful: false, errors: ['no candidate'] },
    ];
    const { code, message, details } = await client.problem('/recoveries', {
      method: 'POST',
      body: { kind: 'recover', server: 'db1.example' },
    });
    assert.deepEqual([code, message, details], ['RECOVERY_FAILED', 'no candidate', { uid: '17:abc' }]);
  });

  it('were all asked for here, and done', () => {
    const all = Object.values(client.document.paths).flatMap((item) => Object.values(item));
    const missing = all.map(({ operationId }) => operationId).filter((id) => !client.succeeded.has(id));
    const elsewhere = [...NOT_HERE, 'getOpenApi', 'listProblemKinds', 'getProblemKind', 'listClusters', 'getCluster'];
    assert.deepEqual(
      missing.filter((id) => !elsewhere.includes(id) && !/^(list|get)Instance/.test(id)),
      [],
    );
  });
});
