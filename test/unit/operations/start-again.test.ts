import assert from 'node:assert/strict';
import { endAbandoned } from '../../../internal/operations/abandoned.ts';
import { Operations, type OperationsDeps } from '../../../internal/operations/operations.ts';
import type { OperatorSession, Servers } from '../../../internal/operations/ports.ts';
import type { OperationName, OperationRequest } from '../../../internal/operations/requests.ts';
import { OrchestratorError } from '../../../internal/runtime/errors.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import { keyText, sameKey } from '../../../internal/topology/instance-key.ts';
import { aSnapshot } from '../../support/a-cluster.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { partial } from '../../support/partial.ts';
import { anInstance, aReplica, PRIMARY_KEY } from '../topology/builders.ts';

const SETTINGS = {
  operationTimeoutMs: 120_000,
  stepTimeoutMs: 10_000,
  probeTimeoutMs: 1_000,
  startLimitMs: 2_000,
  startPollMs: 100,
  parallelMoves: 2,
  reasonableMaintenanceLagSeconds: 20,
};
const primary = anInstance(1, { key: PRIMARY_KEY, readOnly: false });
const at = { file: 'binlog.000001', position: 100 };
const replica = (n: number, source = PRIMARY_KEY) =>
  aReplica(n, '', '', { replication: { source, gtid: 'none', receiver: 'running', read: at, executed: at } });
const UPPER = replica(2);
const LOWER = replica(3, UPPER.key);

/** A duplicate row. */
const STOPPED_AT = { applier: 'stopped', applierErrno: 1062 } as const;

/** What the n-th statement of a kind meets; undefined: it goes well. */
type Trouble = (server: string, act: string, attempt: number) => Error | undefined;

/** A chain of three servers by file and position, time that moves by itself, and what was asked of whom for how long. */
function chain(trouble: Trouble, skips = false) {
  const members = new Map([primary, UPPER, LOWER].map((one) => [keyText(one.key), one]));
  const acts: string[] = [];
  const limits = new Map<string, number>();
  const counts = new Map<string, number>();
  const clock = new FakeClock(0);
  const state = (instance: Instance, runs: boolean): Instance => ({
    ...instance,
    replication: instance.replication && {
      ...instance.replication,
      receiver: runs ? 'running' : 'stopped',
      applier: runs ? 'running' : 'stopped',
    },
  });
  const operate: Servers['operate'] = async (key, limitMs, _signal, work) => {
    const name = keyText(key);
    const act = (what: string, runs?: boolean) => {
      const counted = `${name} ${what}`;
      const attempt = (counts.get(counted) ?? 0) + 1;
      counts.set(counted, attempt);
      const err = trouble(key.hostname, what, attempt);
      acts.push(`${key.hostname} ${what}${err === undefined ? '' : ' fails'}`);
      limits.set(what, limitMs);
      const known = members.get(name);
      if (runs !== undefined && known !== undefined && (err === undefined || !runs))
        members.set(name, state(known, runs));
      if (err !== undefined) throw err;
    };
    act('session');
    const statements: string[] = [];
    const session = {
      statements,
      read: async () => {
        const now = members.get(name);
        assert.ok(now);
        const applierFails = skips && now.replication !== undefined;
        return applierFails ? { ...now, replication: { ...now.replication, ...STOPPED_AT } } : now;
      },
      startReceiver: async () => act('receive'),
      startApplier: async () => act('apply'),
      skipQuery: async () => {
        statements.push('STOP REPLICA');
        act('skip', false);
        return 'an event';
      },
      stopReplication: async () => {
        statements.push('STOP REPLICA');
        act('stop', false);
      },
      forgetSource: async () => {
        statements.push('STOP REPLICA');
        act('stop', false);
      },
      drain: async () => {
        statements.push('STOP REPLICA IO_THREAD');
        act('drain', false);
        return true;
      },
      startReplication: async () => act('start', true),
      setDelay: async () => {
        statements.push('STOP REPLICA SQL_THREAD');
        act('delay', false);
      },
      follow: async () => act('follow'),
    };
    return work(partial<OperatorSession>(session));
  };
  const refresh = async (key: { hostname: string; port: number }) => {
    const found = [...members.values()].find((one) => sameKey(one.key, key));
    assert.ok(found);
    return found;
  };
  const deps = partial<OperationsDeps>({
    servers: { probe: refresh, operate },
    locks: { begin: async () => undefined, end: async () => undefined },
    equivalences: { of: async () => [], record: () => undefined, forget: () => undefined },
    ...{ clock, log: silentLog, settings: SETTINGS, refresh },
    snapshots: () => [aSnapshot([...members.values()], [])],
    audit: () => undefined,
    tookSource: async () => undefined,
  });
  const run = async (operation: OperationName, target = LOWER.key, more: Partial<OperationRequest> = {}) => {
    const done = new Operations(deps).run({ operation, target, ...more }, new AbortController().signal).then(
      () => 'done',
      (err: unknown) => String(err),
    );
    return clock.during(done, { stepMs: 500 });
  };
  const runs = (instance: Instance) => members.get(keyText(instance.key))?.replication?.applier === 'running';
  return { run, runs, acts, limits, clock, deps };
}

