import assert from 'node:assert/strict';
import type { RecoveryCoordinator } from '../../../internal/recovery/coordinator.ts';
import type { Decision } from '../../../internal/recovery/decision.ts';
import type { Servers } from '../../../internal/recovery/ports.ts';
import { type Finding, Sentinel } from '../../../internal/recovery/sentinel.ts';
import type { Verdict } from '../../../internal/recovery/verdict.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { TaskGroup } from '../../../internal/runtime/task-group.ts';
import type { ClusterSnapshot } from '../../../internal/topology/cluster.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import { sameKey } from '../../../internal/topology/instance-key.ts';
import { aSnapshot } from '../../support/a-cluster.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeServers } from '../../support/fake-servers.ts';
import { anOffice } from '../../support/office.ts';
import { partial } from '../../support/partial.ts';
import { aReplica, PRIMARY_KEY } from '../topology/builders.ts';

const finding = (hostname: string, more: Partial<Finding> = {}): Finding => ({
  key: { hostname, port: 3306 },
  code: 'DeadMaster',
  description: '',
  kind: 'primary',
  response: 'recover',
  silent: false,
  suppressedBy: undefined,
  ...more,
});

const snapshotOf = (name: string, members: readonly Instance[] = []): ClusterSnapshot => aSnapshot(members, [], name);

const settings = { reconnectThrottleMs: 1000, stepTimeoutMs: 1000, detectionHoldMs: 0, confirmFailures: 2 };

/** Looks once at a cluster with these findings; the answer is who was considered, told of, or seen. */
async function look(findings: readonly Finding[], decide: (verdict: Verdict) => Decision['kind'], busy = false) {
  const heard: string[] = [];
  let looks = 0;
  const coordinator = partial<RecoveryCoordinator>({
    isBusy: () => busy,
    consider: async (verdict: Verdict) => {
      heard.push(`consider ${verdict.key.hostname}`);
      const gate = { name: 'g', passed: false, value: '', source: '' };
      return partial<Decision>({ kind: decide(verdict), gate, gates: [] });
    },
    tell: async (verdict: Verdict) => {
      heard.push(`tell ${verdict.key.hostname}`);
    },
  });
  const tasks = new TaskGroup(silentLog);
  const sentinel = new Sentinel({
    analyse: () => {
      looks += 1;
      return looks === 1 ? findings : [];
    },
    snapshot: snapshotOf,
    coordinator,
    servers: new FakeServers([]),
    tasks,
    office: () => anOffice(undefined, tasks),
    clock: systemClock,
    log: silentLog,
    silentReads: () => 0,
    suspect: () => undefined,
    mayReconnect: () => false,
    settings,
    onCode: (key, _cluster, code) => heard.push(`${key.hostname} is ${code}`),
  });
  sentinel.touch('c');
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  await new Promise(setImmediate);
  await tasks.stop();
  return { heard: heard.filter((line) => !line.includes(' is ')), looks };
}

/** How often a cluster with this finding is examined when its servers are read `reads` times, 100 ms apart. */
async function examinations(found: Finding, reads: number, news: 'steady' | 'change'): Promise<number> {
  const clock = new FakeClock();
  const tasks = new TaskGroup(silentLog);
  let examined = 0;
  const sentinel = new Sentinel({
    analyse: () => {
      examined += 1;
      return [found];
    },
    snapshot: snapshotOf,
    coordinator: partial<RecoveryCoordinator>({ isBusy: () => true }),
    servers: new FakeServers([]),
    tasks,
    office: () => anOffice(undefined, tasks),
    clock,
    log: silentLog,
    silentReads: () => 0,
    suspect: () => undefined,
    mayReconnect: () => false,
    settings: { reconnectThrottleMs: 1000, stepTimeoutMs: 1000, detectionHoldMs: 0, confirmFailures: 2 },
    onCode: () => undefined,
  });
  sentinel.touch('c');
  await clock.advance(0);
  examined = 0;
  for (let read = 0; read < reads; read += 1) {
    await clock.advance(100);
    sentinel.touch('c', news);
    await clock.advance(0);
  }
  await tasks.stop();
  return examined;
}

const middle = finding('a', { kind: 'intermediatePrimary', code: 'DeadIntermediateMaster' });

