import assert from 'node:assert/strict';
import type { GroupNow } from '../../../internal/http/group-view.ts';
import { aWait, FakeGroup } from '../../support/fake-group.ts';
import { SETTINGS, TestHttp } from '../../support/http.ts';

const FOUNDING = aWait('founding', '2 of 3 founders were heard');
const DISCOVERING = aWait('discovering', 'nobody answers yet');
const LOST = { role: 'candidate', leader: undefined, leaderContactMs: 9_000 } as const;

type Row = readonly [title: string, changes: Partial<GroupNow>, probe: string, status: number, body: string];

const ROWS: readonly Row[] = [
  ['all is well', {}, '/livez', 200, 'ok'],
  ['all is well', {}, '/readyz', 200, 'ok'],
  ['all is well', {}, '/startupz', 200, 'ok'],
  ['nobody leads', LOST, '/livez', 200, 'ok'],
  ['nobody leads', LOST, '/readyz', 503, 'leader: none is known'],
  ['nobody leads', LOST, '/readyz?noleader=true', 200, 'ok'],
  ['nobody leads', LOST, '/readyz?exclude=leader', 200, 'ok'],
  ['nobody leads', LOST, '/readyz?noleader=true&sync=true', 503, 'sync: no leader is known'],
  ['nobody leads', LOST, '/startupz', 200, 'ok'],
  ['the leader is silent', { leaderContactMs: 1_001 }, '/readyz', 503, 'leader: 10.0.0.1:10008, heard 1001 ms ago'],
  ['much is missing', { commit: 109 }, '/readyz', 503, 'applied: 11 entries behind what is agreed on'],
  ['it drains', { draining: true }, '/readyz', 503, 'draining: this node is being stopped'],
  ['it drains', { draining: true }, '/livez', 200, 'ok'],
  [
    'the consensus thread is stuck',
    { threadSilentMs: 10_001 },
    '/livez',
    503,
    'consensus: said something 10001 ms ago',
  ],
  ['it waits for founders', { ...LOST, waiting: FOUNDING }, '/startupz', 200, 'ok'],
  ['it looks for others', { ...LOST, waiting: DISCOVERING }, '/startupz', 503, 'started: nobody answers yet'],
  [
    'it looks for others',
    { ...LOST, waiting: DISCOVERING },
    '/readyz?noleader=true',
    503,
    'member: nobody answers yet',
  ],
];

describe('probes', () => {
  let http: TestHttp;
  before(async () => {
    http = await TestHttp.start({ urlPrefix: '/orc' });
  });
  after(() => http.stop());

  for (const [title, changes, probe, status, body] of ROWS)
    it(`${probe} where ${title}: ${status}`, async () => {
      http.house.group = new FakeGroup(2).is(changes);
      const answer = await http.get(`/orc${probe}`);
      assert.deepEqual([answer.status, answer.text], [status, body]);
      assert.equal((await http.get(`/orc${probe}`, {}, 'HEAD')).status, status);
    });

  it('list each check, a round among the members only where it is asked for', async () => {
    const group = new FakeGroup(2);
    http.house.group = group;
    const verbose = async (query: string) => (await http.get(`/orc/readyz?verbose${query}`)).text.split('\n');
    assert.deepEqual(await verbose(''), [
      '[+] discovery: 3 servers known',
      '[+] backend: no calls',
      '[+] member: belongs to its group',
      '[+] leader: 10.0.0.1:10008, heard 30 ms ago',
      '[+] applied: 2 entries behind what is agreed on',
      '[+] state: that of the group',
      '[+] draining: no',
    ]);
    assert.deepEqual(group.calls, []);
    assert.equal((await verbose('&sync=true')).at(-1), '[+] sync: has all that the group had agreed on');
    assert.deepEqual(group.calls, ['confirm']);
    assert.deepEqual(await verbose('&exclude=discovery&exclude=backend&exclude=leader&exclude=applied&exclude=state'), [
      '[+] member: belongs to its group',
      '[+] draining: no',
    ]);
  });

  it('need no login, and name nobody to those who have none', async () => {
    const authentication = { ...SETTINGS.authentication, method: 'basic', user: 'boss', password: 'secret' };
    const closed = await TestHttp.start({ authentication });
    try {
      closed.house.group = new FakeGroup(2).is({ leaderContactMs: 2_000 });
      const strange = await closed.get('/readyz');
      assert.deepEqual([strange.status, strange.text], [503, 'leader']);
      assert.doesNotMatch((await closed.get('/readyz?verbose')).text, /10\.0\.0/);
      const login = { Authorization: `Basic ${Buffer.from('boss:secret').toString('base64')}` };
      assert.match((await closed.get('/readyz?verbose', login)).text, /\[-\] leader: 10\.0\.0\.1:10008/);
      assert.equal((await closed.get('/api/leader-check')).status, 401);
    } finally {
      await closed.stop();
    }
  });
});