const timeout = () => new OrchestratorError('STATEMENT_TIMEOUT', 'no answer in time');
const inHand = () => new OrchestratorError('CONFLICT', 'another session is changing this server');

describe('a replica that was halted for an operation which failed', () => {
  it('replicates again, however long its server is still at the halt', async () => {
    const { run, runs, acts } = chain((server, act, attempt) => {
      if (server !== 'h2') return undefined;
      if (act === 'stop') return timeout();
      return act === 'session' && attempt > 1 && attempt < 40 ? inHand() : undefined;
    });
    assert.match(await run('moveUp'), /stop replication on h2:3306: no answer in time$/);
    assert.ok(runs(UPPER), acts.join(', '));
    assert.ok(runs(LOWER));
  });

  it('is named where it cannot be started', async () => {
    const denied = new OrchestratorError('STATEMENT_FAILED', 'access denied', { context: { errno: 1227 } });
    const { run, clock } = chain((server, act) => {
      if (act === 'stop' && server === 'h2') return timeout();
      return act === 'start' ? denied : undefined;
    });
    assert.match(await run('moveUp'), /no answer in time; h2:3306 is left stopped: access denied$/);
    assert.ok(clock.monotonicMs() < 5_000, 'it is not tried again and again');
  });

  it('is left alone where somebody else has it in hand, since it was not halted', async () => {
    const { run, acts } = chain((server, act) => (act === 'session' && server === 'h2' ? inHand() : undefined));
    assert.match(await run('moveUp'), /another session/);
    assert.deepEqual(acts, ['h2 session fails']);
  });

  for (const [operation, halt] of [
    ['restartReplication', 'stop'],
    ['forgetSource', 'stop'],
    ['setDelay', 'delay'],
    ['stopReplicationNicely', 'drain'],
  ] as const)
    it(`replicates again after ${operation}, too`, async () => {
      const { run, runs } = chain((_server, act) => (act === halt ? timeout() : undefined));
      await run(operation);
      assert.ok(runs(LOWER));
    });

  it('only applies again where somebody had stopped its receiver', async () => {
    const { run, acts, deps } = chain((_server, act) => (act === 'delay' ? timeout() : undefined));
    const silenced = { ...LOWER, replication: LOWER.replication && { ...LOWER.replication, receiver: 'stopped' } };
    Object.assign(deps, { refresh: async () => silenced });
    await run('setDelay');
    assert.deepEqual(
      acts.filter((act) => /start|receive|apply/.test(act)),
      ['h3 apply'],
    );
  });

  it('only receives again where its applier had stopped by itself', async () => {
    const { run, acts, deps } = chain((_server, act) => (act === 'skip' ? timeout() : undefined), true);
    const failed = { ...LOWER, replication: LOWER.replication && { ...LOWER.replication, ...STOPPED_AT } };
    Object.assign(deps, { refresh: async () => failed });
    await run('skipQuery');
    assert.deepEqual(
      acts.filter((act) => /start|receive/.test(act)),
      ['h3 receive'],
    );
  });

  it('has more than the minute that a server waits for the rest of a transaction', async () => {
    const { run, limits } = chain(() => undefined);
    await run('stopReplication');
    assert.ok((limits.get('stop') ?? 0) > 60_000);
  });
});

describe('a replica whose operation has lost its process', () => {
  const CASES: readonly (readonly [string, number, number, boolean])[] = [
    ['was halted', 0, 0, true],
    ['was halted in the middle of a transaction whose source had died', 2013, 1756, true],
    ['stopped at an event', 0, 1062, false],
    ['was refused by its source', 1236, 0, false],
  ];
  for (const [title, receiverErrno, applierErrno, starts] of CASES)
    it(`${starts ? 'is started' : 'is left'} where it ${title}`, async () => {
      const { deps, acts } = chain(() => undefined);
      const replication: Instance['replication'] = LOWER.replication && {
        ...LOWER.replication,
        ...{ receiver: 'stopped', applier: 'stopped', receiverErrno, applierErrno },
      };
      const session = partial<OperatorSession>({
        read: async () => ({ ...LOWER, replication }),
        startReplication: async () => void acts.push('start'),
      });
      const operate: Servers['operate'] = (_key, _limit, _signal, work) => work(session);
      const lock = { key: LOWER.key, owner: 'orchestrator', reason: 'move-up', beginMs: 0 };
      const signal = new AbortController().signal;
      await endAbandoned({ ...deps, servers: { ...deps.servers, operate } }, [lock], signal);
      assert.deepEqual(acts, starts ? ['start'] : []);
    });
});