describe('Sentinel', () => {
  it('gives each problem of a cluster its turn, primaries first', async () => {
    const { heard } = await look([middle, finding('b'), finding('c')], () => 'refused');
    assert.deepEqual(heard, ['consider b', 'consider c', 'consider a']);
  });

  it('looks again after a recovery instead of going on with what it saw before', async () => {
    const { heard, looks } = await look([middle, finding('b')], () => 'recovered');
    assert.deepEqual(heard, ['consider b']);
    assert.equal(looks, 2);
  });

  it('decides nothing while a recovery is running', async () => {
    const { heard } = await look([middle, finding('b')], () => 'refused', true);
    assert.deepEqual(heard, []);
  });

  it('tells of what nobody acts upon, and keeps the rest to itself', async () => {
    const { heard } = await look(
      [finding('a', { response: 'tell' }), finding('b', { response: 'show' })],
      () => 'refused',
    );
    assert.deepEqual(heard, ['tell a']);
  });

  it('says which gate is in the way once for each time that the problem comes', async () => {
    const here = [finding('a')];
    const gone = [finding('a', { code: 'NoProblem', response: 'show' })];
    const said: string[] = [];
    let found: readonly Finding[] = here;
    const tasks = new TaskGroup(silentLog);
    const gate = { name: 'filter matches', passed: false, value: '[]', source: '' };
    const sentinel = new Sentinel({
      analyse: () => found,
      snapshot: snapshotOf,
      coordinator: partial<RecoveryCoordinator>({
        isBusy: () => false,
        consider: async () => ({ kind: 'refused', gate, gates: [gate] }),
      }),
      servers: new FakeServers([]),
      tasks,
      office: () => anOffice(undefined, tasks),
      clock: systemClock,
      log: { ...silentLog, warn: (_fields, text) => said.push(text) },
      silentReads: () => 0,
      suspect: () => undefined,
      mayReconnect: () => false,
      settings,
      onCode: () => undefined,
    });
    for (found of [here, here, gone, here]) {
      sentinel.touch('c');
      await new Promise(setImmediate);
    }
    await tasks.stop();
    assert.deepEqual(said, ['no recovery: a gate says no', 'no recovery: a gate says no']);
  });

  const calm = finding('a', { code: 'NoProblem', response: 'show' });
  for (const [title, found, news, expected] of [
    ['a steady read of a calm cluster twice a second', calm, 'steady', 6],
    ['a change at once', calm, 'change', 30],
    ['each read while somebody is to be recovered', finding('a'), 'steady', 30],
    ['each read while somebody is to be told of', finding('a', { response: 'tell' }), 'steady', 30],
    ['each read while a primary is silent', finding('a', { response: 'show', silent: true }), 'steady', 30],
  ] as const)
    it(`answers ${title}`, async () => {
      assert.equal(await examinations(found, 30, news), expected);
    });
});

describe('replicas of a silent primary', () => {
  const silent = finding(PRIMARY_KEY.hostname, { code: 'UnreachableMaster', response: 'tell', silent: true });
  const thread = (receiver: 'running' | 'stopped', applier: 'running' | 'stopped') => ({
    replication: { receiver, applier },
  });
  const replicas = [
    aReplica(2, '', '', thread('running', 'running')),
    aReplica(3, '', '', thread('running', 'running')),
    aReplica(4, '', '', thread('stopped', 'running')),
    aReplica(5, '', '', thread('running', 'stopped')),
  ];
  const [living, frozen] = replicas.map(({ key }) => key);
  const NOW_MS = 5_000;

  /** Looks at the cluster as often as told, while the second replica never answers. */
  async function sweep(looks: number, mayReconnect = true, more: Partial<typeof settings> = {}) {
    const servers = new FakeServers(replicas);
    const changed: string[] = [];
    const change: Servers['change'] = (key, timeoutMs, signal, work) => {
      changed.push(key.hostname);
      if (sameKey(key, frozen)) return new Promise((_, reject) => signal.addEventListener('abort', reject));
      return servers.change(key, timeoutMs, signal, work);
    };
    const tasks = new TaskGroup(silentLog);
    const sentinel = new Sentinel({
      analyse: () => [silent],
      snapshot: (name) => snapshotOf(name, replicas),
      coordinator: partial<RecoveryCoordinator>({ isBusy: () => false, tell: async () => undefined }),
      servers: partial<Servers>({ change }),
      tasks,
      office: () => anOffice(undefined, tasks),
      clock: { ...systemClock, monotonicMs: () => NOW_MS, nowMs: () => NOW_MS },
      log: silentLog,
      silentReads: () => 2,
      suspect: () => undefined,
      mayReconnect: () => mayReconnect,
      settings: { ...settings, ...more },
      onCode: () => undefined,
    });
    for (let look = 0; look < looks; look += 1) {
      sentinel.touch('c');
      await new Promise(setImmediate);
    }
    await tasks.stop();
    return { sentinel, changed, acts: servers.acts };
  }

  it('are asked to reconnect where both threads are on, once a throttle period', async () => {
    const { changed, acts } = await sweep(3);
    assert.deepEqual(changed, ['h2', 'h3']);
    assert.deepEqual(acts, ['h2 restartReceiver']);
  });

  it('have their say one by one: a frozen one does not hold up the others', async () => {
    const { sentinel } = await sweep(1);
    assert.ok(living && frozen);
    assert.equal(sentinel.reconnectAskedMs(PRIMARY_KEY, living), NOW_MS);
    assert.equal(sentinel.reconnectAskedMs(PRIMARY_KEY, { hostname: 'h4', port: 3306 }), 0);
  });

  it('are left alone where recovery is off', async () => assert.deepEqual((await sweep(1, false)).changed, []));

  for (const [more, expected] of [
    [{ reconnectThrottleMs: 0 }, ['h2', 'h3', 'h2', 'h3', 'h2', 'h3']],
    [{ confirmFailures: 3 }, []],
  ] as const)
    it(`are asked in three looks, with ${JSON.stringify(more)}: ${expected.length} times`, async () =>
      assert.deepEqual((await sweep(3, true, more)).changed, expected));
});
