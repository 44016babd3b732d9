import assert from 'node:assert/strict';
import type { GroupNow } from '../../../internal/http/group-view.ts';
import { ADDRESSES, aMember, aWait, FakeGroup } from '../../support/fake-group.ts';
import { TestHttp } from '../../support/http.ts';

const [LEADER, SECOND, THIRD] = ADDRESSES;
const NO_LEADER = { role: 'candidate', leader: undefined, leaderContactMs: undefined } as const;
const WAITING = { ...NO_LEADER, waiting: aWait('discovering', 'nobody answers yet') } as const;

type Row = readonly [path: string, status: number, expected: unknown];

/** On a follower that knows a leader whose API it does not know: what is answered is answered by itself. */
const ON_A_FOLLOWER: readonly Row[] = [
  ['raft-state', 200, 'Follower'],
  ['raft-leader', 200, LEADER],
  ['raft-peers', 200, [...ADDRESSES]],
  ['raft-health', 200, 'healthy'],
  ['raft-follower-health-report/abc/10.0.0.1:10008/10.0.0.1:10008', 200, 'health reported'],
  ['raft-snapshot', 200, 'snapshot created'],
  ['raft-drain', 200, 'drained'],
  ['raft-drain?undo=true', 200, 'in service'],
  ['leader-check', 404, 'Not leader'],
  ['leader-check/503', 503, 'Not leader'],
  ['lb-check', 200, 'OK'],
  ['reload-configuration', 500, 'Unauthorized'],
  ['reset-hostname-resolve-cache', 500, 'Unauthorized'],
  ['grab-election', 500, 'Unauthorized'],
];

const ON_THE_LEADER: readonly (readonly [...Row, calls: readonly string[]])[] = [
  ['raft-state', 200, 'Leader', []],
  ['leader-check', 200, 'OK', []],
  ['routed-leader-check', 200, 'OK', []],
  ['raft-yield/10.0.0.2', 200, 'Asynchronously yielded', [`transfer to ${SECOND}`]],
  ['raft-yield/10.0.0.1:10008', 200, 'Asynchronously yielded', []],
  ['raft-yield/10.0.0.9', 500, 'no voter of the group matches 10.0.0.9:10008', []],
  ['raft-yield/nonsense:x', 500, 'node: the port of "nonsense:x" must be a number from 1 to 65535', []],
  ['raft-yield-hint/orc3', 200, 'Asynchronously yielded by hint orc3', [`transfer to ${THIRD}`]],
  ['raft-yield-hint/fra?wait=true', 200, 'Asynchronously yielded by hint fra', [`transfer to ${THIRD}, wait`]],
  ['raft-yield-hint/ber', 200, 'Asynchronously yielded by hint ber', []], // the leader is there too
  ['raft-yield-hint/10008', 500, 'no voter of the group matches 10008', []],
  ['raft-yield-hint/%20', 200, 'Asynchronously yielded by hint ', []],
  ['reelect', 200, 'Leadership is handed over', ['transfer to anybody']],
  ['raft-add-peer/10.0.0.4', 200, '10.0.0.4:10008', ['add 10.0.0.4:10008']],
  ['raft-add-peer/orc4:9?wait=voter', 200, 'orc4:9', ['add orc4:9, wait']],
  ['raft-remove-peer/10.0.0.3:10008', 200, THIRD, [`remove ${THIRD}`]],
  ['raft-remove-peer/10.0.0.2', 503, 'it would leave less than a majority that answers', [`remove ${SECOND}`]],
  [
    'raft-scale-down/2',
    200,
    { To: 2, Removed: [THIRD], Members: 2, Done: true },
    ['scale down to 2, Infinity at most'],
  ],
  [
    'raft-scale-down/1?one=true',
    200,
    { To: 1, Removed: [THIRD], Members: 2, Done: false },
    ['scale down to 1, 1 at most'],
  ],
  ['raft-scale-down/x', 500, 'Not a number: x', []],
  ['grab-election', 500, 'grab-election: leadership of a group is not grabbed; use raft-yield or reelect', []],
];

const WITHOUT_A_GROUP: readonly string[] = [
  ...['raft-state', 'raft-leader', 'raft-peers', 'raft-health', 'raft-status', 'raft-snapshot', 'reelect'],
  'raft-drain',
  'raft-follower-health-report/abc/x/y',
  ...['raft-add-peer/x', 'raft-remove-peer/x', 'raft-yield/x', 'raft-yield-hint/x'],
  ...['raft-scale-down/3', 'raft-backup'],
];

/** Bodies of bare answers, messages of envelopes. */
const said = (json: unknown) => (json as { Message?: unknown } | null)?.Message ?? json;

describe('routes of the group', () => {
  let http: TestHttp;
  before(async () => {
    http = await TestHttp.start();
  });
  after(() => http.stop());
  const on = (self: 1 | 2 | 3) => {
    const group = new FakeGroup(self);
    http.house.group = group;
    return group;
  };

  for (const [path, status, expected] of ON_A_FOLLOWER)
    it(`a follower answers ${path} with ${status}`, async () => {
      on(2);
      const answer = await http.get(`/api/${path}`);
      assert.deepEqual([answer.status, said(answer.json)], [status, expected]);
    });

  for (const [path, status, expected, calls] of ON_THE_LEADER)
    it(`the leader answers ${path} with ${status}${calls.length === 0 ? '' : `, after: ${calls.join()}`}`, async () => {
      const group = on(1);
      const answer = await http.get(`/api/${path}`);
      assert.deepEqual([answer.status, said(answer.json)], [status, expected]);
      assert.deepEqual(group.calls, calls);
    });

  it('each says so where there is no group, whatever is asked for', async () => {
    http.house.group = undefined;
    for (const path of WITHOUT_A_GROUP) {
      const { status, json } = await http.get(`/api/${path}`);
      assert.equal(status, 500, path);
      assert.match(String(said(json)), /: not running with raft setup$/);
    }
  });

  it('checks are answered to HEAD as well', async () => {
    on(1);
    for (const path of ['leader-check', 'routed-leader-check', 'lb-check', 'raft-health', 'raft-state', 'health']) {
      const { status, text } = await http.get(`/api/${path}`, {}, 'HEAD');
      assert.deepEqual([status, text], [200, ''], path);
    }
    on(2);
    assert.equal((await http.get('/api/leader-check/429', {}, 'HEAD')).status, 429);
  });

  for (const [title, changes, state, healthy] of [
    ['a follower that hears its leader', {}, 'Follower', true],
    ['a follower that has not heard it for an election time-out', { leaderContactMs: 1_001 }, 'Follower', false],
    ['a follower that lacks too much', { commit: 109 }, 'Follower', false],
    ['a candidate', NO_LEADER, 'Candidate', false],
    ['a node that is not in its group yet', WAITING, 'Candidate', false],
  ] as const satisfies readonly (readonly [string, Partial<GroupNow>, string, boolean])[])
    it(`${title} is ${healthy ? '' : 'not '}healthy, and ${state}`, async () => {
      on(2).is(changes);
      const health = await http.get('/api/raft-health');
      assert.deepEqual([health.status, said(health.json)], healthy ? [200, 'healthy'] : [500, 'unhealthy']);
      assert.equal((await http.get('/api/raft-state')).json, state);
      const { json } = await http.get('/api/raft-status');
      const { Healthy, IsPartOfQuorum, State } = json as Record<string, unknown>;
      assert.deepEqual([Healthy, IsPartOfQuorum, State], [healthy, healthy, state]);
    });

  it('status tells what the contract has, and what the group can bear', async () => {
    on(2)
      .follow('http://10.0.0.1:3000')
      .is({
        members: [aMember(1), aMember(2), aMember(3, { healthy: false, silentMs: undefined })],
        ...{ tolerates: 0, toleratesBy: { Voter: 0, Host: 0 }, warnings: ['2 of 3 voters are in Zone a'] },
      });
    const { json } = await http.get('/api/raft-status');
    const { Members, ...rest } = json as { Members: readonly Record<string, unknown>[] };
    assert.deepEqual(rest, {
      RaftBind: '0.0.0.0:10008',
      RaftAdvertise: SECOND,
      State: 'Follower',
      Healthy: true,
      IsPartOfQuorum: true,
      Leader: LEADER,
      LeaderURI: 'http://10.0.0.1:3000',
      Peers: [...ADDRESSES],
      Term: 7,
      CommitIndex: 100,
      AppliedIndex: 98,
      LastLeaderContactMilliseconds: 30,
      Quorum: 2,
      Tolerates: 0,
      ToleratesBy: { Voter: 0, Host: 0 },
      Tolerance: '2 of 3 voters are well, 2 are needed: no more of them may be lost',
      Draining: false,
      Concerns: [],
      Warnings: ['2 of 3 voters are in Zone a'],
      StateOfTables: null,
      Life: { State: 'voter', Milliseconds: 61_000 },
      Waiting: null,
    });
    assert.deepEqual(Members[2], {
      Address: THIRD,
      Name: 'orc3',
      Kind: 'voter',
      Labels: ['fra'],
      Healthy: false,
      SilentMilliseconds: null,
      ClockOffsetMilliseconds: 2,
      Behind: 0,
    });
  });

  it('status tells of a node without a group where it stands, what goes wrong and when it tries again', async () => {
    const waiting = aWait('joining', 'asks to be let in', { problem: 'no connection to b' });
    on(2).is({ ...NO_LEADER, waiting, life: 'joining', lifeMs: 2_000.4, nextAttemptMs: 120.4 });
    const { json } = await http.get('/api/raft-status');
    const { Life, Waiting } = json as Record<string, unknown>;
    assert.deepEqual(Life, { State: 'joining', Milliseconds: 2_000 });
    assert.deepEqual(Waiting, {
      Phase: 'joining',
      Reason: 'asks to be let in',
      LastError: 'no connection to b',
      NextAttemptMilliseconds: 120,
    });
  });

  it('health and the status endpoint name the leader by its address, and who is well', async () => {
    on(2)
      .follow('http://10.0.0.1:3000')
      .is({ members: [aMember(1), aMember(2), aMember(3, { healthy: false })] });
    for (const path of ['health', 'status']) {
      const details = ((await http.get(`/api/${path}`)).json as { Details: Record<string, unknown> }).Details;
      assert.deepEqual(
        ['IsActiveNode', 'RaftLeader', 'IsRaftLeader', 'RaftLeaderURI', 'RaftAdvertise', 'RaftHealthyMembers'].map(
          (name) => details[name],
        ),
        [false, LEADER, false, 'http://10.0.0.1:3000', SECOND, [LEADER, SECOND]],
      );
      const active = details.ActiveNode as Record<string, unknown>;
      assert.deepEqual([active.Hostname, active.Token, active.FirstSeenActive], [LEADER, '', '']);
    }
  });

  it('a node that hands over says that it leads until its successor does, and takes no changes meanwhile', async () => {
    const group = on(1);
    group.mayAct = false;
    assert.equal((await http.get('/api/leader-check')).status, 200);
    const refused = await http.get('/api/begin-downtime/db1.example/3306/me/why');
    assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '1']);
    group.leads = false;
    assert.equal((await http.get('/api/leader-check')).status, 404);
  });

  it('a backup is a file, of any node', async () => {
    on(2);
    const { status, text, headers } = await http.get('/api/raft-backup');
    assert.deepEqual([status, text], [200, 'all of it']);
    assert.equal(headers['content-type'], 'application/octet-stream');
    assert.equal(headers['content-disposition'], 'attachment; filename="c1-98.backup"');
  });

  it('a backup that breaks off does not look whole', async () => {
    on(2).backupBytes = (async function* () {
      yield Buffer.from('half of it');
      throw new Error('the rest cannot be read');
    })();
    const answer = await fetch(`${http.url}/api/raft-backup`);
    await assert.rejects(answer.text(), TypeError);
  });

  it('a snapshot and a backup need the right to act', async () => {
    const closed = await TestHttp.start({ readOnly: true });
    try {
      closed.house.group = new FakeGroup(1);
      for (const path of ['raft-snapshot', 'raft-backup']) {
        const { status, json } = await closed.get(`/api/${path}`);
        assert.deepEqual([status, said(json)], [500, 'Unauthorized'], path);
      }
    } finally {
      await closed.stop();
    }
  });
});
